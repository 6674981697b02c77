/** Many people at once, from a list: pasted or dropped, checked line by line, made with progress, then a link for each. */
import { useRef, useState } from "react";
import type { NewAccountLink } from "@sdk";

import { Button, IconButton } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { TextArea } from "../../ui/Field";
import { Check, CircleAlert, Copy, Download, FileText } from "../../ui/icons";
import { useClient, useReadable } from "../client";
import { copy } from "../entrance/Factor";
import { language, t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { readList, textOf, toCsv } from "./csv";
import type { Line } from "./csv";
import { useRoles } from "./dialogs";

const FILE_BYTES = 1_000_000;

type Outcome = { made: NewAccountLink } | { refused: string };
type Stage = { at: "text"; fault?: string } | { at: "check"; lines: readonly Line[] } | { at: "run" | "done"; lines: readonly Line[]; outcomes: ReadonlyMap<number, Outcome> };

function State({ line, outcome, stage }: { line: Line; outcome: Outcome | undefined; stage: Stage["at"] }) {
  if (outcome && "made" in outcome) return <span className="mf"><Check size="s" /><span className="mono link">{outcome.made.link.url}</span></span>;
  const fault = outcome?.refused ?? line.fault;
  if (fault) return <span className="mf bad"><CircleAlert size="s" /><span>{fault}</span></span>;
  return <span className="muted">{t(stage === "check" ? "many.isReady" : stage === "run" ? "many.waits" : "many.notMade")}</span>;
}

function Lines({ lines, outcomes, stage }: { lines: readonly Line[]; outcomes: ReadonlyMap<number, Outcome>; stage: Stage["at"] }) {
  return (
    <div className="many-lines" tabIndex={0} role="region" aria-label={t("many.title")}>
      <table className="many">
        <thead><tr><th className="num">{t("many.col.line")}</th><th>{t("people.col.person")}</th><th>{t("people.col.title")}<br />{t("people.col.department")}</th><th>{t("admin.col.role")}<br />{t("settings.language")}</th><th>{t("many.col.state")}</th></tr></thead>
        <tbody>
          {lines.map((line) => {
            const { number, entry } = line;
            const outcome = outcomes.get(number);
            return (
              <tr key={number}>
                <td className="num">{number}</td>
                <th scope="row"><b>{entry.name || "–"}</b><span className="note mono">{entry.local}</span></th>
                <td>{entry.title && <span>{entry.title}</span>}{entry.department && <span>{entry.department}</span>}</td>
                <td>{line.fault === null && <><span>{t(`role.${entry.role}`)}</span><span>{entry.language === "fr" ? "Français" : "English"}</span></>}</td>
                <td className="c-state">
                  <State line={line} outcome={outcome} stage={stage} />
                  {outcome && "made" in outcome && <IconButton label={t("many.copyOne", { name: entry.name })} onClick={() => void copy(outcome.made.link.url)}><Copy size="s" /></IconButton>}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function save(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  // The browser has taken the bytes over by the next turn.
  setTimeout(() => URL.revokeObjectURL(url));
}

export function ManyDialog({ close, done }: { close: () => void; done: () => void }) {
  const client = useClient();
  const session = useReadable(client.session);
  const roles = useRoles();
  const picker = useRef<HTMLInputElement>(null);
  const stopped = useRef(false);
  const [text, setText] = useState("");
  const [over, setOver] = useState(false);
  const [stage, setStage] = useState<Stage>({ at: "text" });
  const domain = (session.status === "signed_in" && session.server?.domain) || "";

  const check = (list: string) => {
    if (list.trim() === "") { setStage({ at: "text", fault: t("many.empty") }); return; }
    const { lines, fault } = readList(list, { domain, given: roles.map(([role]) => role), spoken: language() });
    setStage(fault === null ? { at: "check", lines } : { at: "text", fault });
  };
  const take = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > FILE_BYTES) { setStage({ at: "text", fault: t("many.fileLarge") }); return; }
    try {
      const read = await textOf(file);
      setText(read);
      check(read);
    } catch {
      setStage({ at: "text", fault: t("many.fileFailed") });
    }
  };
  const run = async (all: readonly Line[]) => {
    const lines = all.filter(({ fault }) => fault === null);
    const outcomes = new Map<number, Outcome>();
    stopped.current = false;
    setStage({ at: "run", lines, outcomes });
    for (const { number, entry } of lines) {
      if (stopped.current) break;
      try {
        const made = await client.command("accounts.create", { local: entry.local, display_name: entry.name, title: entry.title, department: entry.department, role: entry.role, language: entry.language });
        outcomes.set(number, { made });
      } catch (cause) {
        outcomes.set(number, { refused: problemWords(cause) });
      }
      setStage({ at: "run", lines, outcomes: new Map(outcomes) });
    }
    // Lines left out at the check stay in view with their reasons.
    setStage({ at: "done", lines: all, outcomes });
  };

  if (stage.at === "text") {
    return (
      <Dialog title={t("many.title")} close={close} closeWords={t("act.close")} size="wide">
        <form className="form close" noValidate onSubmit={(event) => { event.preventDefault(); check(text); }}>
          <p>{t("many.lead")}</p>
          <div className={over ? "drop over" : "drop"} onDragOver={(event) => { event.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)} onDrop={(event) => { event.preventDefault(); setOver(false); void take(event.dataTransfer.files[0]); }}>
            <TextArea label={t("many.text")} hint={t("many.example")} value={text} onText={setText} rows={9} spellCheck={false} autoFocus error={stage.fault} />
          </div>
          <input ref={picker} type="file" accept=".csv,.tsv,.txt,text/csv" hidden onChange={(event) => { void take(event.target.files?.[0]); event.target.value = ""; }} />
          <div className="end">
            <Button kind="go" type="submit">{t("many.check")}</Button>
            <Button onClick={() => picker.current?.click()}><FileText size="s" />{t("many.file")}</Button>
            <Button kind="bare" onClick={close}>{t("act.cancel")}</Button>
          </div>
        </form>
      </Dialog>
    );
  }

  const { lines } = stage;
  const ready = lines.filter(({ fault }) => fault === null).length;
  if (stage.at === "check") {
    return (
      <Dialog title={t("many.title")} close={close} closeWords={t("act.close")} size="wide">
        <p role="status">{ready > 0 ? t("many.ready", { n: ready }) : t("many.allFaulty")}{lines.length > ready && <> <span className="bad">{t("many.faulty", { n: lines.length - ready })}</span></>}</p>
        <Lines lines={lines} outcomes={new Map()} stage={stage.at} />
        <div className="end">
          <Button kind="go" unless={ready === 0 && t("many.allFaulty")} onClick={() => void run(lines)}>{t("many.act", { n: ready })}</Button>
          <Button onClick={() => setStage({ at: "text" })}>{t("many.back")}</Button>
          <Button kind="bare" onClick={close}>{t("act.cancel")}</Button>
        </div>
      </Dialog>
    );
  }

  const { outcomes } = stage;
  if (stage.at === "run") {
    return (
      <Dialog title={t("many.title")} close={close} closeWords={t("act.close")} size="wide" hold>
        <p className="many-progress"><progress max={lines.length} value={outcomes.size} aria-label={t("many.title")} /><span className="note">{t("many.progress", { done: outcomes.size, n: lines.length })}</span></p>
        <Lines lines={lines} outcomes={outcomes} stage={stage.at} />
        <div className="end"><Button onClick={() => { stopped.current = true; }}>{t("many.stop")}</Button></div>
      </Dialog>
    );
  }

  const made = lines.flatMap(({ number, entry }) => { const outcome = outcomes.get(number); return outcome && "made" in outcome ? [{ entry, link: outcome.made }] : []; });
  const left = lines.filter(({ number }) => { const outcome = outcomes.get(number); return !outcome || "refused" in outcome; });
  const again = () => {
    setText(toCsv([["name", "address", "title", "department", "role", "language"], ...left.map(({ entry: { name, local, title, department, role, language: spoken } }) => [name, local, title, department, role, spoken])]).replace(/^\uFEFF/, ""));
    setStage({ at: "text" });
  };
  return (
    <Dialog title={t("many.title")} close={done} closeWords={t("act.close")} size="wide" hold={made.length > 0}>
      <p role="status">{made.length > 0 ? t("many.made", { n: made.length }) : t("many.noneMade")}{left.length > 0 && <> <span className="bad">{t("many.refused", { n: left.length })}</span></>}</p>
      {made.length > 0 && <p className="small">{t("many.links")}</p>}
      <Lines lines={lines} outcomes={outcomes} stage={stage.at} />
      <div className="end">
        {made.length > 0 && <Button kind="go" onClick={() => save(toCsv([[t("people.col.person"), t("account.address"), t("admin.link")], ...made.map(({ entry, link }) => [entry.name, link.address, link.link.url])]), t("many.fileName"))}><Download size="s" />{t("many.save")}</Button>}
        {made.length > 0 && <Button onClick={() => void copy(made.map(({ entry, link }) => `${entry.name}\t${link.address}\t${link.link.url}`).join("\n"))}><Copy size="s" />{t("many.copy")}</Button>}
        {left.length > 0 && <Button onClick={again}>{t("many.again")}</Button>}
        <Button kind="bare" onClick={done}>{t("admin.done")}</Button>
      </div>
    </Dialog>
  );
}
