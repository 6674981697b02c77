/** Pages of single-use links: invitation and reset, and what a dead link says. */
import { useState } from "react";
import { ApiProblem } from "@sdk";

import { Button } from "../../ui/Button";
import { FieldError } from "../../ui/Field";
import { say } from "../../ui/Toasts";
import { Waiting } from "../../ui/Waiting";
import { useAct, useClient, useLoaded } from "../client";
import { moment } from "../format";
import { t } from "../i18n";
import { fieldWords, problemWords } from "../i18n/problems";
import { requiredBits } from "../password/bits";
import { navigate } from "../router";
import { accountFaults, AccountFields, addressFrom, emptyAccount, toAccount } from "./AccountFields";
import type { AccountForm } from "./AccountFields";
import { PasswordChoice } from "./PasswordChoice";
import { Wall } from "./Wall";

export function DeadLink({ cause }: { cause: unknown }) {
  const dead = cause === null || (cause instanceof ApiProblem && cause.code === "link_invalid");
  const title = dead ? t("link.deadTitle") : t("fault.load");
  return (
    <Wall title={title}>
      <h1>{title}</h1>
      <p className="lead">{cause === null ? t("link.none") : dead ? t("link.deadWords") : problemWords(cause)}</p>
      <div className="end">
        {dead ? <Button size="big" onClick={() => navigate("/signin")}>{t("link.toSignin")}</Button> : <Button size="big" onClick={() => location.reload()}>{t("act.retry")}</Button>}
      </div>
    </Wall>
  );
}

export function InvitePage({ secret }: { secret: string }) {
  const client = useClient();
  const offer = useLoaded(async () => secret ? { server: await client.entrance.server(), offer: await client.entrance.invitationCheck(secret) } : null, secret);
  const [account, setAccount] = useState<AccountForm>(emptyAccount);
  const [offered, setOffered] = useState(false);
  const [tried, setTried] = useState(false);
  const act = useAct();
  if (offer.answer.state === "waiting") return <Wall title="Rempart"><Waiting words={t("setup.checking")} /></Wall>;
  if (offer.answer.state === "failed" || offer.answer.value === null) return <DeadLink cause={offer.answer.state === "failed" ? offer.answer.cause : null} />;
  const { server, offer: invitation } = offer.answer.value;
  if (!offered) {
    setOffered(true);
    const name = invitation.display_name ?? "";
    setAccount({ ...emptyAccount, name, local: invitation.local ?? addressFrom(name), ownLocal: Boolean(invitation.local) });
  }
  const title = t("invite.title", { organisation: invitation.organisation });
  const create = async () => {
    setTried(true);
    if (Object.keys(accountFaults(account)).length > 0 || !account.ready) return;
    await act.run(async () => {
      await client.entrance.invitationAccept({ token: secret, account: toAccount(account) });
      navigate("/", { replace: true });
    });
  };
  return (
    <Wall host={server.host} title={title}>
      <h1>{title}</h1>
      <p className="lead">{t("invite.lead", { inviter: invitation.inviter, role: t(`role.${invitation.role}`).toLowerCase(), until: moment(invitation.expires) })}</p>
      <form className="form" noValidate onSubmit={(event) => { event.preventDefault(); void create(); }}>
        <AccountFields form={account} change={(part) => setAccount((form) => ({ ...form, ...part }))} domain={invitation.domain} organisation={invitation.organisation} required={requiredBits(server.password_bits, invitation.role)} cause={act.cause} tried={tried} />
        {Boolean(act.cause) && !fieldWords(act.cause, "password", "account.password", "local", "account.local", "display_name", "account.display_name", "address") && <FieldError>{problemWords(act.cause)}</FieldError>}
        <div className="end"><Button kind="go" size="big" type="submit" aria-busy={act.busy} unless={tried && !account.ready && t("pw.unless")}>{t("invite.act")}</Button></div>
      </form>
    </Wall>
  );
}

export function ResetPage({ secret }: { secret: string }) {
  const client = useClient();
  const offer = useLoaded(async () => secret ? { server: await client.entrance.server(), offer: await client.entrance.resetCheck(secret) } : null, secret);
  const [password, setPassword] = useState("");
  const [ready, setReady] = useState(false);
  const act = useAct();
  if (offer.answer.state === "waiting") return <Wall title="Rempart"><Waiting words={t("setup.checking")} /></Wall>;
  if (offer.answer.state === "failed" || offer.answer.value === null) return <DeadLink cause={offer.answer.state === "failed" ? offer.answer.cause : null} />;
  const { server, offer: reset } = offer.answer.value;
  return (
    <Wall host={server.host} title={t("reset.title")}>
      <h1>{t("reset.title")}</h1>
      <p className="lead">{t("reset.lead", { address: reset.address, until: moment(reset.expires) })}</p>
      <form className="form" noValidate onSubmit={(event) => {
        event.preventDefault();
        if (ready) void act.run(async () => { await client.entrance.reset(secret, password); say(t("reset.done"), { seconds: 8 }); navigate("/signin", { replace: true }); });
      }}>
        <input type="text" className="sr" autoComplete="username" value={reset.address} readOnly tabIndex={-1} aria-hidden="true" />
        <PasswordChoice label={t("account.newPassword")} value={password} onText={setPassword} required={reset.password_bits} context={[reset.address, server.organisation ?? ""]} error={act.cause ? problemWords(act.cause) : undefined} ready={setReady} />
        <div className="end"><Button kind="go" size="big" type="submit" unless={!ready && t("pw.unless")} aria-busy={act.busy}>{t("reset.act")}</Button></div>
      </form>
    </Wall>
  );
}
