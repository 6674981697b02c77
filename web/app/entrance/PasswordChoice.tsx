/** Choosing a password: bits counted here while one types, reasons asked of the server once they suffice. */
import { useEffect, useId, useState } from "react";
import type { PasswordVerdict } from "@sdk";

import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { PasswordField, TextArea } from "../../ui/Field";
import { Check, CircleAlert } from "../../ui/icons";
import { StrengthMeter } from "../../ui/StrengthMeter";
import { useClient } from "../client";
import { t, wordsOf } from "../i18n";
import { strength } from "../password/bits";
import { fromSentence } from "../password/sentence";

const KINDS = ["pw.kinds1", "pw.kinds1", "pw.kinds2", "pw.kinds3", "pw.kinds4", "pw.kinds5"] as const;

function Meter({ password, required }: { password: string; required: number }) {
  const { bits, length, kinds } = strength(password);
  const verdict = bits >= required ? t("pw.ok", { bits }) : t("pw.low", { bits, min: required });
  return (
    <>
      <StrengthMeter label={t("pw.meter")} bits={bits} required={required} words={length === 0 ? t("pw.none") : verdict} requiredWords={t("pw.required", { bits: required })} topWords={t("pw.scale")} />
      <p className="said">
        {length === 0 ? t("pw.none") : <><b>{verdict}</b> {t("pw.count", { n: length, kinds: t(KINDS[kinds] ?? "pw.kinds1") })} {t("pw.rule")}</>}
      </p>
    </>
  );
}

function SentenceDialog({ required, use, close }: { required: number; use: (password: string) => void; close: () => void }) {
  const [sentence, setSentence] = useState("");
  const made = fromSentence(sentence, required, (password) => strength(password).bits);
  const { bits } = strength(made);
  return (
    <Dialog title={t("pw.sentenceTitle")} close={close} closeWords={t("act.close")}>
      <p>{t("pw.sentenceLead")}</p>
      <TextArea label={t("pw.sentence")} hint={t("pw.sentenceExample")} onText={setSentence} rows={2} autoFocus autoComplete="off" spellCheck={false} value={sentence} />
      <div className="field">
        <span className="legend">{t("pw.made")}</span>
        <output className="made mono">{made || "–"}</output>
        <p className="hint">{t("pw.madeHint")}</p>
        <Meter password={made} required={required} />
      </div>
      <div className="end">
        <Button kind="go" unless={bits < required && t("pw.longer", { bits, min: required })} onClick={() => use(made)}>{t("pw.use")}</Button>
        <Button kind="bare" onClick={close}>{t("act.cancel")}</Button>
      </div>
    </Dialog>
  );
}

/** Whether a verdict allows it: `null` while it is not known. */
export function PasswordChoice({ label, value, onText, required, context, error, ready }: { label: string; value: string; onText: (text: string) => void; required: number; context: readonly string[]; error?: string | undefined; ready: (ok: boolean) => void }) {
  const client = useClient();
  const said = useId();
  const [verdict, setVerdict] = useState<{ password: string; verdict: PasswordVerdict } | null>(null);
  const [sentence, setSentence] = useState(false);
  const enough = strength(value).bits >= required;
  const words = context.join("\n");

  useEffect(() => {
    ready(enough && !(verdict?.password === value && verdict.verdict.refused.length > 0));
    if (!enough || verdict?.password === value) return;
    const timer = setTimeout(() => {
      // Without an answer the server still decides when the form is sent.
      client.entrance.passwordCheck(value, words.split("\n").filter(Boolean)).then((answer) => setVerdict({ password: value, verdict: answer }), () => undefined);
    }, 500);
    return () => clearTimeout(timer);
  }, [value, enough, verdict, words]);

  const refused = verdict?.password === value ? verdict.verdict.refused : null;
  const reasons = (refused ?? []).filter((code) => code !== "password_common" && code !== "password_personal");
  const line = (code: string, good: "pw.notCommon" | "pw.notPersonal", wrong: "pw.common" | "pw.personal") =>
    refused === null ? null : refused.includes(code) ? <li className="bad"><CircleAlert size="s" />{t(wrong)}</li> : <li><Check size="s" />{t(good)}</li>;

  return (
    <div>
      <PasswordField label={label} value={value} onText={onText} show={t("act.show")} hide={t("act.hide")} autoComplete="new-password" error={error} aria-describedby={said} required />
      <div id={said}><Meter password={value} required={required} /></div>
      <ul className="checks" aria-live="polite">
        {refused === null && enough && <li className="muted"><span className="dot" />{t("pw.toCheck")}</li>}
        {line("password_common", "pw.notCommon", "pw.common")}
        {line("password_personal", "pw.notPersonal", "pw.personal")}
        {reasons.map((code) => <li key={code} className="bad"><CircleAlert size="s" />{wordsOf(`problem.${code}`) ?? code}</li>)}
      </ul>
      <button type="button" className="linkish" onClick={() => setSentence(true)}>{t("pw.fromSentence")}</button>
      {sentence && <SentenceDialog required={required} use={(made) => { onText(made); setSentence(false); }} close={() => setSentence(false)} />}
    </div>
  );
}
