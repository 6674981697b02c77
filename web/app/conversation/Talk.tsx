/** A conversation: its header with its protection, its messages, its composer. */
import { useEffect, useMemo, useRef, useState } from "react";
import type { DragEvent, RefObject } from "react";
import type { ConversationView, MessageView, OutboxItem } from "@sdk";

import { Button, IconButton } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { TextField } from "../../ui/Field";
import { BellOff, ChevronLeft, Ellipsis, PanelRight, Search } from "../../ui/icons";
import { Menu } from "../../ui/Menu";
import { useAct, useClient, useMe, usePerson, useReadable } from "../client";
import { names as nameList } from "../format";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { ChangedGuard } from "../keys/Changed";
import { blockedWords, lockOf, useKeysState } from "../keys/keys";
import { Locked } from "../keys/Locked";
import { Stand } from "../keys/Stand";
import { FieldError } from "../../ui/Field";
import { say } from "../../ui/Toasts";
import { PresenceOf } from "../people/Presence";
import { ProtectionPlate } from "../protection";
import { navigate } from "../router";
import { Composer } from "./Composer";
import type { ComposerHandle } from "./Composer";
import { MessageSheet } from "./MessageSheet";
import type { RowActs } from "./Row";
import { Timeline } from "./Timeline";
import type { TimelineHandle } from "./Timeline";
import { firstName, nameOf, titleOf } from "./title";
import { useConversationMenu } from "./menu";

function ConfirmRedact({ view, message, close }: { view: ConversationView; message: MessageView; close: () => void }) {
  const client = useClient();
  const act = useAct();
  return (
    <Dialog title={t("msg.redactTitle")} close={close} closeWords={t("act.close")} size="narrow" role="alertdialog">
      <p>{t("msg.redactWords")}</p>
      {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
      <div className="end">
        <Button kind="danger" aria-busy={act.busy} onClick={() => void act.run(async () => { await client.redact(view.id, message.seq); close(); })}>{t("msg.redact")}</Button>
        <Button kind="bare" onClick={close}>{t("act.cancel")}</Button>
      </div>
    </Dialog>
  );
}

function WhoRead({ view, message, close }: { view: ConversationView; message: MessageView; close: () => void }) {
  const client = useClient();
  const marks = useReadable(useMemo(() => client.marks(view.id), [client, view.id]));
  const timeline = useReadable(useMemo(() => client.timeline(view.id), [client, view.id]));
  const me = useMe().person.account;
  const others = [...timeline.members.keys()].filter((account) => account !== me);
  const of = (account: string) => marks.byAccount.get(account) ?? { delivered: 0, read: 0 };
  const read = others.filter((account) => of(account).read >= message.seq);
  const got = others.filter((account) => of(account).read < message.seq && of(account).delivered >= message.seq);
  const not = others.filter((account) => !read.includes(account) && !got.includes(account));
  const group = (words: string, accounts: readonly string[]) => accounts.length > 0 && <section><h3 className="legend">{words}</h3><ul className="plain">{accounts.map((account) => <li key={account}>{nameOf(client, account)}</li>)}</ul></section>;
  return (
    <Dialog title={t("msg.readBy")} close={close} closeWords={t("act.close")} size="narrow">
      {read.length === 0 && <p>{t("msg.readByNobody")}</p>}
      {group(t("msg.readList"), read)}
      {group(t("msg.gotList"), got)}
      {group(t("msg.notList"), not)}
    </Dialog>
  );
}

function OtherReaction({ done, close }: { done: (reaction: string) => void; close: () => void }) {
  const [word, setWord] = useState("");
  const clean = word.trim();
  return (
    <Dialog title={t("reaction.otherTitle")} close={close} closeWords={t("act.close")} size="narrow">
      <form className="form close" onSubmit={(event) => { event.preventDefault(); if (clean) done(clean); }}>
        <TextField label={t("reaction.otherLabel")} hint={t("reaction.otherHint")} value={word} onText={setWord} maxLength={32} autoFocus autoComplete="off" />
        <div className="end"><Button kind="go" type="submit" unless={!clean && t("compose.empty")}>{t("reaction.otherAct")}</Button></div>
      </form>
    </Dialog>
  );
}

type Over = { kind: "redact" | "read" | "react" | "acts"; message: MessageView } | null;

export function Talk({ view, details, toggleDetails, searching, toggleSearch, rows }: { view: ConversationView; details: boolean; toggleDetails: () => void; searching: boolean; toggleSearch: () => void; rows: RefObject<TimelineHandle | null> }) {
  const client = useClient();
  const me = useMe().person.account;
  const other = usePerson(view.kind === "direct" ? view.with : null);
  const source = useMemo(() => client.timeline(view.id), [client, view.id]);
  const timeline = useReadable(source);
  const typing = useReadable(useMemo(() => client.typing(view.id), [client, view.id]));
  const people = useReadable(client.people);
  const composer = useRef<ComposerHandle>(null);
  const [over, setOver] = useState<Over>(null);
  const [dropping, setDropping] = useState(false);
  const menu = useConversationMenu(view);
  const keys = useKeysState();
  const lock = view.protection === "open" ? null : lockOf(keys);
  const title = titleOf(view, other);
  const outside = [...timeline.members.keys()].filter((account) => people.get(account)?.role === "guest").length;

  useEffect(() => { document.title = `${title} · Rempart`; }, [title]);
  useEffect(() => { if (matchMedia("(pointer: fine)").matches) composer.current?.focus(); }, []);

  const acts = useMemo<RowActs>(() => ({
    compose: () => composer.current?.focus(),
    reply: (seq) => composer.current?.reply(seq),
    edit: (seq) => { const message = source.message(seq); if (message) composer.current?.edit(message); },
    react: (message, reaction) => {
      void client.react(view.id, message.seq, reaction, !message.reactions.get(reaction)?.includes(me)).then(({ done }) => done.catch((cause: unknown) => say(problemWords(cause))), (cause: unknown) => say(problemWords(cause)));
    },
    otherReaction: (message) => setOver({ kind: "react", message }),
    redact: (message) => setOver({ kind: "redact", message }),
    whoRead: (message) => setOver({ kind: "read", message }),
    open: (message) => setOver({ kind: "acts", message }),
    toSeq: (seq) => rows.current?.toSeq(seq),
    retry: (item: OutboxItem) => void client.retry(item.clientId),
    drop: (item: OutboxItem) => void client.cancel(item.clientId),
    takeBack: (item: OutboxItem) => { if (item.content.type === "message") { const { text } = item.content; void client.cancel(item.clientId).then((taken) => { if (taken) composer.current?.put(text); }); } },
  }), [client, view.id, source, me, rows]);

  const typingLine = typing.length === 0 ? "" : typing.length === 1 ? t("timeline.typing1", { names: firstName(client.people.get(typing[0] ?? "")) }) : t("timeline.typing2", { names: nameList(typing.map((account) => firstName(client.people.get(account)))) });
  const drag = (event: DragEvent) => {
    if (!event.dataTransfer.types.includes("Files") || view.role === "reader" || lock) return;
    event.preventDefault();
    setDropping(event.type !== "dragleave" || event.currentTarget.contains(event.relatedTarget as Node | null));
  };

  return (
    <main className={`pane talk ${view.protection}`} id="main" onDragEnter={drag} onDragOver={drag} onDragLeave={drag} onDrop={(event) => { setDropping(false); if (view.role === "reader" || lock) return; event.preventDefault(); composer.current?.attach([...event.dataTransfer.files]); }}>
      <header className="top">
        <IconButton label={t("conv.back")} className="only-phone" onClick={() => navigate("/")}><ChevronLeft size="l" /></IconButton>
        <div className="title">
          <h1>{title}{view.with && view.kind === "direct" && <PresenceOf account={view.with} />}{view.muted && <span title={t("conv.muted")}><BellOff size="s" /></span>}</h1>
          <ProtectionPlate of={view.protection} outside={outside} />
        </div>
        <div className="acts">
          <IconButton label={t("search.label")} aria-pressed={searching} onClick={toggleSearch}><Search /></IconButton>
          <Menu label={t("act.more")} entries={menu.entries}><Ellipsis /></Menu>
          <IconButton label={t("conv.details")} aria-pressed={details} onClick={toggleDetails}><PanelRight /></IconButton>
        </div>
      </header>
      {lock ? <Locked why={lock} /> : <Timeline view={view} timeline={timeline} acts={acts} handle={rows} />}
      {!lock && <Stand view={view} />}
      {!lock && <ChangedGuard view={view} members={timeline.members.keys()} />}
      {!lock && <Composer blocked={blockedWords(view, keys, timeline.members.keys())} view={view} title={title} timeline={timeline} handle={composer} typingLine={typingLine} focusTimeline={() => rows.current?.focus()} />}
      {dropping && <div className="drop-here"><p>{t("compose.drop", { title })}</p></div>}
      {over?.kind === "redact" && <ConfirmRedact view={view} message={over.message} close={() => setOver(null)} />}
      {over?.kind === "acts" && <MessageSheet message={over.message} view={view} acts={acts} close={() => setOver((now) => (now?.kind === "acts" ? null : now))} />}
      {over?.kind === "read" && <WhoRead view={view} message={over.message} close={() => setOver(null)} />}
      {over?.kind === "react" && <OtherReaction done={(word) => { acts.react(over.message, word); setOver(null); }} close={() => setOver(null)} />}
      {menu.dialog}
    </main>
  );
}
