/** Whose devices have the keys of a sealed conversation, and which are on their way out. */
import { useEffect, useRef, useState } from "react";
import type { ConversationView, Person } from "@sdk";

import { FieldError } from "../../ui/Field";
import { Waiting } from "../../ui/Waiting";
import { useClient, useLoaded, useMe } from "../client";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { VerifiedMark } from "./Verify";
import "../styles/keys.css";

const MOST = 8;
const AGAIN_MS = 2_000;

export function Holders({ view, members }: { view: ConversationView; members: readonly Person[] }) {
  const client = useClient();
  const me = useMe().person.account;
  const [all, setAll] = useState(false);
  const { answer, again } = useLoaded(() => client.command("groups.get", { conversation: view.id }), `${view.id} ${view.memberCount}`);
  // Devices come and go with entries of the conversation; a moment later their keys have changed.
  const first = useRef(view.lastSeq);
  useEffect(() => {
    if (view.lastSeq === first.current) return;
    const timer = setTimeout(again, AGAIN_MS);
    return () => clearTimeout(timer);
    // `again` is made anew at each render.
  }, [view.lastSeq]);
  if (answer.state === "waiting") return <Waiting words={t("wait.page")} rows={1} />;
  if (answer.state === "failed") return <FieldError>{problemWords(answer.cause)}</FieldError>;
  const { leaves, leaving } = answer.value;
  if (leaves.length === 0) return <p className="note">{t("holders.notYet")}</p>;
  const out = new Set(leaving);
  const rows = members.map((person) => {
    const own = leaves.filter((leaf) => leaf.account === person.account);
    return { person, count: own.filter((leaf) => !out.has(leaf.device)).length, going: own.filter((leaf) => out.has(leaf.device)).length };
  });
  const shown = all ? rows : rows.slice(0, MOST);
  return (
    <>
      <ul className="holders">
        {shown.map(({ person, count, going }) => (
          <li key={person.account}>
            <span className="nm">{person.account === me ? t("details.you", { name: person.display_name }) : person.display_name} <VerifiedMark account={person.account} /></span>
            <span className="note">{count === 0 ? t("holders.none") : t("holders.count", { n: count })}{going > 0 && <> · <span className="bad">{t("holders.leaving", { n: going })}</span></>}</span>
          </li>
        ))}
      </ul>
      {rows.length > shown.length && <button type="button" className="linkish" onClick={() => setAll(true)}>{t("details.others", { n: rows.length - shown.length })}</button>}
      {out.size > 0 && <p className="note">{t("holders.leavingWords")}</p>}
    </>
  );
}
