/** The first run: five bastions, from the link to the archive officers. */
import { useEffect, useState } from "react";
import type { ServerInfo, SetupOffer } from "@sdk";

import { Button } from "../../ui/Button";
import { FieldError, Segments, TextField } from "../../ui/Field";
import { Waiting } from "../../ui/Waiting";
import { useAct, useClient, useLoaded, useReadable } from "../client";
import { language, pieces, setLanguage, t } from "../i18n";
import { fieldWords, problemWords } from "../i18n/problems";
import { navigate } from "../router";
import { accountFaults, AccountFields, emptyAccount, toAccount } from "./AccountFields";
import type { AccountForm } from "./AccountFields";
import { FactorSetup, RecoveryCodes } from "./Factor";
import { requiredBits, strength } from "../password/bits";
import { Sum, Wall } from "./Wall";
import { DeadLink } from "./links";

type Organisation = { name: string; domain: string; host: string };

const DOMAIN = /^(?=.{1,253}$)([a-z0-9](-*[a-z0-9])*\.)+[a-z][a-z0-9-]*[a-z0-9]$|^localhost$/i;

function DomainError({ domain, use }: { domain: string; use: (domain: string) => void }) {
  const mended = domain.trim().toLowerCase().replace(/\.{2,}/g, ".").replace(/^\.|\.$/g, "");
  if (!/\.\./.test(domain) || !DOMAIN.test(mended)) return t("setup.domainBad");
  return pieces("setup.domainDots").map((piece, i) => piece.slot ? <button key={i} type="button" className="linkish inline" onClick={() => use(mended)}>{mended}</button> : <span key={i}>{piece.text}</span>);
}

function OrganisationStep({ initial, cause, next }: { initial: Organisation; cause: unknown; next: (organisation: Organisation) => void }) {
  const [form, setForm] = useState(initial);
  const [tried, setTried] = useState(false);
  const change = (part: Partial<Organisation>) => setForm({ ...form, ...part });
  const domain = form.domain.trim().toLowerCase();
  const nameFault = tried && form.name.trim() === "" ? t("setup.orgNameMissing") : undefined;
  const domainFault = (tried || /\.\./.test(domain)) && !DOMAIN.test(domain) ? <DomainError domain={form.domain} use={(mended) => change({ domain: mended })} /> : undefined;
  return (
    <form className="form" noValidate onSubmit={(event) => {
      event.preventDefault();
      setTried(true);
      if (form.name.trim() !== "" && DOMAIN.test(domain) && form.host.trim() !== "") next({ name: form.name.trim(), domain, host: form.host.trim().toLowerCase() });
    }}>
      <TextField label={t("setup.orgName")} hint={t("setup.orgNameHint")} value={form.name} onText={(name) => change({ name })} maxLength={100} autoComplete="organization" autoFocus error={nameFault ?? fieldWords(cause, "organisation")} required />
      <TextField label={t("setup.domain")} hint={t("setup.domainHint", { domain: domain || "kerbrat.example" })} value={form.domain} onText={(value) => change({ domain: value })} autoCapitalize="none" spellCheck={false} className="mono" error={domainFault ?? fieldWords(cause, "domain")} required />
      <TextField label={t("setup.host")} hint={t("setup.hostHint")} value={form.host} onText={(host) => change({ host })} autoCapitalize="none" spellCheck={false} className="mono" error={fieldWords(cause, "host")} required />
      <Segments legend={t("setup.language")} options={[["fr", "Français"], ["en", "English"]] as const} value={language()} onPick={setLanguage} />
      <div className="end"><Button kind="go" size="big" type="submit">{t("act.continue")}</Button></div>
    </form>
  );
}

/** What was typed outlives a change of language, which builds the page anew. The password does not. */
let kept: { organisation: Organisation | null; step: number } = { organisation: null, step: 2 };

export function SetupPage({ secret }: { secret: string }) {
  const client = useClient();
  const session = useReadable(client.session);
  if (session.status === "signed_in") return <AfterAccount />;
  return <SetupWithLink secret={secret} />;
}

function SetupWithLink({ secret }: { secret: string }) {
  const client = useClient();
  const offer = useLoaded(async (): Promise<{ server: ServerInfo; offer: SetupOffer } | null> => secret ? { server: await client.entrance.server(), offer: await client.entrance.setupCheck(secret) } : null, secret);
  if (offer.answer.state === "waiting") return <Wall step={1} title={t("plan.1")}><Waiting words={t("setup.checking")} /></Wall>;
  if (offer.answer.state === "failed" || offer.answer.value === null) return <DeadLink cause={offer.answer.state === "failed" ? offer.answer.cause : null} />;
  return <SetupSteps secret={secret} server={offer.answer.value.server} offer={offer.answer.value.offer} />;
}

function SetupSteps({ secret, server, offer }: { secret: string; server: ServerInfo; offer: SetupOffer }) {
  const client = useClient();
  const [step, setStepState] = useState(kept.organisation ? kept.step : 2);
  const [organisation, setOrganisationState] = useState<Organisation>(kept.organisation ?? { name: "", domain: offer.domain, host: offer.host });
  const [account, setAccount] = useState<AccountForm>(emptyAccount);
  const [tried, setTried] = useState(false);
  const act = useAct();
  const setStep = (next: number) => { kept = { organisation, step: next }; setStepState(next); };
  const title = step === 2 ? t("plan.2") : t("plan.3");

  if (step === 2) {
    return (
      <Wall step={2} host={organisation.host || offer.host} title={title}>
        <h1>{title}</h1>
        <p className="lead">{t("setup.orgLead")}</p>
        <OrganisationStep initial={organisation} cause={act.cause} next={(next) => { setOrganisationState(next); kept = { organisation: next, step: 3 }; act.clear(); setStepState(3); }} />
      </Wall>
    );
  }
  const create = async () => {
    setTried(true);
    if (Object.keys(accountFaults(account)).length > 0 || !account.ready) return;
    await act.run(async () => {
      await client.entrance.setup({ token: secret, organisation: organisation.name, domain: organisation.domain, host: organisation.host, owner: toAccount(account) });
      made = true;
      madeBits = strength(account.password).bits;
      kept = { organisation: null, step: 2 };
      history.replaceState(null, "", "/setup");
    });
  };
  return (
    <Wall step={3} host={organisation.host} title={title}>
      <h1>{title}</h1>
      <p className="lead">{t("setup.accountLead")}</p>
      <ol className="sums">
        <Sum title={organisation.name} words={<><span className="mono">{organisation.domain}</span> · {language() === "fr" ? "français" : "English"}</>} change={<Button kind="bare" onClick={() => setStep(2)}>{t("act.change")}</Button>} />
      </ol>
      <form className="form" noValidate onSubmit={(event) => { event.preventDefault(); void create(); }}>
        <AccountFields form={account} change={(part) => setAccount((form) => ({ ...form, ...part }))} domain={organisation.domain} organisation={organisation.name} required={requiredBits(server.password_bits, "owner")} cause={act.cause} tried={tried} />
        {Boolean(act.cause) && !fieldWords(act.cause, "password", "owner.password", "local", "owner.local", "display_name", "owner.display_name", "address") && <FieldError>{problemWords(act.cause)}</FieldError>}
        <div className="end">
          <Button kind="go" size="big" type="submit" aria-busy={act.busy} unless={tried && !account.ready && t("pw.unless")}>{t("act.continue")}</Button>
          <Button kind="bare" onClick={() => setStep(2)}>{t("setup.backToOrg")}</Button>
        </div>
      </form>
    </Wall>
  );
}

/** Bits of the password just chosen, for the summary line; gone after a reload, and the line then does without. */
let madeBits: number | null = null;
/** Whether this page made the organisation: only then does it end with « the house is open ». */
let made = false;

function AfterAccount() {
  const client = useClient();
  const session = useReadable(client.session);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const [done, setDone] = useState(false);
  const finished = session.status === "signed_in" && !session.me.must.includes("enrol_factor");
  useEffect(() => { if (finished && !made && !codes && !done) navigate("/", { replace: true }); }, [finished, codes, done]);
  if (session.status !== "signed_in") return null;
  const { me, server } = session;
  const sums = (
    <ol className="sums">
      <Sum title={server?.organisation ?? me.person.address} words={<span className="mono">{server?.domain ?? ""}</span>} />
      <Sum title={me.person.display_name} words={<><span className="mono">{me.person.address}</span>{madeBits !== null && ` · ${t("setup.sumPassword", { bits: madeBits })}`}</>} />
    </ol>
  );
  if (codes && !done) {
    return (
      <Wall step={4} host={server?.host} title={t("codes.title")}>
        <h1>{t("codes.title")}</h1>
        <RecoveryCodes codes={codes} act={t("act.continue")} done={() => { setDone(true); void client.refreshMe(); }} />
      </Wall>
    );
  }
  if (!done && me.must.includes("enrol_factor")) {
    return (
      <Wall step={4} host={server?.host} title={t("plan.4")}>
        <h1>{t("plan.4")}</h1>
        <p className="lead">{t("setup.factorLead")}</p>
        {sums}
        <FactorSetup made={(next) => { made = true; setCodes(next); }} />
      </Wall>
    );
  }
  return (
    <Wall step={5} host={server?.host} title={t("setup.doneTitle")}>
      <h1>{t("setup.doneTitle")}</h1>
      <p className="lead">{t("setup.doneLead")}</p>
      {sums}
      <div className="form">
        <p className="says sealed small">{t("setup.doneArchive")}</p>
        <div className="end">
          <Button kind="go" size="big" onClick={() => navigate("/", { replace: true })}>{t("setup.enter")}</Button>
          <Button kind="bare" onClick={() => navigate("/admin/invitations", { replace: true })}>{t("setup.invite")}</Button>
        </div>
      </div>
    </Wall>
  );
}
