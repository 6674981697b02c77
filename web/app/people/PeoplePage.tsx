/** The directory: who is here, and writing to them. */
import { useEffect, useState } from "react";
import type { Person } from "@sdk";

import { Button } from "../../ui/Button";
import { Face } from "../../ui/Face";
import { FieldError } from "../../ui/Field";
import { ChevronLeft, MessageSquare, Search } from "../../ui/icons";
import { Empty, Waiting } from "../../ui/Waiting";
import { useAct, useClient, useLoaded, useMe, useReadable } from "../client";
import { writeTo } from "../conversation/write";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { VerifiedMark, VerifyDialog } from "../keys/Verify";
import { Link, navigate } from "../router";
import { PresenceOf } from "./Presence";
import "../styles/people.css";

export function PersonName({ person, link = true }: { person: Person; link?: boolean }) {
  const outside = person.role === "guest";
  return (
    <span className="nm-cell">
      <Face id={person.account} name={person.display_name} outside={outside} />
      <span>
        {link ? <Link to={`/people/${person.account}`} className="name-link">{person.display_name}</Link> : <b>{person.display_name}</b>}
        {outside ? <span className="ext-tag">{person.address}</span> : <span className="note">{person.address}</span>}
      </span>
    </span>
  );
}

export function PeoplePage() {
  const client = useClient();
  const me = useMe().person.account;
  const [query, setQuery] = useState("");
  const [asked, setAsked] = useState("");
  const [more, setMore] = useState<{ for: string; people: readonly Person[]; next: string | null } | null>(null);
  const act = useAct();
  useEffect(() => { document.title = `${t("people.title")} · Rempart`; }, []);
  useEffect(() => { const timer = setTimeout(() => setAsked(query), query ? 150 : 0); return () => clearTimeout(timer); }, [query]);
  const { answer, again } = useLoaded(() => client.people.search(asked, { limit: 100 }), asked);
  const page = answer.state === "here" ? answer.value : null;
  const extra = more?.for === asked ? more : null;
  const people = [...(page?.people ?? []), ...(extra?.people ?? [])];
  const next = extra ? extra.next : page?.next ?? null;
  return (
    <main className="page directory" id="main" data-region="page" tabIndex={-1}>
      <div className="ph"><div><h1>{t("people.title")}</h1>{page?.total !== undefined && page.total !== null && <p>{t("people.count", { n: page.total })}</p>}</div></div>
      <div className="tb"><div className="find"><Search size="s" /><input className="in" type="search" aria-label={t("people.find")} placeholder={t("new.peopleFind")} value={query} autoComplete="off" onChange={(event) => setQuery(event.target.value)} /></div></div>
      {answer.state === "waiting" && <Waiting words={t("wait.page")} rows={6} />}
      {answer.state === "failed" && <div className="tw"><FieldError>{problemWords(answer.cause)}</FieldError><Button onClick={again}>{t("act.retry")}</Button></div>}
      {page && people.length === 0 && <Empty page title={t("people.none")}>{t("people.noneWords")}</Empty>}
      {people.length > 0 && (
        <div className="tw">
          <table className="people">
            <thead><tr><th>{t("people.col.person")}</th><th className="only-wide">{t("people.col.title")}</th><th className="only-wide">{t("people.col.department")}</th><th>{t("people.col.presence")}</th><th><span className="sr">{t("people.col.acts")}</span></th></tr></thead>
            <tbody>
              {people.map((person) => (
                <tr key={person.account}>
                  <th scope="row" className="c-name"><PersonName person={person} /></th>
                  <td className="only-wide">{person.title}</td>
                  <td className="only-wide">{person.department}</td>
                  <td className="c-presence"><PresenceOf account={person.account} words /></td>
                  <td className="act">{person.account === me ? <span className="note">{t("people.you")}</span> : <Button kind="bare" aria-label={t("people.writeTo", { name: person.display_name })} onClick={() => void writeTo(client, person.account)}><MessageSquare size="s" /><span className="only-wide">{t("people.write")}</span></Button>}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {next && <div className="more"><Button aria-busy={act.busy} onClick={() => void act.run(async () => { const found = await client.people.search(asked, { after: next, limit: 100 }); setMore({ for: asked, people: [...(extra?.people ?? []), ...found.people], next: found.next ?? null }); })}>{t("act.loadMore")}</Button></div>}
        </div>
      )}
    </main>
  );
}

export function PersonPage({ id }: { id: string }) {
  const client = useClient();
  const me = useMe().person.account;
  const { answer, again } = useLoaded(() => client.command("people.get", { accounts: [id] }), id);
  const [verifying, setVerifying] = useState(false);
  const verified = useReadable(client.keys).verified.has(id);
  const person = answer.state === "here" ? answer.value.people[0] : undefined;
  useEffect(() => { document.title = `${person?.display_name ?? t("people.title")} · Rempart`; }, [person?.display_name]);
  return (
    <main className="page" id="main" data-region="page" tabIndex={-1}>
      <div className="tb"><Button kind="bare" onClick={() => navigate("/people")}><ChevronLeft size="s" />{t("people.all")}</Button></div>
      {answer.state === "waiting" && <Waiting words={t("wait.page")} />}
      {answer.state === "failed" && <div className="tw"><FieldError>{problemWords(answer.cause)}</FieldError><Button onClick={again}>{t("act.retry")}</Button></div>}
      {answer.state === "here" && !person && <Empty page level={1} title={t("people.gone")} />}
      {person && (
        <article className="profile">
          <Face size="xl" id={person.account} name={person.display_name} outside={person.role === "guest"} />
          <div>
            <h1>{person.display_name}</h1>
            {person.role === "guest" && <p><span className="ext-tag">{t("outside.tag")}</span></p>}
            <p className="lead">{[person.title, person.department].filter(Boolean).join(", ")}</p>
            <dl>
              <dt>{t("account.address")}</dt><dd className="mono">{person.address}</dd>
              <dt>{t("people.role")}</dt><dd>{t(`role.${person.role}`)}</dd>
              <dt>{t("people.col.presence")}</dt><dd>{person.active ? <PresenceOf account={person.account} words /> : t("people.closed")}</dd>
              {person.account !== me && <><dt>{t("verify.term")}</dt><dd className="key-state">{verified ? <VerifiedMark account={person.account} /> : t("verify.not")}<button type="button" className="linkish" onClick={() => setVerifying(true)}>{verified ? t("verify.openAgain") : t("verify.open")}</button></dd></>}
            </dl>
            {person.account !== me && person.active && <div className="end"><Button kind="go" onClick={() => void writeTo(client, person.account)}><MessageSquare size="s" />{t("people.write")}</Button></div>}
          </div>
        </article>
      )}
      {verifying && <VerifyDialog account={id} close={() => setVerifying(false)} />}
    </main>
  );
}
