/** A line of the timeline: a message with its margin, or a change of the conversation. */
import { memo } from "react";
import type { ReactNode, Ref } from "react";
import type { ConversationView, FileRef, MarksView, MembershipView, MessageView, OutboxItem, Person, TimelineItem, TimelineView } from "@sdk";

import { Button, IconButton } from "../../ui/Button";
import { Face } from "../../ui/Face";
import { CircleAlert, Clock, Copy, Ellipsis, Eye, Hourglass, Lock, Pencil, Reply, SmilePlus, Trash } from "../../ui/icons";
import { Menu } from "../../ui/Menu";
import { copy } from "../entrance/Factor";
import { clock, day, daysAgo, moment, names as nameList } from "../format";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { Markdown } from "../text/Markdown";
import { plainText } from "../text/markdown";
import { FileView } from "./FileView";
import { rightsOf, WORDS } from "./MessageSheet";
import { firstName } from "./title";

export type RowActs = {
  compose: () => void;
  reply: (seq: number) => void;
  edit: (seq: number) => void;
  react: (message: MessageView, reaction: string) => void;
  otherReaction: (message: MessageView) => void;
  redact: (message: MessageView) => void;
  toSeq: (seq: number) => void;
  whoRead: (message: MessageView) => void;
  /** All of these, in a sheet. */
  open: (message: MessageView) => void;
  retry: (item: OutboxItem) => void;
  drop: (item: OutboxItem) => void;
  takeBack: (item: OutboxItem) => void;
};

type People = ReadonlyMap<string, Person>;
const JOIN_MS = 5 * 60_000;

const timeOf = (item: TimelineItem): number =>
  item.type === "pending" ? item.item.created : new Date(item.type === "message" ? item.message.time : item.type === "membership" ? item.membership.time : item.time).getTime();

const authorOf = (item: TimelineItem | undefined, me: string): string | null =>
  item?.type === "message" ? item.message.account : item?.type === "pending" ? me : null;

function joins(item: TimelineItem, before: TimelineItem | undefined, me: string): boolean {
  const author = authorOf(item, me);
  return author !== null && before !== undefined && authorOf(before, me) === author && timeOf(item) - timeOf(before) < JOIN_MS && daysAgo(new Date(timeOf(before)), new Date(timeOf(item))) === 0;
}

const personName = (people: People, account: string | null): string => (account === null ? t("timeline.server") : people.get(account)?.display_name ?? t("timeline.someone"));

export const reactionWords = (reaction: string): string => (reaction in WORDS ? t(WORDS[reaction as keyof typeof WORDS].key) : reaction);

function Reactions({ message, me, people, act }: { message: MessageView; me: string; people: People; act: (reaction: string) => void }) {
  if (message.reactions.size === 0) return null;
  return (
    <div className="reacts">
      {[...message.reactions].map(([reaction, accounts]) => {
        const known = reaction in WORDS ? WORDS[reaction as keyof typeof WORDS] : null;
        const who = nameList(accounts.map((account) => (account === me ? t("timeline.you") : firstName(people.get(account)))), 3);
        const words = reaction === "mine" ? t("reaction.mineBy", { names: who }) : t("reaction.count", { word: reactionWords(reaction), n: accounts.length });
        return (
          <button key={reaction} type="button" className="react" aria-pressed={accounts.includes(me)} title={who} onClick={() => act(reaction)}>
            {known?.icon}{words}
          </button>
        );
      })}
    </div>
  );
}

function Quote({ seq, timeline, people, me, go }: { seq: number; timeline: TimelineView; people: People; me: string; go: (seq: number) => void }) {
  const item = timeline.items.find((other) => other.type === "message" && other.message.seq === seq);
  const message = item?.type === "message" ? item.message : null;
  const words = !message ? t("msg.quoteGone") : message.redacted ? t("msg.redacted", { name: personName(people, message.redacted.by) }) : plainText(message.text) || message.files[0]?.name || t("msg.erased");
  return (
    <button type="button" className="quote" onClick={() => go(seq)}>
      {message && <><b>{message.account === me ? t("timeline.you") : personName(people, message.account)}</b> — </>}{words.slice(0, 200)}
    </button>
  );
}

/** What the margin says of a message of one's own: the furthest that all, or some, have it. */
function marksWords(seq: number, view: ConversationView, marks: MarksView): { wide: string; short: string } | null {
  const n = Math.max(0, view.memberCount - 1);
  if (n === 0) return null;
  let read = 0;
  let delivered = 0;
  for (const mark of marks.byAccount.values()) {
    if (mark.read >= seq) read += 1;
    if (mark.delivered >= seq || mark.read >= seq) delivered += 1;
  }
  const same = (words: string) => ({ wide: words, short: words });
  if (read >= n) return same(view.kind === "direct" ? t("state.readOne") : t("state.readAll"));
  if (read > 0) return { wide: t("state.read", { x: read, n }), short: t("state.readShort", { x: read, n }) };
  if (delivered > 0) return view.kind === "direct" ? same(t("state.deliveredOne")) : { wide: t("state.delivered", { x: delivered, n }), short: t("state.deliveredShort", { x: delivered, n }) };
  return null;
}

function Edge({ children, time }: { time: number; children?: ReactNode }) {
  return <div className="edge"><time dateTime={new Date(time).toISOString()} title={moment(new Date(time))}>{clock(new Date(time))}</time>{children}</div>;
}

function MessageTools({ message, own, canEdit, canWrite, canRedact, acts }: { message: MessageView; own: boolean; canEdit: boolean; canWrite: boolean; canRedact: boolean; acts: RowActs }) {
  return (
    <div className="tools" role="toolbar" aria-label={t("msg.tools")}>
      {canWrite && (
        <Menu label={t("msg.react")} entries={[
          ...(["seen", "agreed", "mine"] as const).map((key) => ({ key, words: t(WORDS[key].key), icon: WORDS[key].icon, act: () => acts.react(message, key) })),
          "line",
          { key: "other", words: t("reaction.other"), icon: <SmilePlus size="s" />, act: () => acts.otherReaction(message) },
        ]}><SmilePlus /></Menu>
      )}
      {canWrite && <IconButton label={t("msg.reply")} onClick={() => acts.reply(message.seq)}><Reply /></IconButton>}
      {canEdit && <IconButton label={t("msg.edit")} className="only-wide" onClick={() => acts.edit(message.seq)}><Pencil /></IconButton>}
      <Menu label={t("act.more")} entries={[
        message.text !== "" && { key: "copy", words: t("msg.copy"), icon: <Copy size="s" />, act: () => void copy(message.text) },
        canEdit && { key: "edit", words: t("msg.edit"), icon: <Pencil size="s" />, act: () => acts.edit(message.seq) },
        own && { key: "read", words: t("msg.readBy"), icon: <Eye size="s" />, act: () => acts.whoRead(message) },
        canRedact && "line",
        canRedact && { key: "redact", words: t("msg.redact"), icon: <Trash size="s" />, danger: true, act: () => acts.redact(message) },
      ]}><Ellipsis /></Menu>
    </div>
  );
}

function membershipWords(change: MembershipView, people: People, me: string): string[] {
  const lines: string[] = [];
  const name = (account: string) => (account === me ? t("timeline.you") : personName(people, account));
  const list = (accounts: readonly string[], begins = false) => nameList(accounts.map((account, i) => (account === me && !(begins && i === 0) ? t("timeline.you").toLowerCase() : name(account))), 6);
  const by = change.by;
  const added = change.added.map(({ account }) => account);
  if (added.length > 0) {
    const [only] = added;
    const others = added.filter((account) => account !== by);
    if (by === null) lines.push(t("timeline.joined", { names: list(added, true) }));
    else if (added.length > 1 && others.length < added.length) lines.push(t("timeline.made", { names: list(added) }));
    else if (added.length === 1 && only === by) lines.push(by === me ? t("timeline.joinedYou") : t("timeline.joined", { names: name(by) }));
    else if (added.length === 1 && only === me) lines.push(t("timeline.addedMe", { by: name(by) }));
    else lines.push(by === me ? t("timeline.addedYou", { names: list(added) }) : t("timeline.added", { by: name(by), names: list(added) }));
  }
  if (change.removed.length > 0) {
    const [only] = change.removed;
    if (by === null || (change.removed.length === 1 && only === by)) lines.push(only === me ? t("timeline.leftYou") : t("timeline.left", { names: list(change.removed, true) }));
    else lines.push(by === me ? t("timeline.removedYou", { names: list(change.removed) }) : t("timeline.removed", { by: name(by), names: list(change.removed) }));
  }
  for (const { account, role } of change.roles) lines.push(t("timeline.roleNow", { names: name(account), role: t(`member.${role}`).toLowerCase() }));
  return lines;
}

/** What became of a sealed conversation's keys, without a word of the protocol. */
export function keysWords(what: "started" | "dropped" | "alarm", account: string | null, people: People, me: string): string {
  if (what === "started") return account === me ? t("timeline.keysStartedYou") : t("timeline.keysStarted", { name: personName(people, account) });
  return what === "dropped" ? t("timeline.keysDropped") : t("timeline.keysAlarm");
}

function Author({ id, person, me, time }: { id: string; person: Person | undefined; me: string; time?: ReactNode }) {
  const name = id === me ? t("timeline.you") : person?.display_name ?? t("timeline.someone");
  const outside = person?.role === "guest";
  return (
    <div className="who">
      <span className="only-phone"><Face size="s" id={id} name={person?.display_name ?? name} outside={outside} /></span>
      <b>{name}</b>
      {outside ? <span className="ext-tag">{t("outside.tag")}{person.department && ` · ${person.department}`}</span> : id !== me && person?.title && <span className="post">{person.title}</span>}
      {time}
    </div>
  );
}

export type RowProps = {
  item: TimelineItem;
  before: TimelineItem | undefined;
  after: TimelineItem | undefined;
  fresh: number;
  view: ConversationView;
  timeline: TimelineView;
  marks: MarksView;
  me: string;
  acts: RowActs;
  /** The one row that Tab reaches. */
  stop: boolean;
  active: boolean;
  pointed: boolean;
  people: People;
  ref: Ref<HTMLLIElement>;
};

function PendingBody({ item, people, me, timeline, acts, conversation }: { item: OutboxItem; people: People; me: string; timeline: TimelineView; acts: RowActs; conversation: string }) {
  const { content, state } = item;
  if (content.type !== "message") return null;
  return (
    <>
      {content.replyTo !== null && <Quote seq={content.replyTo} timeline={timeline} people={people} me={me} go={acts.toSeq} />}
      {content.text && <Markdown text={content.text} names={mentionNames(content.mentions, people)} me={me} />}
      {content.files.map((file) => <FileView key={file.blob} file={file} conversation={conversation} />)}
      {state.status === "failed" && (
        <>
          <p className="err"><CircleAlert size="s" /><span>{problemWords(state.problem)}</span></p>
          <div className="reacts">
            <Button size="tight" onClick={() => acts.retry(item)}>{t("msg.retry")}</Button>
            <Button size="tight" kind="bare" onClick={() => acts.takeBack(item)}>{t("msg.toEdit")}</Button>
            <Button size="tight" kind="bare" onClick={() => acts.drop(item)}>{t("msg.drop")}</Button>
          </div>
        </>
      )}
    </>
  );
}

const mentionNames = (accounts: readonly string[], people: People) =>
  accounts.flatMap((account) => { const name = people.get(account)?.display_name; return name ? [{ name, account }] : []; });

export const Row = memo(function Row({ item, before, after, fresh, view, timeline, marks, me, acts, stop, active, pointed, people, ref }: RowProps) {
  const time = timeOf(item);
  const newDay = before === undefined ? !timeline.hasOlder : daysAgo(new Date(timeOf(before)), new Date(time)) !== 0;
  const joined = joins(item, before, me) && fresh === 0 && !newDay;
  const heads = (
    <>
      {newDay && <div className="day" role="heading" aria-level={2}>{day(new Date(time))}</div>}
      {fresh > 0 && <div className="fresh"><span>{t("timeline.fresh", { n: fresh })}</span></div>}
    </>
  );
  const shell = { ref, "data-key": item.key, tabIndex: stop ? 0 : -1 };

  if (item.type === "membership" || item.type === "details" || item.type === "keys") {
    const lines = item.type === "keys" ? [keysWords(item.what, item.account, people, me)] : item.type === "membership" ? membershipWords(item.membership, people, me) : [item.account === me ? t("timeline.titledYou", { title: item.details.title }) : t("timeline.titled", { by: personName(people, item.account), title: item.details.title })];
    return (
      <li {...shell}>
        {heads}
        <div className="event"><div>{lines.map((line) => <p key={line}>{line}</p>)}</div><Edge time={time} /></div>
      </li>
    );
  }

  if (item.type === "pending") {
    const failed = item.item.state.status === "failed";
    const person = people.get(me);
    return (
      <li {...shell}>
        {heads}
        <div className={`msg ${failed ? "failed" : "pending"}${joined ? " next" : ""}`}>
          <Face id={me} name={person?.display_name ?? t("timeline.you")} />
          <div className="body">
            {!joined && <Author id={me} person={person} me={me} />}
            <PendingBody item={item.item} people={people} me={me} timeline={timeline} acts={acts} conversation={view.id} />
          </div>
          {failed ? <Edge time={time}><span>{t("state.failed")}</span></Edge> : <div className="edge"><span><Clock size="s" /> {t("state.pending")}</span></div>}
        </div>
      </li>
    );
  }

  const { message } = item;
  const author = message.account ?? "";
  const person = people.get(author);
  const own = message.account === me;
  const gone = message.redacted !== null || message.erased || message.unsupported || message.sealed !== null;
  const { canWrite, canEdit, canRedact } = rightsOf(message, view, me);
  const lastOfRun = after === undefined || !joins(after, item, me);
  // Why is said once for a run of them.
  const sameLock = before?.type === "message" && before.message.sealed === "locked";
  const state = own && !gone && lastOfRun ? marksWords(message.seq, view, marks) : null;
  const file = (one: FileRef) => <FileView key={one.blob} file={one} conversation={view.id} />;
  return (
    <li {...shell}>
      {heads}
      <div className={`msg${joined ? " next" : ""}${active ? " is-active" : ""}`}>
        <Face id={author} name={person?.display_name ?? "?"} outside={person?.role === "guest"} />
        <div className="body">
          {joined ? <span className="sr">{own ? t("timeline.you") : personName(people, message.account)}</span> : <Author id={author} person={person} me={me} />}
          {message.redacted ? (
            <p className="gone">{message.redacted.by === me ? t("msg.redactedOwn") : t("msg.redacted", { name: personName(people, message.redacted.by) })}</p>
          ) : message.erased ? (
            <p className="gone">{t("msg.erased")}</p>
          ) : message.sealed === "waiting" ? (
            <p className="gone" title={t("msg.waitingKeysWhy")}><Hourglass size="s" /> {t("msg.waitingKeys")}</p>
          ) : message.sealed === "locked" ? (
            <p className="gone"><Lock size="s" /> {t("msg.locked")}{!sameLock && <><br />{t("msg.lockedWhy")}</>}</p>
          ) : message.unsupported ? (
            <p className="gone">{t("msg.unsupported")}</p>
          ) : (
            <>
              {message.replyTo !== null && <Quote seq={message.replyTo} timeline={timeline} people={people} me={me} go={acts.toSeq} />}
              {message.text && <Markdown text={message.text} names={mentionNames(message.mentions, people)} me={me} />}
              {message.files.map(file)}
              <Reactions message={message} me={me} people={people} act={(reaction) => { if (canWrite) acts.react(message, reaction); }} />
            </>
          )}
        </div>
        <Edge time={time}>
          {message.revised && !gone && <span title={moment(message.revised)}>{t("state.revised")}</span>}
          {item.waiting && <span><Clock size="s" /> {t("state.pending")}</span>}
          {state && <><span className="only-wide">{state.wide}</span><span className="only-phone">{state.short}</span></>}
        </Edge>
        {(pointed || active) && !gone && <MessageTools message={message} own={own} canEdit={canEdit} canWrite={canWrite} canRedact={canRedact} acts={acts} />}
      </div>
    </li>
  );
});
