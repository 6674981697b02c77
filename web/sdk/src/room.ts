// One conversation on this device: its cursor, its fold, and what is shown of it.

import { fromBase64Url } from "./bytes";
import { readContent } from "./fold/content";
import { Fold, type OpenEntry, type Row } from "./fold/fold";
import type { Host } from "./host";
import { contiguousEnd, Journal } from "./journal";
import { NetworkError } from "./problem";
import type {
  AccountId, ClientId, ComposerDraft, ConversationId, ConversationView, DetailsView, MessageView, OutboxItem, SealedState, Timeline, TimelineItem, TimelineView,
} from "./public";
import { Derived, Value } from "./readable";
import type { Seal } from "./seal";
import type { KnownDetails, Store, StoredConversation, Window } from "./store";
import type { Conversation, Entry, JournalPage, MemberRole, Protection } from "./wire";

const OLDER_PAGE = 100;
const FIRST_PAGE = 50;
/** Entries kept in memory of a conversation that nobody looks at. */
const RESTING = 200;
const REST_MS = 60_000;
export const UNREAD_MOST = 200;
const NO_DRAFT: ComposerDraft = { text: "", mentions: [], replyTo: null };

export interface RoomPorts {
  readonly host: Host;
  readonly store: Store;
  readonly seal: Seal;
  readonly me: AccountId;
  live(): boolean;
  /** Pages through the client's limit of requests at once. */
  read(params: { conversation: ConversationId; after?: number; before?: number; limit: number }): Promise<JournalPage>;
  members(id: ConversationId): Promise<ReadonlyMap<AccountId, MemberRole>>;
  name(account: AccountId): string | null;
  /** How it stands where it is sealed. */
  sealed(id: ConversationId, protection: Protection): SealedState | null;
  pendingOf(id: ConversationId): readonly OutboxItem[];
  /** Something shown in the list has changed. */
  changed(): void;
  /** Entries have come to stay on this device, up to this number. */
  kept(id: ConversationId, seq: number): void;
  /** An entry has been folded. */
  arrived(id: ConversationId, entry: Entry, live: boolean): void;
  fault(error: unknown): void;
}

export class Room {
  readonly id: ConversationId;
  readonly timeline: Timeline;
  readonly summary: Derived<ConversationView | null>;
  readonly draft: Value<ComposerDraft>;
  readonly journal: Journal;
  readonly #ports: RoomPorts;
  #raw: Conversation;
  #known: KnownDetails | null;
  #readSeq: number;
  #gone = false;
  #fold = new Fold();
  /** The first entry in the fold. */
  #foldLo = Number.POSITIVE_INFINITY;
  #foldHi = 0;
  /** What has been taken is opened and folded one after the other. */
  #folding: Promise<void> = Promise.resolve();
  #keeping: Promise<void> = Promise.resolve();
  #loadingOlder: Promise<void> | null = null;
  #members: ReadonlyMap<AccountId, MemberRole> | null = null;
  #askingMembers = false;
  #askedFirst = false;
  /** Something in the fold is sealed and not opened yet. */
  #unopened = false;
  #resting: unknown = null;
  readonly #view: Derived<TimelineView>;
  readonly #items = new WeakMap<Row, { view: unknown; item: TimelineItem }>();

  constructor(ports: RoomPorts, stored: StoredConversation, window: Window | null, draft: ComposerDraft | undefined) {
    this.#ports = ports;
    this.#raw = stored.conversation;
    this.#known = stored.details;
    this.id = stored.conversation.conversation;
    this.#readSeq = stored.conversation.read_seq;
    this.draft = new Value(draft ?? NO_DRAFT);
    this.summary = new Derived<ConversationView | null>(() => (this.#gone ? null : this.#summarise()));
    this.#view = new Derived<TimelineView>(() => this.#render(), (watched) => this.#watched(watched));
    this.timeline = {
      subscribe: this.#view.subscribe,
      getSnapshot: this.#view.getSnapshot,
      loadOlder: () => this.loadOlder(),
      loadUntil: (seq) => this.#loadUntil(seq),
      message: (seq) => this.#fold.message(seq),
    };
    this.journal = new Journal(
      {
        clock: ports.host.clock,
        read: (range, limit) => ports.read({ conversation: this.id, ...range, limit }),
        tail: () => this.#firstPage(),
        live: ports.live,
        append: (entries) => this.#append(entries, true),
        reset: (entries) => this.#reset(entries),
        changed: () => this.changed(),
      },
      window,
    );
  }

  get raw(): Conversation {
    return this.#raw;
  }
  get readSeq(): number {
    return this.#readSeq;
  }
  /** Resolves when what has been taken so far is folded and kept. */
  async settled(): Promise<void> {
    await this.#folding;
    await this.#keeping;
  }

  /** Puts the newest kept entries in the fold, at start. */
  async restore(): Promise<void> {
    const window = this.journal.window;
    if (window === null) return;
    const entries = contiguousEnd(await this.#ports.store.readEntries(this.id, window.hi + 1, this.#firstPage()));
    if (entries.at(-1)?.seq !== window.hi) return;
    this.#foldEntries(entries, false);
    await this.#folding;
  }

  /** What the server says of the conversation. */
  update(raw: Conversation): void {
    this.#raw = { ...raw, last_seq: Math.max(raw.last_seq, this.journal.head) };
    this.#readSeq = Math.max(this.#readSeq, raw.read_seq);
    this.#gone = false;
    this.#save();
    this.journal.onHead(raw.last_seq, raw.from_seq);
    this.changed();
  }

  leave(): void {
    this.#gone = true;
    this.changed();
  }

  /** True when the mark went forward. */
  setRead(seq: number): boolean {
    const bounded = Math.min(seq, Math.max(this.journal.head, this.#raw.last_seq));
    if (bounded <= this.#readSeq) return false;
    this.#readSeq = bounded;
    this.#raw = { ...this.#raw, read_seq: bounded };
    this.#save();
    this.changed();
    return true;
  }

  setDraft(draft: ComposerDraft): void {
    const empty = draft.text === "" && draft.mentions.length === 0 && draft.replyTo === null;
    this.draft.set(empty ? NO_DRAFT : draft);
    this.#ports.store.setDraft(this.id, empty ? null : draft).catch(this.#ports.fault);
    this.summary.changed();
    this.#ports.changed();
  }

  /** Whether a thing of one's own has come back in the journal. */
  seqOf(clientId: ClientId): number | undefined {
    return this.#fold.has(this.#ports.me, clientId);
  }
  /** Everything up to here has been folded. */
  get foldedTo(): number {
    return this.#foldHi;
  }
  /** The newest details that are known here, and the newest entry that said any. */
  get known(): { readonly details: DetailsView; readonly seq: number } | null {
    const details = this.#details;
    if (details === null) return null;
    const said = this.#fold.rows().findLast((row) => row.type === "details");
    return { details, seq: said?.seq ?? 0 };
  }

  changed(): void {
    this.#view.changed();
    this.summary.changed();
    this.#ports.changed();
    this.#askForWhatIsMissing();
  }

  loadOlder(): Promise<void> {
    this.#loadingOlder ??= this.#older().finally(() => {
      this.#loadingOlder = null;
      this.#view.changed();
    });
    this.#view.changed();
    return this.#loadingOlder;
  }

  /** Enough to count what is unread. */
  #firstPage(): number {
    return Math.max(FIRST_PAGE, Math.min(UNREAD_MOST, this.#raw.last_seq - this.#readSeq + 20));
  }

  async #loadUntil(seq: number): Promise<boolean> {
    await this.#folding;
    while (this.#foldLo > seq && this.#hasOlder()) {
      const before = this.#foldLo;
      await this.loadOlder();
      if (this.#foldLo >= before) return false;
    }
    return this.#fold.message(seq) !== undefined;
  }

  #hasOlder(): boolean {
    return this.journal.hasOlder || (this.journal.window !== null && this.#foldLo > this.journal.window.lo && Number.isFinite(this.#foldLo));
  }

  async #older(): Promise<void> {
    await this.#folding;
    if (!this.#hasOlder() || !Number.isFinite(this.#foldLo)) return;
    const before = this.#foldLo;
    let entries = contiguousEnd(await this.#ports.store.readEntries(this.id, before, OLDER_PAGE));
    if (entries.at(-1)?.seq !== before - 1) {
      if (!this.#ports.live()) throw new NetworkError("older messages are not on this device");
      const page = await this.#ports.read({ conversation: this.id, before, limit: OLDER_PAGE });
      entries = contiguousEnd(page.entries);
      if (entries.at(-1)?.seq !== before - 1) {
        if (before === this.journal.window?.lo) this.journal.noOlder();
        return;
      }
      this.#keep(entries);
    }
    if (before !== this.#foldLo) return;
    this.journal.extendDown(entries[0]?.seq ?? before);
    this.#foldEntries(entries, false);
    await this.#folding;
  }

  #append(entries: readonly Entry[], live: boolean): void {
    const last = entries.at(-1);
    if (last !== undefined) this.#raw = { ...this.#raw, last_seq: Math.max(this.#raw.last_seq, last.seq), last_time: last.time };
    this.#keep(entries);
    this.#foldEntries(entries, live);
  }

  #reset(entries: readonly Entry[]): void {
    this.#folding = this.#folding.then(() => {
      this.#fold = new Fold();
      this.#foldLo = Number.POSITIVE_INFINITY;
      this.#foldHi = 0;
    });
    this.#append(entries, false);
  }

  #keep(entries: readonly Entry[]): void {
    const last = entries.at(-1);
    this.#keeping = this.#keeping
      .then(async () => {
        await this.#ports.store.putEntries(this.id, entries);
        for (const entry of entries) {
          if (entry.kind === "erasure" && entry.refers_to != null) await this.#ports.store.eraseEntry(this.id, entry.refers_to);
        }
        if (last !== undefined && last.seq === this.journal.hi) this.#ports.kept(this.id, last.seq);
      })
      .catch(this.#ports.fault);
  }

  #foldEntries(entries: readonly Entry[], live: boolean): void {
    this.#folding = this.#folding
      .then(async () => {
        const opened = await Promise.all(entries.map((entry) => this.#open(entry)));
        for (const entry of opened) this.#fold.apply(entry);
        this.#foldLo = Math.min(this.#foldLo, entries[0]?.seq ?? Number.POSITIVE_INFINITY);
        this.#foldHi = Math.max(this.#foldHi, entries.at(-1)?.seq ?? 0);
        if (this.#members !== null) this.#reseed(entries);
        const details = this.#fold.details();
        if (details !== null) this.#learn(details, this.#foldHi);
        for (const entry of entries) this.#ports.arrived(this.id, entry, live);
        this.changed();
      })
      .catch(this.#ports.fault);
  }

  async #open(entry: Entry): Promise<OpenEntry> {
    const opened = await this.#ports.seal.open(this.id, this.#raw.protection, entry);
    if (opened.state === "waiting") this.#unopened = true;
    const base = {
      seq: entry.seq,
      kind: entry.kind,
      account: entry.account ?? null,
      time: entry.time,
      refersTo: entry.refers_to ?? null,
      clientId: entry.client_id,
    };
    if (opened.state === "clear") return { ...base, content: opened.content };
    return opened.state === "erased" ? { ...base, content: null } : { ...base, content: null, sealed: opened.state };
  }

  /** Sealed content can be read that could not be, or does not count any more (`dropped`). */
  reopen(dropped: boolean): void {
    if (!this.#unopened && !dropped) return;
    this.#folding = this.#folding
      .then(async () => {
        await this.#keeping;
        const count = this.#foldHi - this.#foldLo + 1;
        if (!Number.isFinite(count) || count <= 0) return;
        const entries = contiguousEnd(await this.#ports.store.readEntries(this.id, this.#foldHi + 1, count));
        if (entries.at(-1)?.seq !== this.#foldHi || entries[0]?.seq !== this.#foldLo) return;
        await this.#refold(entries);
      })
      .catch(this.#ports.fault);
  }

  async #refold(entries: readonly Entry[]): Promise<void> {
    this.#unopened = false;
    const fold = new Fold(this.#members === null ? undefined : this.#fold.members());
    for (const entry of await Promise.all(entries.map((one) => this.#open(one)))) fold.apply(entry);
    if (this.#members !== null) fold.reseed(fold.seedFrom(this.#members));
    this.#fold = fold;
    this.#foldLo = entries[0]?.seq ?? this.#foldLo;
    const details = fold.details();
    if (details !== null) this.#learn(details, this.#foldHi);
    this.changed();
  }

  /** Members of now are those that were asked for, changed by what came since. */
  #reseed(entries: readonly Entry[]): void {
    if (this.#members === null || !entries.some((entry) => entry.kind === "membership")) return;
    this.#fold.reseed(this.#fold.seedFrom(this.#members));
  }

  #watched(watched: boolean): void {
    this.#ports.host.clock.cancel(this.#resting);
    if (watched) this.#askForWhatIsMissing();
    else this.#resting = this.#ports.host.clock.after(REST_MS, () => this.#rest());
  }

  /** Lets go of older pages; they are on disk. */
  #rest(): void {
    if (this.#view.watched || this.#foldHi - this.#foldLo < 2 * RESTING) return;
    this.#folding = this.#folding
      .then(async () => {
        const entries = contiguousEnd(await this.#ports.store.readEntries(this.id, this.#foldHi + 1, RESTING));
        if (this.#view.watched || entries.at(-1)?.seq !== this.#foldHi) return;
        await this.#refold(entries);
      })
      .catch(this.#ports.fault);
  }

  /** Roles from before the window, and the title when the window does not hold it. */
  #askForWhatIsMissing(): void {
    if (!this.#ports.live() || this.#gone || !this.journal.caughtUp) return;
    if (this.#members === null && !this.#askingMembers && this.#foldLo > 1 && (this.#view.watched || this.#fold.asksForRoles)) {
      this.#askingMembers = true;
      this.#ports
        .members(this.id)
        .then(async (members) => {
          await this.#folding;
          this.#members = members;
          this.#fold.reseed(this.#fold.seedFrom(members));
          this.changed();
        })
        .catch(this.#ports.fault)
        .finally(() => {
          this.#askingMembers = false;
        });
    }
    if (this.#known === null && this.#raw.details == null && !this.#askedFirst && this.#raw.kind !== "direct" && this.journal.hasOlder) {
      this.#askedFirst = true;
      this.#ports
        .read({ conversation: this.id, after: this.#raw.from_seq - 1, limit: 5 })
        .then(async (page) => {
          const first = new Fold();
          for (const entry of page.entries) first.apply(await this.#open(entry));
          const details = first.details();
          if (details !== null && this.#known === null) this.#learn(details, page.entries.at(-1)?.seq ?? 0);
          this.changed();
        })
        .catch(this.#ports.fault);
    }
  }

  #learn(details: DetailsView, seq: number): void {
    if (this.#known !== null && (this.#known.seq > seq || this.#known.details === details)) return;
    this.#known = { details, seq };
    this.#save();
  }

  #save(): void {
    this.#ports.store.putConversation({ conversation: this.#raw, details: this.#known }).catch(this.#ports.fault);
  }

  get #details(): DetailsView | null {
    return this.#fold.details() ?? this.#told ?? this.#known?.details ?? null;
  }

  /** The details that the server can read: those who came later than that entry have no other way to know them. */
  get #told(): DetailsView | null {
    const { details } = this.#raw;
    if (details == null) return null;
    const content = readContent(fromBase64Url(details));
    return content.type === "details" ? content.details : null;
  }

  #summarise(): ConversationView {
    const raw = this.#raw;
    const details = this.#details;
    const { me } = this.#ports;
    let last: ConversationView["last"] = null;
    let unread = 0;
    let mentions = 0;
    const rows = this.#fold.rows();
    for (let at = rows.length - 1; at >= 0; at--) {
      const row = rows[at];
      if (row === undefined || (row.seq <= this.#readSeq && last !== null) || unread >= UNREAD_MOST) break;
      if (row.type !== "message") continue;
      const view = this.#fold.view(row);
      if (view.redacted !== null || view.erased) continue;
      last ??= { seq: view.seq, account: view.account, time: view.time, text: view.text, files: view.files.length };
      if (view.seq <= this.#readSeq || view.account === me) continue;
      unread += 1;
      if (raw.kind === "direct" || view.mentions.includes(me)) mentions += 1;
    }
    const outbox = this.#ports.pendingOf(this.id);
    const other = raw.with ?? null;
    return {
      id: this.id,
      kind: raw.kind,
      protection: raw.protection,
      sealed: this.#ports.sealed(this.id, raw.protection),
      role: raw.role,
      muted: raw.muted,
      pinned: raw.pinned,
      memberCount: raw.members,
      with: other,
      title: raw.kind === "direct" && other !== null ? (this.#ports.name(other) ?? "") : (details?.title ?? ""),
      topic: details?.topic ?? "",
      avatar: details?.avatar ?? null,
      lastSeq: Math.max(raw.last_seq, this.journal.head),
      readSeq: this.#readSeq,
      fromSeq: raw.from_seq,
      time: raw.last_time ?? raw.created,
      last,
      unread,
      mentions,
      hasDraft: this.draft.value.text.trim() !== "",
      waiting: outbox.filter((item) => item.state.status === "pending").length,
      failed: outbox.filter((item) => item.state.status === "failed").length,
      raw,
    };
  }

  #render(): TimelineView {
    const outbox = this.#ports.pendingOf(this.id).filter((item) => this.seqOf(item.clientId) === undefined);
    const over = new Map<number, OutboxItem[]>();
    const pending: TimelineItem[] = [];
    for (const item of outbox) {
      if (item.content.type === "message") pending.push({ type: "pending", key: item.clientId, item });
      else if (item.content.type !== "details" && item.state.status !== "failed") {
        over.set(item.content.seq, [...(over.get(item.content.seq) ?? []), item]);
      }
    }
    const items: TimelineItem[] = [];
    for (const row of this.#fold.rows()) {
      const item = this.#item(row, over.get(row.seq));
      if (item !== null) items.push(item);
    }
    items.push(...pending);
    return {
      conversation: this.id,
      items,
      ready: this.#foldHi > 0 || (this.journal.window !== null && this.journal.caughtUp),
      hasOlder: this.#hasOlder(),
      loadingOlder: this.#loadingOlder !== null,
      details: this.#details,
      members: this.#fold.members(),
      lastSeq: this.journal.head,
    };
  }

  #item(row: Row, over: readonly OutboxItem[] | undefined): TimelineItem | null {
    if (row.type === "details" && !this.#fold.detailsCount(row)) return null;
    const view = row.type === "message" ? this.#fold.view(row) : row;
    if (over === undefined) {
      const kept = this.#items.get(row);
      if (kept?.view === view) return kept.item;
    }
    const item = this.#makeItem(row, over);
    if (over === undefined && item !== null) this.#items.set(row, { view, item });
    return item;
  }

  #makeItem(row: Row, over: readonly OutboxItem[] | undefined): TimelineItem | null {
    const { seq, entry } = row;
    if (row.type === "message") {
      const own = entry.account === this.#ports.me && entry.clientId !== undefined;
      const view = this.#fold.view(row);
      return {
        type: "message",
        key: own ? (entry.clientId as string) : `seq-${seq}`,
        message: over === undefined ? view : over.reduce((message, item) => overlay(message, item, this.#ports.me), view),
        waiting: over !== undefined,
        clientId: own ? (entry.clientId as string) : null,
      };
    }
    if (row.type === "keys") return { type: "keys", key: `seq-${seq}`, seq, time: entry.time, what: row.what, account: row.by };
    if (row.membership !== null) return { type: "membership", key: `seq-${seq}`, membership: row.membership };
    if (row.details === null) return null;
    return { type: "details", key: `seq-${seq}`, seq, time: entry.time, account: entry.account, details: row.details };
  }
}

/** Shows what waits in the outbox as if it had arrived. */
function overlay(message: MessageView, item: OutboxItem, me: AccountId): MessageView {
  const { content } = item;
  const time = new Date(item.created).toISOString();
  if (message.redacted !== null || message.erased) return message;
  switch (content.type) {
    case "revision":
      return { ...message, text: content.text, mentions: content.mentions, revised: time };
    case "redaction":
      return { ...message, text: "", mentions: [], files: [], reactions: new Map(), redacted: { by: me, time } };
    case "reaction": {
      const reactions = new Map(message.reactions);
      const others = (reactions.get(content.reaction) ?? []).filter((account) => account !== me);
      const accounts = content.on ? [...others, me] : others;
      if (accounts.length === 0) reactions.delete(content.reaction);
      else reactions.set(content.reaction, accounts);
      return { ...message, reactions };
    }
    default:
      return message;
  }
}
