/** The administration journal, newest first. */
import { useState } from "react";
import type { AuditEntry } from "@sdk";

import { Button } from "../../ui/Button";
import { FieldError } from "../../ui/Field";
import { Empty, Waiting } from "../../ui/Waiting";
import { useAct, useClient, useLoaded, useReadable } from "../client";
import { moment } from "../format";
import { t, wordsOf } from "../i18n";
import { problemWords } from "../i18n/problems";

const PAGE = 100;
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-/;

function useNamed(): (text: string) => { words: string; machine: boolean } {
  const client = useClient();
  useReadable(client.people);
  return (text) => {
    if (text === "operator") return { words: t("journal.operator"), machine: false };
    if (text === "anonymous") return { words: t("journal.anonymous"), machine: false };
    if (text === "local") return { words: t("journal.local"), machine: false };
    if (text.startsWith("task:")) return { words: t("journal.task", { name: text.slice(5) }), machine: false };
    const name = ID.test(text) ? client.people.get(text)?.display_name : undefined;
    return name ? { words: name, machine: false } : { words: text, machine: true };
  };
}

export function AuditJournal() {
  const client = useClient();
  const named = useNamed();
  const { answer, again } = useLoaded(() => client.command("audit.list", { limit: PAGE }), "audit");
  const [older, setOlder] = useState<readonly AuditEntry[]>([]);
  const [end, setEnd] = useState(false);
  const act = useAct();
  const entries = answer.state === "here" ? [...answer.value.entries, ...older] : [];
  const last = entries[entries.length - 1];
  const cell = (text: string) => { const { words, machine } = named(text); return <span className={machine ? "mono small" : undefined}>{words}</span>; };
  const outcome = (code: string) => (code === "done" ? t("journal.done") : <span title={code}>{wordsOf(`problem.${code}`) ?? code}</span>);
  /** Some acts carry what they were about at their end: `invitations.create.member`. */
  const action = (name: string) => { const words = wordsOf(`action.${name}`) ?? wordsOf(`action.${name.slice(0, name.lastIndexOf("."))}`); return words ? <span title={name}>{words}</span> : <span className="mono small">{name}</span>; };
  return (
    <>
      <div className="ph"><div><h1>{t("journal.title")}</h1><p>{t("journal.words")}</p></div></div>
      {answer.state === "waiting" && <Waiting words={t("wait.page")} rows={8} />}
      {answer.state === "failed" && <div className="tw"><FieldError>{problemWords(answer.cause)}</FieldError><Button onClick={again}>{t("act.retry")}</Button></div>}
      {answer.state === "here" && entries.length === 0 && <Empty page title={t("journal.none")} />}
      {entries.length > 0 && (
        <div className="tw spaced wide-table" tabIndex={0} role="group" aria-label={t("journal.title")}>
          <table className="audit">
            <thead><tr><th className="num">{t("journal.col.seq")}</th><th>{t("journal.col.time")}</th><th>{t("journal.col.actor")}</th><th>{t("journal.col.action")}</th><th>{t("journal.col.target")}</th><th>{t("journal.col.outcome")}</th><th>{t("journal.col.origin")}</th></tr></thead>
            <tbody>
              {entries.map((entry) => (
                <tr key={entry.seq}>
                  <td className="num muted">{entry.seq}</td>
                  <td className="nowrap"><time dateTime={entry.time}>{moment(entry.time)}</time></td>
                  <th scope="row">{cell(entry.actor)}</th>
                  <td>{action(entry.action)}</td>
                  <td>{cell(entry.target)}</td>
                  <td className={entry.outcome === "done" ? "muted" : "bad small"}>{outcome(entry.outcome)}</td>
                  <td className="mono small muted">{named(entry.origin).words}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {!end && last && last.seq > 1 && entries.length >= PAGE && <div className="more"><Button aria-busy={act.busy} onClick={() => void act.run(async () => { const page = await client.command("audit.list", { before: last.seq, limit: PAGE }); setOlder([...older, ...page.entries]); setEnd(page.entries.length < PAGE); })}>{t("act.loadMore")}</Button>{Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}</div>}
        </div>
      )}
    </>
  );
}
