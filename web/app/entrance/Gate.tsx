/** What must be done before anything else: a second factor, or a new password. */
import { useState } from "react";

import { Button } from "../../ui/Button";
import { FieldError, PasswordField } from "../../ui/Field";
import { useAct, useClient, useMe } from "../client";
import { t } from "../i18n";
import { fieldWords, problemWords } from "../i18n/problems";
import { requiredBits } from "../password/bits";
import { FactorSetup, RecoveryCodes } from "./Factor";
import { PasswordChoice } from "./PasswordChoice";
import { Wall } from "./Wall";

/** Changing one's own password: here and in the settings. */
export function PasswordForm({ required, context, done }: { required: number; context: readonly string[]; done: () => void }) {
  const client = useClient();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [ready, setReady] = useState(false);
  const act = useAct();
  const onNew = fieldWords(act.cause, "new", "password");
  const onCurrent = fieldWords(act.cause, "current");
  return (
    <form className="form" noValidate onSubmit={(event) => {
      event.preventDefault();
      if (ready && current !== "") void act.run(async () => { await client.command("me.password", { current, new: next }); setCurrent(""); setNext(""); done(); });
    }}>
      <PasswordField label={t("account.currentPassword")} value={current} onText={setCurrent} show={t("act.show")} hide={t("act.hide")} autoComplete="current-password" error={onCurrent} required />
      <PasswordChoice label={t("account.newPassword")} value={next} onText={setNext} required={required} context={context} error={onNew} ready={setReady} />
      {Boolean(act.cause) && !onNew && !onCurrent && <FieldError>{problemWords(act.cause)}</FieldError>}
      <div className="end"><Button kind="go" size="big" type="submit" aria-busy={act.busy} unless={!ready && t("pw.unless")}>{t("reset.act")}</Button></div>
    </form>
  );
}

export function Gate({ codes, keep }: { codes: readonly string[] | null; keep: (codes: readonly string[] | null) => void }) {
  const client = useClient();
  const me = useMe();
  const session = client.session.getSnapshot();
  const server = session.status === "signed_in" ? session.server : null;
  const out = <div className="end"><Button kind="bare" onClick={() => void client.signOut()}>{t("gate.signOut")}</Button></div>;
  if (codes) {
    return (
      <Wall host={server?.host} title={t("codes.title")}>
        <h1>{t("codes.title")}</h1>
        <RecoveryCodes codes={codes} act={t("act.continue")} done={() => { void client.refreshMe().finally(() => keep(null)); }} />
      </Wall>
    );
  }
  if (me.must.includes("change_password")) {
    return (
      <Wall host={server?.host} title={t("gate.passwordTitle")}>
        <h1>{t("gate.passwordTitle")}</h1>
        <p className="lead">{t("gate.passwordLead")}</p>
        <PasswordForm required={requiredBits(server?.password_bits ?? 80, me.person.role)} context={[me.person.display_name, me.person.address, server?.organisation ?? ""]} done={() => void client.refreshMe()} />
        {out}
      </Wall>
    );
  }
  return (
    <Wall host={server?.host} title={t("factor.gateTitle")}>
      <h1>{t("factor.gateTitle")}</h1>
      <p className="lead">{t("factor.gateLead")}</p>
      <FactorSetup made={keep} />
      {out}
    </Wall>
  );
}
