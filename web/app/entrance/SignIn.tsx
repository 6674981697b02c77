/** Signing in: address and password, then the second factor. Waiting times are said, and counted down. */
import { useEffect, useState } from "react";
import { ApiProblem, NetworkError } from "@sdk";
import type { ServerInfo } from "@sdk";

import { Button } from "../../ui/Button";
import { FieldError, PasswordField, TextField } from "../../ui/Field";
import { useAct, useClient } from "../client";
import { waitWords } from "../format";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { Wall } from "./Wall";

/** Milliseconds left of a refusal that ends by waiting. */
function useWait(cause: unknown): number {
  const [until, setUntil] = useState(0);
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const wait = cause instanceof ApiProblem ? cause.retryAfterMs ?? 0 : 0;
    setUntil(Date.now() + wait);
    setNow(Date.now());
  }, [cause]);
  useEffect(() => {
    if (until <= Date.now()) return;
    const timer = setInterval(() => { setNow(Date.now()); if (Date.now() > until) clearInterval(timer); }, 500);
    return () => clearInterval(timer);
  }, [until]);
  return Math.max(0, until - now);
}

function Refused({ cause, wait }: { cause: unknown; wait: number }) {
  if (!cause) return null;
  const words = cause instanceof ApiProblem && cause.retryAfterMs ? problemWords(new ApiProblem({ ...cause.toProblem(), retry_after_ms: null })) : problemWords(cause);
  return <FieldError>{words} {wait > 0 && <span aria-live="off">{t("signin.wait", { wait: waitWords(wait) })}</span>}</FieldError>;
}

export function SignInPage({ server, reason }: { server: ServerInfo | null; reason: "none" | "signed_out" | "ended" }) {
  const client = useClient();
  const [address, setAddress] = useState("");
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const [ticket, setTicket] = useState<string | null>(null);
  const act = useAct();
  const wait = useWait(act.cause);
  if (ticket !== null) return <FactorStep ticket={ticket} server={server} back={() => { setTicket(null); setPassword(""); }} />;
  const submit = async () => {
    setTried(true);
    if (address.trim() === "" || password === "" || wait > 0) return;
    await act.run(async () => {
      const answer = await client.entrance.signIn(address.trim(), password);
      if (answer.status === "second_factor") setTicket(answer.ticket);
    });
  };
  const gone = act.cause instanceof NetworkError;
  return (
    <Wall host={server?.host} title={t("signin.title")}>
      <h1>{server?.organisation ?? t("signin.title")}</h1>
      <p className="lead">{t("signin.lead")}</p>
      {reason !== "none" && !tried && <p className="band waiver in-page" role="status">{reason === "ended" ? t("signin.ended") : t("signin.out")}</p>}
      <form className="form narrow" noValidate onSubmit={(event) => { event.preventDefault(); void submit(); }}>
        <TextField label={t("account.address")} value={address} onText={setAddress} autoComplete="username" autoCapitalize="none" spellCheck={false} autoFocus suffix={server?.domain && !address.includes("@") ? `@${server.domain}` : undefined} error={tried && address.trim() === "" ? t("signin.addressMissing") : undefined} required />
        <PasswordField label={t("account.password")} value={password} onText={setPassword} show={t("act.show")} hide={t("act.hide")} autoComplete="current-password" error={tried && password === "" ? t("signin.passwordMissing") : undefined} required />
        {gone ? <div role="alert" className="band danger in-page"><span><b>{t("signin.serverGone")}.</b> {t("signin.serverGoneWords")}</span></div> : <Refused cause={act.cause} wait={wait} />}
        <div className="end"><Button kind="go" size="big" type="submit" aria-busy={act.busy} unless={wait > 0 && t("signin.waitShort", { wait: waitWords(wait) })}>{wait > 0 ? t("signin.waitShort", { wait: waitWords(wait) }) : t("signin.act")}</Button></div>
        <p className="then">{t("signin.lost")}</p>
      </form>
    </Wall>
  );
}

function FactorStep({ ticket, server, back }: { ticket: string; server: ServerInfo | null; back: () => void }) {
  const client = useClient();
  const [recovery, setRecovery] = useState(false);
  const [code, setCode] = useState("");
  const act = useAct();
  const wait = useWait(act.cause);
  const expired = act.cause instanceof ApiProblem && act.cause.code === "ticket_expired";
  const clean = recovery ? code.trim() : code.replace(/\s/g, "");
  return (
    <Wall host={server?.host} title={t("signin.factorTitle")}>
      <h1>{t("signin.factorTitle")}</h1>
      <p className="lead">{recovery ? t("signin.recoveryLead") : t("signin.factorLead")}</p>
      <form className="form narrow" noValidate onSubmit={(event) => { event.preventDefault(); if (clean !== "" && wait === 0 && !expired) void act.run(async () => { await client.entrance.secondFactor(ticket, clean); }); }}>
        <TextField key={String(recovery)} label={recovery ? t("signin.recovery") : t("signin.code")} value={code} onText={setCode} inputMode={recovery ? "text" : "numeric"} autoComplete="one-time-code" autoCapitalize="none" spellCheck={false} maxLength={recovery ? 40 : 7} className="mono code" autoFocus />
        <Refused cause={act.cause} wait={wait} />
        <div className="end">
          {expired ? <Button kind="go" size="big" onClick={back}>{t("act.back")}</Button> : <Button kind="go" size="big" type="submit" aria-busy={act.busy} unless={wait > 0 && t("signin.waitShort", { wait: waitWords(wait) })}>{t("signin.check")}</Button>}
          {!expired && <Button kind="bare" onClick={back}>{t("act.back")}</Button>}
        </div>
        <div><button type="button" className="linkish" onClick={() => { setRecovery(!recovery); setCode(""); act.clear(); }}>{recovery ? t("signin.useApp") : t("signin.useRecovery")}</button></div>
      </form>
    </Wall>
  );
}

export function NotReadyPage({ server }: { server: ServerInfo }) {
  return (
    <Wall step={1} host={server.host} title={t("setup.notReady")}>
      <h1>{t("setup.notReady")}</h1>
      <p className="lead">{t("setup.notReadyWords")}</p>
    </Wall>
  );
}
