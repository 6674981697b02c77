/** API tokens: made with a scope and an end, shown once. */
import { useState } from "react";
import type { Scope } from "@sdk";

import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Check, FieldError, SelectField, TextField } from "../../ui/Field";
import { Copy, KeyRound } from "../../ui/icons";
import { say } from "../../ui/Toasts";
import { Empty, Waiting } from "../../ui/Waiting";
import { useAct, useClient, useLoaded } from "../client";
import { copy } from "../entrance/Factor";
import { ago, moment } from "../format";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";

const SCOPES: readonly Scope[] = ["read", "post", "admin"];
const DAYS = ["7", "30", "90", "366"] as const;

function MakeToken({ close, made }: { close: () => void; made: () => void }) {
  const client = useClient();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly Scope[]>(["read"]);
  const [days, setDays] = useState<(typeof DAYS)[number]>("30");
  const [tried, setTried] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const act = useAct();
  if (secret !== null) {
    return (
      <Dialog title={t("settings.tokenMake")} close={close} closeWords={t("act.close")} hold>
        <p>{t("settings.tokenMade")}</p>
        <output className="made mono">{secret}</output>
        <div className="end"><Button kind="go" onClick={() => void copy(secret)}><Copy size="s" />{t("act.copy")}</Button><Button kind="bare" onClick={close}>{t("settings.tokenDone")}</Button></div>
      </Dialog>
    );
  }
  return (
    <Dialog title={t("settings.tokenMake")} close={close} closeWords={t("act.close")}>
      <form className="form close" noValidate onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (name.trim()) void act.run(async () => { const token = await client.command("me.tokens.create", { name: name.trim(), scopes: [...scopes], days: Number(days) }); made(); setSecret(token.secret); });
      }}>
        <TextField label={t("settings.tokenName")} hint={t("settings.tokenNameHint")} value={name} onText={setName} maxLength={100} autoFocus error={tried && !name.trim() ? t("settings.tokenNameMissing") : undefined} required />
        <fieldset className="field"><legend className="legend">{t("settings.tokenScopes")}</legend>{SCOPES.map((scope) => <Check key={scope} label={t(`settings.scope.${scope}`)} checked={scopes.includes(scope)} onPick={(on) => setScopes(on ? [...scopes, scope] : scopes.filter((other) => other !== scope))} />)}</fieldset>
        <SelectField label={t("settings.tokenDays")} options={DAYS.map((one) => [one, t("settings.days", { n: Number(one) })] as const)} value={days} onPick={setDays} />
        {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
        <div className="end"><Button kind="go" type="submit" aria-busy={act.busy} unless={scopes.length === 0 && t("problem.scopes_empty")}>{t("settings.tokenMake")}</Button><Button kind="bare" onClick={close}>{t("act.cancel")}</Button></div>
      </form>
    </Dialog>
  );
}

export function Tokens() {
  const client = useClient();
  const { answer, again } = useLoaded(() => client.command("me.tokens.list", {}), "tokens");
  const [making, setMaking] = useState(false);
  if (answer.state === "waiting") return <Waiting words={t("wait.page")} />;
  if (answer.state === "failed") return <div className="sheet"><FieldError>{problemWords(answer.cause)}</FieldError><div className="end"><Button onClick={again}>{t("act.retry")}</Button></div></div>;
  const { tokens } = answer.value;
  return (
    <div className="sheet wide">
      <p className="small muted">{t("settings.tokensWords")}</p>
      {tokens.length === 0 ? <Empty title={t("settings.tokensNone")} /> : (
        <table className="people rows">
          <thead><tr><th>{t("settings.tokenName")}</th><th>{t("settings.col.scopes")}</th><th className="only-wide">{t("settings.tokenUsed")}</th><th className="only-wide">{t("settings.col.until")}</th><th><span className="sr">{t("people.col.acts")}</span></th></tr></thead>
          <tbody>
            {tokens.map((one) => (
              <tr key={one.token}>
                <th scope="row" className="c-name"><span className="nm-cell"><KeyRound /><b>{one.name}</b></span></th>
                <td className="c-presence">{one.scopes.map((scope) => t(`settings.scope.short.${scope}`)).join(", ")}</td>
                <td className="only-wide">{one.used ? ago(one.used) : t("settings.tokenUnused")}</td>
                <td className="only-wide">{t("settings.tokenUntil", { time: moment(one.expires) })}</td>
                <td className="act"><Button kind="bare" aria-label={t("settings.tokenEndLabel", { name: one.name })} onClick={() => { client.command("me.tokens.revoke", { token: one.token }).then(() => { say(t("settings.tokenEnded")); again(); }, (cause: unknown) => say(problemWords(cause), { seconds: 8 })); }}>{t("settings.tokenEnd")}</Button></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div className="end"><Button kind="go" onClick={() => setMaking(true)}>{t("settings.tokenMake")}</Button></div>
      {making && <MakeToken close={() => setMaking(false)} made={again} />}
    </div>
  );
}
