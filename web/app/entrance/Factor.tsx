/** Setting up the authenticator application, then the recovery codes. Used in the first run, at the gate and in the settings. */
import { useState } from "react";

import { Button } from "../../ui/Button";
import { QrDrawing } from "../../ui/Drawing";
import { Check, FieldError, TextField } from "../../ui/Field";
import { Copy, Printer, Smartphone } from "../../ui/icons";
import { say } from "../../ui/Toasts";
import { Waiting } from "../../ui/Waiting";
import { useAct, useClient, useLoaded, useMe } from "../client";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";

export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(t("act.copied"));
  } catch {
    say(t("act.copyFailed"));
  }
}

export function RecoveryCodes({ codes, done, act }: { codes: readonly string[]; done: () => void; act: string }) {
  const me = useMe();
  const [kept, setKept] = useState(false);
  return (
    <div className="form">
      <p className="small">{t("codes.lead")}</p>
      <section className="codes" aria-label={t("codes.list", { address: me.person.address })}>
        <p className="print-only">Rempart · {t("codes.list", { address: me.person.address })}</p>
        <ol>{codes.map((code) => <li key={code} className="mono">{code}</li>)}</ol>
      </section>
      <div className="end">
        <Button onClick={() => window.print()}><Printer size="s" />{t("act.print")}</Button>
        <Button onClick={() => void copy(codes.join("\n"))}><Copy size="s" />{t("act.copy")}</Button>
      </div>
      <Check label={t("codes.kept")} checked={kept} onPick={setKept} />
      <div className="end"><Button kind="go" size="big" unless={!kept && t("codes.unless")} onClick={done}>{act}</Button></div>
    </div>
  );
}

/** Gives the recovery codes when the application is proved to work. */
export function FactorSetup({ made }: { made: (codes: readonly string[]) => void }) {
  const client = useClient();
  const offer = useLoaded(() => client.command("me.totp.begin", {}), "totp");
  const [code, setCode] = useState("");
  const [wrong, setWrong] = useState(false);
  const act = useAct();
  const digits = code.replace(/\s/g, "");
  const confirm = async () => {
    if (!/^\d{6}$/.test(digits)) { setWrong(true); return; }
    setWrong(false);
    await act.run(async () => {
      const { codes } = await client.command("me.totp.confirm", { code: digits });
      made(codes);
    });
  };
  if (offer.answer.state === "waiting") return <Waiting words={t("wait.page")} />;
  if (offer.answer.state === "failed") return <><FieldError>{problemWords(offer.answer.cause)}</FieldError><div className="end"><Button onClick={offer.again}>{t("act.retry")}</Button></div></>;
  const { secret, qr } = offer.answer.value;
  return (
    <form className="form" noValidate onSubmit={(event) => { event.preventDefault(); void confirm(); }}>
      <div className="pick sel"><Smartphone size="l" /><span><b>{t("factor.app")}</b><span className="small">{t("factor.appWords")}</span></span></div>
      <div className="scan">
        <QrDrawing svg={qr} label={t("factor.qr")} />
        <div>
          <p>{t("factor.scan")}</p>
          <p className="small muted">{t("factor.byHand")}</p>
          <p className="mono secret">{secret.replace(/(.{4})/g, "$1 ").trim()}</p>
          <button type="button" className="linkish" onClick={() => void copy(secret)}>{t("act.copy")}</button>
        </div>
      </div>
      <TextField label={t("factor.code")} value={code} onText={setCode} inputMode="numeric" autoComplete="one-time-code" maxLength={7} className="mono code" error={wrong ? t("factor.codeBad") : act.cause ? problemWords(act.cause) : undefined} />
      <p className="then"><Printer size="s" />{t("factor.then")}</p>
      <div className="end"><Button kind="go" size="big" type="submit" aria-busy={act.busy}>{t("factor.confirm")}</Button></div>
    </form>
  );
}
