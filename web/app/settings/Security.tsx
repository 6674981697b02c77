/** Password, second factor and recovery codes. */
import { useState } from "react";

import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { FieldError, PasswordField, TextField } from "../../ui/Field";
import { ShieldCheck, ShieldOff } from "../../ui/icons";
import { say } from "../../ui/Toasts";
import { useAct, useClient, useMe, useReadable } from "../client";
import { FactorSetup, RecoveryCodes } from "../entrance/Factor";
import { PasswordForm } from "../entrance/Gate";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { requiredBits } from "../password/bits";

function RemoveFactor({ close }: { close: () => void }) {
  const client = useClient();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const act = useAct();
  return (
    <Dialog title={t("settings.factorRemove")} close={close} closeWords={t("act.close")} size="narrow">
      <p>{t("settings.factorRemoveWords")}</p>
      <form className="form close" onSubmit={(event) => { event.preventDefault(); void act.run(async () => { await client.command("me.totp.remove", { password, code: code.trim() }); await client.refreshMe(); say(t("settings.factorGone")); close(); }); }}>
        <PasswordField label={t("account.currentPassword")} value={password} onText={setPassword} show={t("act.show")} hide={t("act.hide")} autoComplete="current-password" autoFocus />
        <TextField label={t("settings.factorCode")} value={code} onText={setCode} className="mono" autoComplete="one-time-code" spellCheck={false} />
        {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
        <div className="end"><Button kind="danger" type="submit" aria-busy={act.busy}>{t("settings.factorRemove")}</Button><Button kind="bare" onClick={close}>{t("act.cancel")}</Button></div>
      </form>
    </Dialog>
  );
}

function RenewCodes({ close, made }: { close: () => void; made: (codes: readonly string[]) => void }) {
  const client = useClient();
  const [code, setCode] = useState("");
  const act = useAct();
  return (
    <Dialog title={t("settings.codesRenew")} close={close} closeWords={t("act.close")} size="narrow">
      <p>{t("settings.codesRenewWords")}</p>
      <form className="form close" onSubmit={(event) => { event.preventDefault(); void act.run(async () => { const { codes } = await client.command("me.recovery.renew", { code: code.replace(/\s/g, "") }); made(codes); }); }}>
        <TextField label={t("signin.code")} value={code} onText={setCode} inputMode="numeric" className="mono code" autoComplete="one-time-code" maxLength={7} autoFocus error={act.cause ? problemWords(act.cause) : undefined} />
        <div className="end"><Button kind="go" type="submit" aria-busy={act.busy}>{t("settings.codesRenew")}</Button><Button kind="bare" onClick={close}>{t("act.cancel")}</Button></div>
      </form>
    </Dialog>
  );
}

export function Security() {
  const client = useClient();
  const me = useMe();
  const session = useReadable(client.session);
  const [open, setOpen] = useState<"enrol" | "remove" | "renew" | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const server = session.status === "signed_in" ? session.server : null;
  const required = me.person.role === "owner" || me.person.role === "admin";
  if (codes) return <div className="sheet"><h2>{t("codes.title")}</h2><RecoveryCodes codes={codes} act={t("admin.done")} done={() => { setCodes(null); void client.refreshMe(); say(t("settings.factorDone")); }} /></div>;
  if (open === "enrol") return <div className="sheet"><h2>{t("settings.factor")}</h2><FactorSetup made={(made) => { setOpen(null); setCodes(made); }} /><div className="end"><Button kind="bare" onClick={() => setOpen(null)}>{t("act.cancel")}</Button></div></div>;
  return (
    <>
      <section className="sheet">
        <h2>{t("settings.factor")}</h2>
        <p className={me.totp ? "fact" : "fact bad"}>{me.totp ? <ShieldCheck /> : <ShieldOff />}{me.totp ? t("settings.factorOn") : t("settings.factorOff")}</p>
        {me.totp && <p className={me.recovery_left < 3 ? "fact bad" : "fact"}>{t("settings.codes", { n: me.recovery_left })}</p>}
        <div className="end">
          <Button kind={me.totp ? "plain" : "go"} onClick={() => setOpen("enrol")}>{me.totp ? t("settings.factorReplace") : t("settings.factorAdd")}</Button>
          {me.totp && <Button onClick={() => setOpen("renew")}>{t("settings.codesRenew")}</Button>}
          {me.totp && <Button kind="bare" unless={required && t("settings.factorRequired")} onClick={() => setOpen("remove")}>{t("settings.factorRemove")}</Button>}
        </div>
      </section>
      <section className="sheet">
        <h2>{t("settings.password")}</h2>
        <p className="small muted">{t("settings.passwordWords")}</p>
        <PasswordForm required={requiredBits(server?.password_bits ?? 80, me.person.role)} context={[me.person.display_name, me.person.address, server?.organisation ?? ""]} done={() => say(t("settings.passwordDone"), { seconds: 8 })} />
      </section>
      {open === "remove" && <RemoveFactor close={() => setOpen(null)} />}
      {open === "renew" && <RenewCodes close={() => setOpen(null)} made={(made) => { setOpen(null); setCodes(made); }} />}
    </>
  );
}
