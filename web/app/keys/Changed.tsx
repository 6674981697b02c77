/** Somebody's key is not what it was: said where one writes, and nothing is sent until it is compared or accepted. */
import { useState } from "react";
import type { ConversationView } from "@sdk";

import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { FieldError } from "../../ui/Field";
import { TriangleAlert } from "../../ui/icons";
import { say } from "../../ui/Toasts";
import { useAct, useLoaded, usePerson } from "../client";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { changedMembers, useKeys, useKeysState } from "./keys";
import { VerifyDialog } from "./Verify";
import "../styles/keys.css";

function Accept({ account, close }: { account: string; close: () => void }) {
  const name = usePerson(account)?.display_name ?? t("timeline.someone");
  const keys = useKeys();
  const act = useAct();
  const { answer } = useLoaded(() => keys.compare(account), account);
  const shown = answer.state === "here" ? answer.value : null;
  const cause = act.cause ?? (answer.state === "failed" ? answer.cause : null);
  const accept = (fingerprint: string) => void act.run(async () => { await keys.acceptChanged(account, fingerprint); say(t("changed.accepted")); close(); });
  return (
    <Dialog title={t("changed.acceptTitle", { name })} close={close} closeWords={t("act.close")} size="narrow" role="alertdialog">
      <p>{t("changed.acceptWords", { name })}</p>
      {shown && <p className="note print-name">{t("verify.fingerprint", { name })}<br /><span className="mono">{shown.fingerprint}</span></p>}
      {Boolean(cause) && <FieldError>{problemWords(cause)}</FieldError>}
      <div className="end">
        <Button kind="danger" aria-busy={act.busy} unless={!shown && t("wait.page")} onClick={() => { if (shown) accept(shown.fingerprint); }}>{t("changed.acceptAct")}</Button>
        <Button kind="bare" onClick={close}>{t("act.cancel")}</Button>
      </div>
    </Dialog>
  );
}

/** One at a time, the gravest first; it goes when all are settled. */
export function ChangedGuard({ view, members }: { view: ConversationView; members: Iterable<string> }) {
  const state = useKeysState();
  const changed = view.protection === "open" ? [] : changedMembers(state, members);
  const first = changed[0];
  const person = usePerson(first?.account);
  // Whom the dialog is about does not change under the hand when somebody graver comes first.
  const [over, setOver] = useState<{ act: "verify" | "accept"; account: string } | null>(null);
  if (!first) return null;
  const name = person?.display_name ?? t("timeline.someone");
  return (
    <div className={first.reset ? "guard grave" : "guard"} role="status">
      <TriangleAlert />
      <div>
        <p><b>{first.reset ? t("changed.resetTitle", { name }) : t("changed.title", { name })}</b></p>
        <p>{first.reset ? t("changed.resetWords", { name }) : t("changed.words")}{changed.length > 1 && ` ${t("changed.more", { n: changed.length - 1 })}`}</p>
        <div className="end">
          <Button onClick={() => setOver({ act: "verify", account: first.account })}>{t("changed.compare")}</Button>
          <Button kind="bare" onClick={() => setOver({ act: "accept", account: first.account })}>{t("changed.accept")}</Button>
        </div>
      </div>
      {over?.act === "verify" && <VerifyDialog account={over.account} close={() => setOver(null)} />}
      {over?.act === "accept" && <Accept account={over.account} close={() => setOver(null)} />}
    </div>
  );
}
