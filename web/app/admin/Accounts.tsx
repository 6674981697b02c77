/** People: the table of accounts, acts on one or on many. */
import { useEffect, useRef, useState } from "react";
import type { AccountDetail, Role } from "@sdk";

import { Button, IconButton } from "../../ui/Button";
import { FieldError, SelectField } from "../../ui/Field";
import { Ellipsis, KeyRound, Lock, LockOpen, LogOut, Pencil, Search, ShieldCheck, ShieldOff, UserPlus, UserX, User, Users, X } from "../../ui/icons";
import { Menu } from "../../ui/Menu";
import { say } from "../../ui/Toasts";
import { Empty, Waiting } from "../../ui/Waiting";
import { may, useAct, useClient, useLoaded, useMe, useReadable } from "../client";
import { ago, clock } from "../format";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { PersonName } from "../people/PeoplePage";
import { DisableDialog, EditDialog, RenameDialog, ResetDialog, RoleDialog } from "./dialogs";
import { InviteDialog } from "./Invitations";
import { ManyDialog } from "./ManyDialog";

const ROLES: readonly Role[] = ["owner", "admin", "officer", "auditor", "member", "guest"];
type Factor = "any" | "with" | "without";
type Tab = "open" | "guests" | "closed";
type Over = { kind: "edit" | "reset"; one: AccountDetail } | { kind: "disable" | "role"; many: readonly AccountDetail[] } | { kind: "invite" | "rename" | "many" } | null;

export const isLocked = (one: AccountDetail, now = Date.now()): boolean => Boolean(one.locked_until && new Date(one.locked_until).getTime() > now);

function FactorCell({ one }: { one: AccountDetail }) {
  if (isLocked(one)) return <span className="mf bad"><Lock size="s" />{t("admin.isLocked", { time: clock(one.locked_until ?? "") })}</span>;
  if (!one.totp) return <span className="mf bad"><ShieldOff size="s" />{t("admin.factorNone")}</span>;
  return <span className="mf"><ShieldCheck size="s" />{t("admin.factorApp")}</span>;
}

export function Accounts() {
  const client = useClient();
  const me = useMe();
  const session = useReadable(client.session);
  const [tab, setTab] = useState<Tab>("open");
  const [query, setQuery] = useState("");
  const [asked, setAsked] = useState("");
  const [role, setRole] = useState<Role | "any">("any");
  const known = useRef<readonly string[]>([]);
  const [factor, setFactor] = useState<Factor>("any");
  const [department, setDepartment] = useState("");
  const [more, setMore] = useState<{ key: string; accounts: readonly AccountDetail[]; next: string | null } | null>(null);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [over, setOver] = useState<Over>(null);
  const act = useAct();
  useEffect(() => { const timer = setTimeout(() => setAsked(query), query ? 200 : 0); return () => clearTimeout(timer); }, [query]);

  const wanted = tab === "guests" ? "guest" : role === "any" ? null : role;
  const key = JSON.stringify([asked, wanted, tab, factor, department]);
  const question = (after: string | null) => client.command("accounts.list", { query: asked, ...(wanted ? { role: wanted } : {}), active: tab !== "closed", ...(factor === "any" ? {} : { totp: factor === "with" }), ...(department ? { department } : {}), ...(after ? { after } : {}), limit: 100 });
  const { answer, again: ask } = useLoaded(() => question(null), key);
  const page = answer.state === "here" ? answer.value : null;
  const extra = more?.key === key ? more : null;
  const accounts = [...(page?.accounts ?? []), ...(extra?.accounts ?? [])];
  const next = extra ? extra.next : page?.next ?? null;
  const chosen = accounts.filter(({ person }) => picked.has(person.account));
  const again = () => { setMore(null); setPicked(new Set()); ask(); };
  const close = () => setOver(null);
  const done = () => { close(); again(); };
  const touch = (one: AccountDetail) => one.person.account !== me.person.account && (may(me, "admins.manage") || (one.person.role !== "owner" && one.person.role !== "admin"));

  const run = (work: Promise<unknown>, words: string) => { work.then(() => { say(words); again(); }, (cause: unknown) => say(problemWords(cause), { seconds: 8 })); };
  const endSessions = async (many: readonly AccountDetail[]) => {
    const outcomes = await Promise.allSettled(many.map(({ person }) => client.command("accounts.end_sessions", { account: person.account })));
    const failed = outcomes.filter((outcome) => outcome.status === "rejected");
    if (failed.length < many.length) say(t("admin.saidEnded", { n: many.length - failed.length }));
    if (failed[0]) say(t("admin.someFailed", { n: failed.length, reason: problemWords(failed[0].reason) }), { seconds: 8 });
    again();
  };

  const summary = page && (
    <p>
      {t("admin.accounts", { n: page.total })}
      {page.without_factor > 0 && <> <span className="bad">{t("admin.without", { n: page.without_factor })}</span></>}
      {page.locked > 0 && <>{page.without_factor > 0 ? ", " : " "}{t("admin.locked", { n: page.locked })}</>}
      {(page.without_factor > 0 || page.locked > 0) && "."}
    </p>
  );
  const invite = may(me, "member.invite") && <Button kind="go" onClick={() => setOver({ kind: "invite" })}><UserPlus size="s" />{t("admin.invite")}</Button>;
  const many = may(me, "accounts.manage") && may(me, "member.invite") && <Button onClick={() => setOver({ kind: "many" })}><Users size="s" />{t("many.open")}</Button>;
  // Those of the page before stay while the next one comes.
  if (page) known.current = page.departments;
  const departments = known.current;
  const filtered = asked !== "" || role !== "any" || factor !== "any" || department !== "";
  const alone = tab === "open" && !filtered && accounts.length <= 1 && page !== null;

  return (
    <>
      <div className="ph">
        <div><h1>{t("admin.people")}</h1>{summary}</div>
        {may(me, "organisation.manage") && <Button onClick={() => setOver({ kind: "rename" })}><Pencil size="s" />{t("admin.orgRename")}</Button>}
        {!alone && many}
        {!alone && invite}
      </div>
      <div className="tabs" role="tablist" aria-label={t("admin.people")}>
        {(["open", "guests", "closed"] as const).map((one) => <button key={one} type="button" role="tab" aria-selected={tab === one} onClick={() => { setTab(one); setPicked(new Set()); }}>{t(`admin.tab.${one}`)}</button>)}
      </div>
      {!alone && (
        <div className="tb">
          <div className="find"><Search size="s" /><input className="in" type="search" aria-label={t("people.find")} placeholder={t("new.peopleFind")} value={query} autoComplete="off" onChange={(event) => setQuery(event.target.value)} /></div>
          {tab !== "guests" && <SelectField label={t("admin.roleFilter")} hideLabel options={[["any", t("admin.anyRole")] as const, ...ROLES.map((one) => [one, t(`role.${one}`)] as const)]} value={role} onPick={setRole} />}
          <SelectField label={t("admin.factorFilter")} hideLabel options={[["any", t("admin.anyFactor")], ["with", t("admin.factorWith")], ["without", t("admin.factorWithout")]] as const} value={factor} onPick={setFactor} />
          {(departments.length > 0 || department !== "") && <SelectField label={t("admin.department")} hideLabel options={[["", t("admin.anyDepartment")] as const, ...[...new Set([...departments, ...(department ? [department] : [])])].map((one) => [one, one] as const)]} value={department} onPick={setDepartment} />}
          <span className="grow" />
          {page && <span className="note only-wide">{t("admin.range", { shown: accounts.length, n: page.total })}</span>}
        </div>
      )}
      {chosen.length > 0 && (
        <div className="bulk" role="status">
          <b>{t("admin.picked", { n: chosen.length })}</b>
          <span className="grow" />
          <Button onClick={() => setOver({ kind: "role", many: chosen })}>{t("admin.changeRole")}</Button>
          <Button onClick={() => void endSessions(chosen)}>{t("admin.endSessions")}</Button>
          {tab !== "closed" && <Button onClick={() => setOver({ kind: "disable", many: chosen })}>{t("admin.disable")}</Button>}
          <IconButton label={t("admin.unpickAll")} onClick={() => setPicked(new Set())}><X /></IconButton>
        </div>
      )}
      {answer.state === "waiting" && <Waiting words={t("wait.page")} rows={8} />}
      {answer.state === "failed" && <div className="tw"><FieldError>{problemWords(answer.cause)}</FieldError><Button onClick={ask}>{t("act.retry")}</Button></div>}
      {page && accounts.length === 0 && <Empty page title={filtered ? t("admin.noneFound") : tab === "closed" ? t("admin.noneClosed") : tab === "guests" ? t("admin.noneGuests") : t("admin.noneFound")} />}
      {accounts.length > 0 && !alone && (
        <div className="tw">
          <table className="accounts">
            <thead>
              <tr>
                <th className="ck"><input type="checkbox" className="cb" aria-label={t("admin.pickAll")} checked={chosen.length > 0 && chosen.length === accounts.filter(touch).length} ref={(box) => { if (box) box.indeterminate = chosen.length > 0 && chosen.length < accounts.filter(touch).length; }} onChange={(event) => setPicked(new Set(event.target.checked ? accounts.filter(touch).map(({ person }) => person.account) : []))} /></th>
                <th aria-sort="ascending">{t("people.col.person")}</th><th>{t("admin.col.role")}</th><th>{t("people.col.department")}</th><th>{t("admin.col.factor")}</th><th className="num">{t("admin.col.devices")}</th><th>{t("admin.col.seen")}</th><th><span className="sr">{t("people.col.acts")}</span></th>
              </tr>
            </thead>
            <tbody>
              {accounts.map((one) => {
                const { person } = one;
                const can = touch(one);
                return (
                  <tr key={person.account} aria-selected={picked.has(person.account) || undefined}>
                    <td className="ck">{can && <input type="checkbox" className="cb" aria-label={t("admin.pick", { name: person.display_name })} checked={picked.has(person.account)} onChange={(event) => { const set = new Set(picked); if (event.target.checked) set.add(person.account); else set.delete(person.account); setPicked(set); }} />}</td>
                    <th scope="row" className="c-name"><PersonName person={person} link={false} /></th>
                    <td className="c-role">{t(`role.${person.role}`)}</td>
                    <td className="only-wide">{person.department}</td>
                    <td className="c-factor"><FactorCell one={one} /></td>
                    <td className="num only-wide">{one.devices}</td>
                    <td className="only-wide muted nowrap">{one.seen ? ago(one.seen) : t("admin.never")}</td>
                    <td className="act">
                      {can && (
                        <Menu label={t("admin.menu", { name: person.display_name })} entries={[
                          { key: "edit", words: t("admin.edit"), icon: <Pencil size="s" />, act: () => setOver({ kind: "edit", one }) },
                          { key: "reset", words: t("admin.reset"), icon: <KeyRound size="s" />, act: () => setOver({ kind: "reset", one }) },
                          isLocked(one) && { key: "unlock", words: t("admin.unlock"), icon: <LockOpen size="s" />, act: () => run(client.command("accounts.unlock", { account: person.account }), t("admin.saidUnlocked")) },
                          { key: "end", words: t("admin.endSessions"), icon: <LogOut size="s" />, act: () => void endSessions([one]) },
                          "line",
                          person.active
                            ? { key: "disable", words: t("admin.disable"), icon: <UserX size="s" />, danger: true, act: () => setOver({ kind: "disable", many: [one] }) }
                            : { key: "enable", words: t("admin.enable"), icon: <User size="s" />, act: () => run(client.command("accounts.enable", { account: person.account }), t("admin.saidOpened")) },
                        ]}><Ellipsis /></Menu>
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
          {next && <div className="more"><Button aria-busy={act.busy} onClick={() => void act.run(async () => { const found = await question(next); setMore({ key, accounts: [...(extra?.accounts ?? []), ...found.accounts], next: found.next ?? null }); })}>{t("act.loadMore")}</Button></div>}
        </div>
      )}
      {alone && <Empty page title={t("admin.emptyTitle")} acts={<>{invite}{many}</>}>{t("admin.emptyWords")}</Empty>}
      {over?.kind === "edit" && <EditDialog one={over.one} close={close} done={done} />}
      {over?.kind === "reset" && <ResetDialog one={over.one} close={close} />}
      {over?.kind === "disable" && <DisableDialog many={over.many} close={close} done={done} />}
      {over?.kind === "role" && <RoleDialog many={over.many} close={close} done={done} />}
      {over?.kind === "invite" && <InviteDialog close={close} made={() => undefined} />}
      {over?.kind === "many" && <ManyDialog close={close} done={done} />}
      {over?.kind === "rename" && <RenameDialog name={session.status === "signed_in" ? session.server?.organisation ?? "" : ""} close={close} />}
    </>
  );
}
