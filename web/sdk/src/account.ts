// Everything that runs while somebody is signed in: the line, the rooms, the outbox, and what is kept of the account.

import { Feed, type Push } from "./feed";
import type { Channel, Host, Timer } from "./host";
import type { Http } from "./http";
import { MemoryStore } from "./memory-store";
import { Outbox } from "./outbox";
import { People } from "./people";
import { ApiProblem, NetworkError } from "./problem";
import type { ConversationId, ConversationView } from "./public";
import { Derived, Value } from "./readable";
import { Room, type RoomPorts } from "./room";
import { SealedSide } from "./sealed/side";
import { Activity, Latest, MarksBook, Typing } from "./signals";
import { IndexedStore, type Store, type StoredConversation, type Window } from "./store";
import type { AccountEntry, Answer, Conversation, Me, Op, Params, SessionNow, Welcome } from "./wire";

const ACK_PACE_MS = 1_000;
const READ_PACE_MS = 500;
/** After a device came in: the title is said by who let it in, by another moderator only if that one does not. */
const DETAILS_OWN_MS = 300;
const DETAILS_OTHER_MS = 4_000;
/** Requests of pages at once: a long list of conversations must not fill the server's queue for this session. */
const AT_ONCE = 6;
/** Ops that may change the session's cookie, which only an HTTP answer can. */
const OVER_HTTP: ReadonlySet<Op> = new Set<Op>(["me.password", "me.totp.confirm", "me.totp.remove", "me.sessions.revoke"]);
/** How often it is asked whether a duty still holds: without a line nobody tells. */
const DUTY_PACE_MS = 3_000;
const DUTIES: ReadonlySet<string> = new Set(["factor_required", "password_change_required"]);

export interface AccountPorts {
  readonly host: Host;
  readonly http: Http;
  uuid(): string;
  /** The server says that there is no session. */
  ended(): void;
  /** Another tab signed out. */
  signedOutElsewhere(): void;
  meChanged(me: Me): void;
  /** The rooms that exist have changed. */
  roomsChanged(): void;
  fault(error: unknown): void;
}

export class Account {
  readonly me: Value<Me>;
  readonly feed: Feed;
  readonly people: People;
  readonly outbox: Outbox;
  readonly typing: Typing;
  readonly marks: MarksBook;
  readonly activity: Activity;
  readonly sealed: SealedSide;
  readonly conversations: Derived<readonly ConversationView[]>;
  readonly totals: Derived<{ readonly unread: number; readonly mentions: number }>;
  readonly rooms = new Map<ConversationId, Room>();
  readonly #ports: AccountPorts;
  readonly #store: Store;
  readonly #acks: Latest;
  readonly #reads: Latest;
  readonly #channel: Channel | null;
  readonly #stopped = new AbortController();
  readonly #asking = new Map<ConversationId, Promise<void>>();
  #seq: number;
  #duty: Timer = null;
  #running = 0;
  readonly #queue: (() => void)[] = [];

  static async open(ports: AccountPorts, me: Me): Promise<Account> {
    const { host } = ports;
    const { account } = me.person;
    let store: Store;
    try {
      store = host.indexedDB === null ? new MemoryStore() : await IndexedStore.open(host.indexedDB, account);
    } catch {
      // A private window or a full disk: all works, and is fetched again next time.
      store = new MemoryStore();
    }
    const loaded = await store.load();
    const self = new Account(ports, me, store, loaded.accountSeq, loaded);
    for (const stored of loaded.conversations) {
      const id = stored.conversation.conversation;
      self.#addRoom(stored, loaded.windows.get(id) ?? null, loaded.drafts.get(id));
    }
    await Promise.all([...self.rooms.values()].map((room) => room.restore()));
    return self;
  }

  private constructor(ports: AccountPorts, me: Me, store: Store, seq: number, loaded: Awaited<ReturnType<Store["load"]>>) {
    this.#ports = ports;
    this.#store = store;
    this.#seq = seq;
    const { host } = ports;
    const { clock } = host;
    const id = me.person.account;
    this.me = new Value(me);
    this.feed = new Feed(host, {
      accountSeq: () => this.#seq,
      welcome: (welcome) => this.#welcome(welcome),
      push: (frame) => this.#push(frame),
      signedIn: () => this.#hasSession(),
      signedOut: () => ports.ended(),
    });
    this.people = new People(
      { clock, store, command: (op, params) => this.command(op, params), changed: () => this.#namesChanged() },
      loaded.people,
    );
    this.sealed = new SealedSide({
      host: host.indexedDB === null ? null : host.sealed,
      account: id,
      device: me.device,
      now: () => clock.now(),
      after: (ms, run) => clock.after(ms, run),
      cancel: (timer) => clock.cancel(timer),
      jitter: () => host.jitter(),
      random: (bytes) => host.random(bytes),
      uuid: ports.uuid,
      live: () => this.feed.live,
      command: (op, params) => this.#limited(() => this.feed.request(op, params)),
      conversation: (conversation) => this.rooms.get(conversation)?.raw ?? null,
      conversations: () => [...this.rooms.values()].map(({ raw }) => ({ conversation: raw.conversation, last_seq: raw.last_seq })),
      reopen: (conversation, dropped) => this.rooms.get(conversation)?.reopen(dropped),
      changed: (conversation) => {
        this.rooms.get(conversation)?.changed();
        this.outbox.pump();
      },
      joined: (conversation, seq, mine) => this.#sayDetails(conversation, seq, mine),
      tell: (message) => this.#channel?.post(message),
      fault: (error) => this.#fault(error),
    });
    this.outbox = new Outbox(
      {
        clock,
        store,
        seal: this.sealed,
        jitter: () => host.jitter(),
        uuid: ports.uuid,
        live: () => this.feed.live,
        protection: (conversation) => this.rooms.get(conversation)?.raw.protection ?? null,
        post: (entry) => this.feed.request("messages.post", entry),
        changed: (conversation) => this.rooms.get(conversation)?.changed(),
        tell: () => this.#channel?.post({ type: "outbox" }),
        fault: (error) => this.#fault(error),
      },
      loaded.outbox,
    );
    this.#acks = new Latest(clock, ACK_PACE_MS, (conversation, last) => this.#limited(() => this.feed.request("cursor.ack", { conversation, seq: last })));
    this.#reads = new Latest(clock, READ_PACE_MS, (conversation, last) => this.feed.request("marks.read", { conversation, seq: last }));
    this.typing = new Typing(clock, id, (conversation, typing) => this.#mention("typing.set", { conversation, typing }));
    this.marks = new MarksBook(id, async (conversation) => (await this.#limited(() => this.feed.request("marks.get", { conversation }))).marks);
    this.activity = new Activity(clock, (active) => this.#mention("presence.active", { active }));
    this.conversations = new Derived<readonly ConversationView[]>(() => this.#list());
    this.totals = new Derived<{ readonly unread: number; readonly mentions: number }>((former) => this.#sum(former));
    this.#channel = host.channel(`rempart:${id}`);
    if (this.#channel !== null) {
      this.#channel.onmessage = (message) => {
        const { type } = message as { type?: string };
        if (type === "outbox") this.outbox.reload().catch((error: unknown) => this.#fault(error));
        else if (type === "sealed") this.sealed.hear(message);
        else if (type === "signed_out") ports.signedOutElsewhere();
      };
    }
  }

  start(): void {
    this.activity.start();
    this.#ports.host.lock(`rempart-outbox:${this.me.value.person.account}`, this.#stopped.signal, () => {
      this.outbox.lead();
      this.sealed.lead();
    });
    this.goLive();
  }

  /** Opens the line unless something must be done first, for which the server takes no other command. */
  goLive(): void {
    this.#ports.host.clock.cancel(this.#duty);
    if (this.me.value.must.length === 0) {
      this.feed.start();
      return;
    }
    this.feed.stop();
    this.#duty = this.#ports.host.clock.after(DUTY_PACE_MS, () => void this.#askDuty());
  }

  /** Another role, or another device, may have lifted the duty. */
  async #askDuty(): Promise<void> {
    const there = await this.#hasSession();
    if (this.#stopped.signal.aborted) return;
    if (there) this.goLive();
    else this.#ports.ended();
  }

  stop(): void {
    this.#stopped.abort();
    this.#ports.host.clock.cancel(this.#duty);
    this.activity.stop();
    this.outbox.close();
    this.sealed.close();
    this.typing.silence();
    this.feed.stop({ status: "idle" });
    this.#channel?.close();
    this.#store.close();
  }

  tellSignedOut(): void {
    this.#channel?.post({ type: "signed_out" });
  }

  /**
   * After `stop`: forgets everything, or everything but what the person wrote and nobody has received. In that case the keys stay too: the
   * server ends sessions for many reasons, and what was sealed cannot be fetched again by a device that has forgotten its keys.
   */
  async wipe(keepUnsent: boolean): Promise<void> {
    if (!keepUnsent) {
      await this.sealed.wipe();
      await this.#store.wipe();
      return;
    }
    await this.#store.wipeReceived();
  }

  async command<O extends Op>(op: O, params: Params<O>, options: { signal?: AbortSignal } = {}): Promise<Answer<O>> {
    try {
      const overLine = this.feed.live && !OVER_HTTP.has(op);
      return overLine ? await this.feed.request(op, params, options) : await this.#ports.http.command(op, params, options);
    } catch (error) {
      if (error instanceof ApiProblem) {
        if (error.code === "not_signed_in") this.#ports.ended();
        else if (DUTIES.has(error.code)) this.refreshMe().catch((fault: unknown) => this.#fault(fault));
      }
      throw error;
    }
  }

  async refreshMe(): Promise<Me> {
    const me = await this.command("me.get", {});
    this.setMe(me);
    return me;
  }

  setMe(me: Me): void {
    if (this.#stopped.signal.aborted) return;
    if (JSON.stringify(me) !== JSON.stringify(this.me.value)) {
      this.me.set(me);
      this.people.learn([me.person]);
      this.#ports.meChanged(me);
    }
    this.goLive();
  }

  /** Takes in a conversation that the server gave. */
  learnConversation(conversation: Conversation): void {
    const room = this.rooms.get(conversation.conversation);
    if (room !== undefined) {
      room.update(conversation);
      if (conversation.protection !== "open") this.sealed.onHead(conversation.conversation, conversation.last_seq);
      return;
    }
    this.#addRoom({ conversation, details: null }, null, undefined).update(conversation);
    this.#ports.roomsChanged();
    this.conversations.changed();
    if (conversation.protection !== "open") this.sealed.onHead(conversation.conversation, conversation.last_seq);
  }

  markRead(id: ConversationId, seq: number): void {
    const room = this.rooms.get(id);
    if (room?.setRead(seq)) this.#reads.say(id, room.readSeq);
  }

  setTyping(id: ConversationId, typing: boolean): void {
    if (this.feed.live) this.typing.say(id, typing);
  }

  #addRoom(stored: StoredConversation, window: Window | null, draft: ConstructorParameters<typeof Room>[3]): Room {
    const ports: RoomPorts = {
      host: this.#ports.host,
      store: this.#store,
      seal: this.sealed,
      me: this.me.value.person.account,
      live: () => this.feed.live,
      read: (params) => this.#limited(() => this.feed.request("journal.read", { ...params, after: params.after ?? null, before: params.before ?? null })),
      members: async (conversation) => {
        const { members } = await this.#limited(() => this.feed.request("conversations.members", { conversation }));
        return new Map(members.map(({ account, role }) => [account, role]));
      },
      name: (account) => this.people.name(account),
      sealed: (conversation, protection) => this.sealed.state(conversation, protection),
      pendingOf: (conversation) => this.outbox.of(conversation),
      changed: () => this.#listChanged(),
      kept: (conversation, seq) => this.#acks.say(conversation, seq),
      arrived: (conversation, entry, live) => {
        const account = entry.account ?? null;
        if (account === this.me.value.person.account) this.outbox.confirm(entry.client_id, entry.seq, entry.time);
        this.outbox.folded(conversation, entry.seq);
        if (!live) return;
        if (account !== null) this.typing.heard(conversation, account, false);
        if (entry.kind === "membership") {
          this.#refreshConversation(conversation);
          this.marks.refresh(conversation);
        }
      },
      fault: (error) => this.#fault(error),
    };
    const room = new Room(ports, stored, window, draft);
    this.rooms.set(room.id, room);
    return room;
  }

  #dropRoom(id: ConversationId): void {
    const room = this.rooms.get(id);
    if (room === undefined) return;
    this.rooms.delete(id);
    this.#acks.drop(id);
    this.#reads.drop(id);
    this.outbox.dropConversation(id);
    if (room.raw.protection !== "open") this.sealed.drop(id);
    room.leave();
    this.#ports.roomsChanged();
    this.#listChanged();
    room.settled()
      .then(() => (this.rooms.has(id) ? undefined : this.#store.dropConversation(id)))
      .catch((error: unknown) => this.#fault(error));
  }

  #welcome(welcome: Welcome): void {
    const behind = this.#seq !== 0 && welcome.account_seq > this.#seq;
    this.#setSeq(welcome.account_seq);
    this.people.welcome(welcome.presence);
    this.typing.silence();
    const here = new Set(welcome.conversations.map((conversation) => conversation.conversation));
    for (const id of [...this.rooms.keys()]) if (!here.has(id)) this.#dropRoom(id);
    for (const conversation of welcome.conversations) {
      this.learnConversation(conversation);
      // Read here while there was no line.
      const room = this.rooms.get(conversation.conversation);
      if (room !== undefined && room.readSeq > conversation.read_seq) this.#reads.say(room.id, room.readSeq);
    }
    this.#acks.again();
    this.#reads.again();
    this.marks.refresh();
    this.activity.sayAgain();
    this.sealed.live();
    this.outbox.pump();
    if (behind) this.refreshMe().catch((error: unknown) => this.#fault(error));
  }

  #push(frame: Push): void {
    switch (frame.op) {
      case "entry": {
        const room = this.rooms.get(frame.conversation);
        if (room === undefined) this.#refreshConversation(frame.conversation);
        else {
          if (room.raw.protection !== "open") this.sealed.onEntry(frame.conversation, frame.entry);
          room.journal.onLive(frame.entry);
        }
        return;
      }
      case "account":
        this.#accountEntry(frame.entry);
        return;
      case "conversation":
        this.learnConversation(frame.conversation);
        return;
      case "marks":
        this.marks.heard(frame.conversation, frame.marks);
        return;
      case "presence": {
        this.people.onPresence(frame);
        const me = this.me.value;
        if (frame.account === me.person.account) {
          const next: Me = { ...me, person: { ...me.person, presence: frame.presence } };
          this.me.set(next);
          this.#ports.meChanged(next);
        }
        return;
      }
      case "typing":
        this.typing.heard(frame.conversation, frame.account, frame.typing);
        return;
      default:
        // A newer server says something that this client does not know.
        return;
    }
  }

  #accountEntry(entry: AccountEntry): void {
    if (entry.seq <= this.#seq) return;
    if (entry.seq > this.#seq + 1) {
      this.#catchUpAccount();
      return;
    }
    this.#setSeq(entry.seq);
    switch (entry.change) {
      case "membership":
        if (entry.member) this.#refreshConversation(entry.conversation);
        else this.#dropRoom(entry.conversation);
        return;
      case "read":
        this.rooms.get(entry.conversation)?.setRead(entry.read);
        return;
      case "settings":
        this.refreshMe().catch((error: unknown) => this.#fault(error));
        return;
      case "welcome":
        this.sealed.onWelcome();
        return;
      case "keys":
        this.sealed.onKeys();
        return;
    }
  }

  /** Whoever came in now knows nothing of before: somebody who may says the title again. */
  #sayDetails(id: ConversationId, seq: number, mine: boolean): void {
    const { clock, jitter } = { clock: this.#ports.host.clock, jitter: this.#ports.host.jitter() };
    clock.after(mine ? DETAILS_OWN_MS : DETAILS_OTHER_MS * (1 + jitter), () => {
      const room = this.rooms.get(id);
      const known = room?.known ?? null;
      if (room === undefined || known === null || known.seq > seq || room.raw.kind === "direct" || this.#stopped.signal.aborted) return;
      if (room.raw.role !== "owner" && room.raw.role !== "moderator") return;
      this.outbox.add(id, { type: "details", ...known.details }).catch((error: unknown) => this.#fault(error));
    });
  }

  #catchUpAccount(): void {
    const after = this.#seq;
    this.#limited(() => this.feed.request("account_journal.read", { after, limit: 200 }))
      .then((page) => {
        for (const entry of page.entries) this.#accountEntry(entry);
        if (page.last_seq > this.#seq && this.#seq > after) this.#catchUpAccount();
      })
      .catch((error: unknown) => this.#fault(error));
  }

  #setSeq(seq: number): void {
    this.#seq = seq;
    this.#store.setAccountSeq(seq).catch((error: unknown) => this.#fault(error));
  }

  #refreshConversation(id: ConversationId): void {
    if (this.#asking.has(id)) return;
    const asked = this.#limited(() => this.feed.request("conversations.get", { conversation: id }))
      .then((conversation) => this.learnConversation(conversation))
      .catch((error: unknown) => this.#fault(error))
      .finally(() => this.#asking.delete(id));
    this.#asking.set(id, asked);
  }

  async #hasSession(): Promise<boolean> {
    try {
      const { me } = await this.#ports.http.request<SessionNow>("session");
      if (me !== null) this.setMe(me);
      return me !== null;
    } catch {
      // A server that cannot be reached, or has too much to do, says nothing of it.
      return true;
    }
  }

  /** Says something that is worth nothing later: when there is no line it is not said. */
  #mention<O extends Op>(op: O, params: Params<O>): void {
    if (this.feed.live) this.feed.request(op, params).catch((error: unknown) => this.#fault(error));
  }

  async #limited<T>(run: () => Promise<T>): Promise<T> {
    if (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#running += 1;
    try {
      return await run();
    } finally {
      this.#running -= 1;
      this.#queue.shift()?.();
    }
  }

  #namesChanged(): void {
    for (const room of this.rooms.values()) if (room.raw.kind === "direct") room.summary.changed();
    this.#listChanged();
  }

  #listChanged(): void {
    this.conversations.changed();
    this.totals.changed();
  }

  #list(): readonly ConversationView[] {
    const views = [...this.rooms.values()].flatMap((room) => room.summary.getSnapshot() ?? []);
    return views.sort((a, b) => Number(b.pinned) - Number(a.pinned) || (a.time < b.time ? 1 : a.time > b.time ? -1 : a.id < b.id ? 1 : -1));
  }

  #sum(former: { readonly unread: number; readonly mentions: number } | undefined): { readonly unread: number; readonly mentions: number } {
    let unread = 0;
    let mentions = 0;
    for (const view of this.conversations.getSnapshot()) {
      if (view.muted) continue;
      unread += view.unread;
      mentions += view.mentions;
    }
    return former?.unread === unread && former.mentions === mentions ? former : { unread, mentions };
  }

  #fault(error: unknown): void {
    if (this.#stopped.signal.aborted || error instanceof NetworkError) return;
    if (error instanceof ApiProblem) {
      if (error.code === "not_signed_in") this.#ports.ended();
      return;
    }
    this.#ports.fault(error);
  }
}
