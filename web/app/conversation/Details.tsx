/** The pane of details: who reads, the members, the files. */
import { useEffect, useMemo, useRef, useState } from "react";
import type { ConversationView, MemberRole, Person, TimelineItem } from "@sdk";
import { SealedDownload } from "./SealedFile";
import { NetworkError } from "@sdk";

import { Button, IconButton } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Face } from "../../ui/Face";
import { FieldError } from "../../ui/Field";
import { Bell, BellOff, Download, Ellipsis, FileText, Landmark, LogOut, MessageSquare, Pencil, Pin, PinOff, ShieldCheck, User, UserPlus, UserX, X } from "../../ui/icons";
import { Menu } from "../../ui/Menu";
import { say } from "../../ui/Toasts";
import { useAct, useClient, useMe, useReadable } from "../client";
import { moment, size } from "../format";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { Holders } from "../keys/Holders";
import { lockOf, useKeysState } from "../keys/keys";
import { VerifiedMark, VerifyDialog } from "../keys/Verify";
import { PresenceOf } from "../people/Presence";
import { PeoplePicker } from "../people/PeoplePicker";
import { ProtectionSays } from "../protection";
import { navigate } from "../router";
import { useConversationMenu } from "./menu";
import { writeTo } from "./write";

const ROLES: readonly MemberRole[] = ["owner", "moderator", "member", "reader"];

function AddPeople({ view, present, close }: { view: ConversationView; present: ReadonlySet<string>; close: () => void }) {
  const client = useClient();
  const [picked, setPicked] = useState<readonly Person[]>([]);
  const act = useAct();
  return (
    <Dialog title={t("details.addTitle")} close={close} closeWords={t("act.close")}>
      <p>{t("details.addWords")}</p>
      <PeoplePicker picked={picked} pick={setPicked} without={present} />
      {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
      <div className="end">
        <Button kind="go" aria-busy={act.busy} unless={picked.length === 0 && t("details.addUnless")} onClick={() => void act.run(async () => { await client.command("conversations.add", { conversation: view.id, accounts: picked.map(({ account }) => account) }); close(); })}>{t("details.add")}</Button>
        <Button kind="bare" onClick={close}>{t("act.cancel")}</Button>
      </div>
    </Dialog>
  );
}

function RemoveMember({ view, person, close }: { view: ConversationView; person: Person; close: () => void }) {
  const client = useClient();
  const act = useAct();
  return (
    <Dialog title={t("details.removeTitle", { name: person.display_name })} close={close} closeWords={t("act.close")} size="narrow" role="alertdialog">
      <p>{t("details.removeWords", { name: person.display_name })}</p>
      {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
      <div className="end">
        <Button kind="danger" aria-busy={act.busy} onClick={() => void act.run(async () => { await client.command("conversations.remove", { conversation: view.id, account: person.account }); close(); })}>{t("act.remove")}</Button>
        <Button kind="bare" onClick={close}>{t("act.cancel")}</Button>
      </div>
    </Dialog>
  );
}

function MemberRow({ person, role, view, remove, verify }: { verify: () => void; person: Person; role: MemberRole; view: ConversationView; remove: () => void }) {
  const client = useClient();
  const me = useMe().person.account;
  const self = person.account === me;
  const manages = view.kind !== "direct" && (view.role === "owner" || (view.role === "moderator" && role !== "owner"));
  const setRole = (next: MemberRole) => { client.command("conversations.role", { conversation: view.id, account: person.account, role: next }).catch((cause: unknown) => say(problemWords(cause), { seconds: 8 })); };
  const outside = person.role === "guest";
  return (
    <li className="person">
      <Face size="s" id={person.account} name={person.display_name} outside={outside} />
      <div className="grow">
        <span className="nm">{self ? t("details.you", { name: person.display_name }) : person.display_name}<PresenceOf account={person.account} /></span>
        <div className="sub">{outside ? <span className="ext-tag">{person.address}</span> : person.title || person.department || person.address} {view.protection !== "open" && <VerifiedMark account={person.account} />}</div>
      </div>
      {role !== "member" && <span className="note">{t(`member.${role}`)}</span>}
      {!self && (
        <Menu label={t("details.memberMenu", { name: person.display_name })} className="icon quiet" entries={[
          view.kind !== "direct" && { key: "write", words: t("details.write"), icon: <MessageSquare size="s" />, act: () => void writeTo(client, person.account) },
          { key: "see", words: t("details.profile"), icon: <User size="s" />, act: () => navigate(`/people/${person.account}`) },
          view.protection !== "open" && { key: "verify", words: t("verify.open"), icon: <ShieldCheck size="s" />, act: verify },
          manages && view.role === "owner" && "line",
          ...(manages && view.role === "owner" ? ROLES.filter((other) => other !== role).map((other) => ({ key: `role-${other}`, words: t("details.makeRole", { role: t(`member.${other}`) }), act: () => setRole(other) })) : []),
          manages && "line",
          manages && { key: "remove", words: t("details.removeMember"), icon: <UserX size="s" />, danger: true, act: remove },
        ]}><Ellipsis size="s" /></Menu>
      )}
    </li>
  );
}

const FILES = 30;
/** Newest first. */
const filesOf = (items: readonly TimelineItem[]) => items.flatMap((item) => (item.type === "message" && !item.message.redacted ? item.message.files : [])).reverse();
const seqOf = (item: TimelineItem | undefined): number => (item === undefined || item.type === "pending" ? 0 : item.type === "message" ? item.message.seq : item.type === "membership" ? item.membership.seq : item.seq);

export function Details({ view, close }: { view: ConversationView; close: () => void }) {
  const client = useClient();
  const source = useMemo(() => client.timeline(view.id), [client, view.id]);
  const timeline = useReadable(source);
  const people = useReadable(client.people);
  const [filesShown, setFilesShown] = useState(FILES);
  const act = useAct();
  /** Whether older pages are still to be read: the pane may go, or the person stop. */
  const wanted = useRef(false);
  useEffect(() => () => { wanted.current = false; }, []);
  const [all, setAll] = useState(false);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Person | null>(null);
  const [verifying, setVerifying] = useState<string | null>(null);
  const locked = lockOf(useKeysState()) !== null;
  const menu = useConversationMenu(view);

  const members = useMemo(() => {
    const known = [...timeline.members].flatMap(([account, role]) => { const person = people.get(account) ?? client.people.get(account); return person ? [{ person, role }] : []; });
    return known.sort((a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role) || a.person.display_name.localeCompare(b.person.display_name));
  }, [client, timeline.members, people]);
  const inside = members.filter(({ person }) => person.role !== "guest");
  const outside = members.filter(({ person }) => person.role === "guest");
  const shown = all ? inside : inside.slice(0, 8);
  const files = useMemo(() => filesOf(timeline.items), [timeline.items]);
  const manages = view.kind !== "direct" && (view.role === "owner" || view.role === "moderator");
  const first = timeline.items[0];
  const since = first?.type === "message" ? first.message.time : first?.type === "membership" ? first.membership.time : first?.type === "details" ? first.time : null;

  // Shows those that are here, then reads older pages until they bring another screenful, or there are no more.
  const moreFiles = async () => {
    const goal = filesShown + FILES;
    setFilesShown(goal);
    wanted.current = true;
    while (wanted.current && source.getSnapshot().hasOlder && filesOf(source.getSnapshot().items).length < goal) {
      const before = seqOf(source.getSnapshot().items[0]);
      await source.loadOlder();
      if (seqOf(source.getSnapshot().items[0]) === before) break;
    }
  };

  return (
    <aside className="pane details" aria-label={t("details.label")} data-region="details" tabIndex={-1} onKeyDown={(event) => { if (event.key === "Escape") close(); }}>
      <div className="top">
        <h2>{t("conv.details")}</h2>
        <IconButton label={t("conv.closeDetails")} onClick={close}><X /></IconButton>
      </div>
      <div className="scroll">
        <section className="block"><ProtectionSays of={view.protection} members={view.memberCount} /></section>
        {view.kind !== "direct" && (view.topic || manages) && (
          <section className="block">
            <h3>{t("details.topic")} {manages && <Button kind="bare" size="tight" onClick={menu.editTitle}><Pencil size="s" />{t("act.change")}</Button>}</h3>
            <p className="small topic">{view.topic || "–"}</p>
          </section>
        )}
        <section className="block">
          <h3>{t("details.members")} <span className="note">{view.memberCount}</span><span className="grow" />{manages && <Button kind="bare" size="tight" onClick={() => setAdding(true)}><UserPlus size="s" />{t("details.add")}</Button>}</h3>
          {view.protection === "recorded" && (
            <div className="pinned recorded"><div className="person"><span className="face s house" aria-hidden="true"><Landmark size="s" /></span><div className="grow"><b>{t("archive.member")}</b><div className="sub">{t("archive.memberWords")}</div></div><Pin size="s" /></div></div>
          )}
          <ul>{shown.map(({ person, role }) => <MemberRow key={person.account} person={person} role={role} view={view} remove={() => setRemoving(person)} verify={() => setVerifying(person.account)} />)}</ul>
          {inside.length > shown.length && <button type="button" className="linkish" onClick={() => setAll(true)}>{t("details.others", { n: inside.length - shown.length })}</button>}
        </section>
        {outside.length > 0 && (
          <section className="block">
            <h3><span className="ext">{t("outside.section")}</span></h3>
            <ul>{outside.map(({ person, role }) => <MemberRow key={person.account} person={person} role={role} view={view} remove={() => setRemoving(person)} verify={() => setVerifying(person.account)} />)}</ul>
          </section>
        )}
        {view.protection !== "open" && !locked && (
          <section className="block">
            <h3>{t("holders.title")}</h3>
            <Holders view={view} members={members.map(({ person }) => person)} />
          </section>
        )}
        <section className="block">
          <h3>{t("details.files")} <span className="note">{files.length || ""}</span></h3>
          {files.length === 0 && <p className="note">{t(timeline.hasOlder ? "details.noFiles" : "details.noFilesAtAll")}</p>}
          <ul>
            {files.slice(0, filesShown).map((file, i) => (
              <li key={`${file.blob}-${i}`} className="person one-file">
                <FileText />
                <div className="grow"><span className="nm">{file.name}</span><div className="sub">{size(file.size)}</div></div>
                {file.key === undefined
                  ? <a className="b bare icon" href={client.blobUrl(view.id, file.blob, file.name)} download={file.name} aria-label={t("file.download", { name: file.name })}><Download size="s" /></a>
                  : <SealedDownload file={{ ...file, key: file.key }} conversation={view.id}><Download size="s" /></SealedDownload>}
              </li>
            ))}
          </ul>
          {(files.length > filesShown || timeline.hasOlder) && (
            <>
              {timeline.hasOlder && since && <p className="note">{t("details.filesSince", { time: moment(since) })}</p>}
              {act.busy && <progress max={Math.max(1, timeline.lastSeq)} value={Math.max(0, timeline.lastSeq - seqOf(timeline.items[0]))} aria-label={t("details.olderFiles")} />}
              {Boolean(act.cause) && <FieldError>{act.cause instanceof NetworkError ? t("search.offline") : problemWords(act.cause)}</FieldError>}
              <Button size="tight" aria-busy={act.busy} onClick={() => { if (act.busy) wanted.current = false; else void act.run(moreFiles); }}>{act.busy ? t("search.stop") : t("details.olderFiles")}</Button>
            </>
          )}
        </section>
        <section className="block">
          <h3>{t("details.acts")}</h3>
          <div className="stack">
            <Button kind="bare" onClick={menu.pin}>{view.pinned ? <PinOff /> : <Pin />}{view.pinned ? t("details.unpin") : t("details.pin")}</Button>
            <Button kind="bare" onClick={menu.mute}>{view.muted ? <Bell /> : <BellOff />}{view.muted ? t("details.unmute") : t("details.mute")}</Button>
            {view.kind !== "direct" && <Button kind="bare" className="bad" onClick={menu.leave}><LogOut />{t("details.leave")}</Button>}
          </div>
        </section>
      </div>
      {adding && <AddPeople view={view} present={new Set(timeline.members.keys())} close={() => setAdding(false)} />}
      {removing && <RemoveMember view={view} person={removing} close={() => setRemoving(null)} />}
      {verifying && <VerifyDialog account={verifying} close={() => setVerifying(null)} />}
      {menu.dialog}
    </aside>
  );
}
