/** Comparing keys with somebody: a code to aim at, a number to read aloud, and the mark that it was done. */
import { lazy, Suspense, useState } from "react";

import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { FieldError } from "../../ui/Field";
import { ShieldCheck } from "../../ui/icons";
import { say } from "../../ui/Toasts";
import { Waiting } from "../../ui/Waiting";
import { useAct, useLoaded, usePerson } from "../client";
import { firstName } from "../conversation/title";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { useKeys, useKeysState } from "./keys";
import type { Keys } from "./keys";
import "../styles/keys.css";

const Qr = lazy(() => import("../../ui/Qr").then((part) => ({ default: part.Qr })));
const Scanner = lazy(() => import("../../ui/Scanner").then((part) => ({ default: part.Scanner })));

/** What stands before every code of ours; what is scanned besides is somebody's poster. */
const OURS = /^rempart:verify:/;

type Seen = "same" | "other" | "foreign";

function Codes({ keys, account, name, close }: { keys: Keys; account: string; name: string; close: () => void }) {
  const state = useKeysState();
  const { answer, again } = useLoaded(() => keys.compare(account), account);
  const [camera, setCamera] = useState<"off" | "on" | "refused">("off");
  const [seen, setSeen] = useState<Seen | null>(null);
  const act = useAct();
  if (answer.state === "waiting") return <Waiting words={t("wait.page")} />;
  if (answer.state === "failed") return <><FieldError>{problemWords(answer.cause)}</FieldError><div className="end"><Button onClick={again}>{t("act.retry")}</Button></div></>;
  const comparison = answer.value;
  if (comparison === null) return <><p>{t("verify.none", { name })}</p><div className="end"><Button onClick={close}>{t("act.close")}</Button></div></>;
  const verified = state.verified.has(account);
  const read = (text: string) => {
    const result: Seen = text === comparison.code ? "same" : OURS.test(text) ? "other" : "foreign";
    setSeen(result);
    if (result !== "foreign") setCamera("off");
  };
  const mark = (on: boolean) => void act.run(async () => {
    await keys.setVerified(account, on, comparison.fingerprint);
    say(t(on ? "verify.done" : "verify.undone", { name }));
    close();
  });
  return (
    <>
      <p>{t("verify.lead")}</p>
      <div className="compare">
        <Suspense fallback={<div className="scanner" aria-busy="true" />}>
          {camera === "on" ? <Scanner label={t("verify.scanning", { name })} found={read} refused={() => setCamera("refused")} /> : <Qr text={comparison.code} label={t("verify.qr", { name })} />}
        </Suspense>
        <div>
          <h3 className="legend">{t("verify.number")}</h3>
          <ol className="digits mono">{comparison.number.split(" ").map((group, i) => <li key={i}>{group}</li>)}</ol>
          <button type="button" className="linkish" onClick={() => { setSeen(null); setCamera(camera === "on" ? "off" : "on"); }}>{camera === "on" ? t("verify.scanStop") : t("verify.scan")}</button>
        </div>
      </div>
      <div role="status" className="seen">
        {camera === "on" && seen === null && <p className="small">{t("verify.scanning", { name })}</p>}
        {camera === "refused" && <p className="small">{t("verify.scanRefused")}</p>}
        {seen === "same" && <p className="fact"><ShieldCheck />{t("verify.same")}</p>}
        {seen === "foreign" && <p className="small">{t("verify.foreign")}</p>}
      </div>
      {seen === "other" && <FieldError>{t("verify.other", { name })}</FieldError>}
      {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
      <div className="end">
        {verified ? <Button aria-busy={act.busy} onClick={() => mark(false)}>{t("verify.undo")}</Button> : seen !== "other" && <Button kind="go" aria-busy={act.busy} onClick={() => mark(true)}>{t("verify.act")}</Button>}
        <Button kind="bare" onClick={close}>{verified ? t("act.close") : t("act.cancel")}</Button>
      </div>
      <p className="note print-name">{t("verify.fingerprint", { name })}<br /><span className="mono">{comparison.fingerprint}</span></p>
    </>
  );
}

export function VerifyDialog({ account, close }: { account: string; close: () => void }) {
  const keys = useKeys();
  const person = usePerson(account);
  const name = firstName(person);
  return (
    <Dialog title={t("verify.title", { name: person?.display_name ?? t("timeline.someone") })} close={close} closeWords={t("act.close")}>
      <Codes keys={keys} account={account} name={name} close={close} />
    </Dialog>
  );
}

/** The word beside a name, once the keys were compared on this device. */
export function VerifiedMark({ account }: { account: string }) {
  return useKeysState().verified.has(account) ? <span className="verified"><ShieldCheck size="s" />{t("verify.mark")}</span> : null;
}
