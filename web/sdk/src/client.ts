// The sdk's face: signs in and out, and passes everything else to the account that is signed in.

import { Account } from "./account";
import { fromBase64Url, toBase64Url, uuidMaker } from "./bytes";
import { browserHost, type Host } from "./host";
import { Http } from "./http";
import { keysActions, NO_KEYS, type KeysActions, type KeysState } from "./keys/state";
import { encode } from "./outbox";
import { ApiProblem, NetworkError } from "./problem";
import type {
  AccountId, Client, ClientId, ComposerDraft, ConnectionState, ConversationId, ConversationView, Directory, Entrance, MarksView, MessageDraft,
  OutboxContent, OutboxItem, Readable, Sent, SessionState, Timeline, TimelineView, UploadHandle,
} from "./public";
import { Relay, Value } from "./readable";
import { ProfileStore } from "./store";
import { startUpload } from "./upload";
import type {
  Answer, Conversation, DeviceInfo, Me, Op, Params, Person, Presence, ServerInfo, SessionNow, SignedIn, SignInAnswer,
} from "./wire";

export interface ClientOptions {
  readonly host?: Host;
  /** Told of faults of this program, for a log. */
  readonly onFault?: (error: unknown) => void;
}

/** Makes the client of this page. */
export function createClient(options: ClientOptions = {}): Client {
  return new RempartClient(options.host ?? browserHost(), options.onFault ?? ((error) => console.error(error)));
}

const AGAIN_MS = 5_000;
/** Types that cannot do anything in a page of ours. */
const PICTURES: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"]);
const NO_DRAFT: ComposerDraft = { text: "", mentions: [], replyTo: null };
const NO_MARKS: MarksView = { byAccount: new Map(), deliveredToAll: 0, readByAll: 0, readBySome: 0 };

/** The relays of one conversation: they live as long as the page, whoever is signed in. */
interface Handles {
  readonly summary: Relay<ConversationView | null>;
  readonly view: Relay<TimelineView>;
  readonly timeline: Timeline;
  readonly marks: Relay<MarksView>;
  readonly typing: Relay<readonly AccountId[]>;
  readonly draft: Relay<ComposerDraft>;
}

class RempartClient implements Client {
  readonly session = new Value<SessionState>({ status: "unknown" });
  readonly connection = new Relay<ConnectionState>({ status: "idle" });
  readonly conversations = new Relay<readonly ConversationView[]>([]);
  readonly totals = new Relay<{ readonly unread: number; readonly mentions: number }>({ unread: 0, mentions: 0 });
  readonly outbox = new Relay<readonly OutboxItem[]>([]);
  readonly people: Directory;
  readonly entrance: Entrance;
  readonly keys: Client["keys"];
  readonly #keys = new Relay<KeysState>(NO_KEYS);
  readonly #people = new Relay<ReadonlyMap<AccountId, Person>>(new Map());
  readonly #host: Host;
  readonly #http: Http;
  readonly #onFault: (error: unknown) => void;
  readonly #profile: ProfileStore;
  readonly #uuid: () => string;
  readonly #handles = new Map<ConversationId, Handles>();
  #account: Account | null = null;
  #server: ServerInfo | null = null;
  #unwatch: (() => void) | null = null;
  #starting: Promise<void> | null = null;
  #again: unknown = null;

  constructor(host: Host, onFault: (error: unknown) => void) {
    this.#host = host;
    this.#onFault = onFault;
    this.#http = new Http(host);
    this.#profile = new ProfileStore(host.indexedDB);
    this.#uuid = uuidMaker(() => host.clock.now(), (bytes) => host.random(bytes));
    this.people = {
      subscribe: this.#people.subscribe,
      getSnapshot: this.#people.getSnapshot,
      get: (account) => this.#account?.people.get(account),
      search: (query, options) => this.#signedIn().people.search(query, options),
    };
    this.entrance = this.#makeEntrance();
    const act = <A extends keyof KeysActions>(action: A) =>
      ((...args: readonly never[]) => (this.#signedIn().sealed.keys[action] as (...args: readonly never[]) => unknown)(...args)) as KeysActions[A];
    this.keys = {
      subscribe: this.#keys.subscribe,
      getSnapshot: this.#keys.getSnapshot,
      ...keysActions(act),
    };
  }

  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = null;
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    this.#unwatch ??= this.#host.watch({
      online: () => this.retryNow(),
      offline: () => this.#account?.feed.retryNow(),
      visible: () => this.retryNow(),
      input: () => this.touch(),
    });
    if (this.#account !== null) return;
    const profile = await this.#profile.load().catch(() => this.#profile.kept);
    try {
      if (profile.leaving) await this.#tellLeaving();
      const { me } = await this.#http.request<SessionNow>("session");
      if (me === null) {
        if (profile.me !== null) await this.#profile.save({ me: null });
        await this.#outside("none");
        return;
      }
      await this.#enter(me);
      this.#learnServer().catch(() => undefined);
    } catch (error) {
      if (error instanceof NetworkError && profile.me !== null && !profile.leaving) {
        // No line: what is kept can be read, and what is written waits.
        await this.#enter(profile.me);
      } else if (error instanceof ApiProblem || error instanceof NetworkError) {
        await this.#outside("none");
      } else {
        throw error;
      }
    }
  }

  stop(): void {
    this.#host.clock.cancel(this.#again);
    this.#unwatch?.();
    this.#unwatch = null;
    this.#account?.stop();
    this.#detach();
  }

  async signOut(): Promise<void> {
    const account = this.#account;
    // Where the device has keys they are forgotten: whoever comes back is another device.
    const leaving = { me: null, leaving: true, ...(this.#host.sealed === null ? {} : { device: null }) };
    await this.#profile.save(leaving).catch(() => undefined);
    const farewell = (await account?.sealed.farewell().catch(() => null)) ?? null;
    account?.tellSignedOut();
    account?.stop();
    this.#detach();
    const told = this.#giveUpKeys(farewell).then(() => this.#tellLeaving()).catch(() => undefined);
    try {
      await account?.wipe(false);
    } finally {
      await told;
      await this.#outside("signed_out");
    }
  }

  async refreshMe(): Promise<Me> {
    return this.#signedIn().refreshMe();
  }

  retryNow(): void {
    if (this.#account !== null) this.#account.feed.retryNow();
    else if (this.session.value.status === "signed_out" && this.#server === null) this.start().catch(this.#onFault);
  }

  command<O extends Op>(op: O, params: Params<O>, options?: { signal?: AbortSignal }): Promise<Answer<O>> {
    const account = this.#account;
    if (account === null) return this.#http.command(op, params, options);
    return account.command(op, params, options).then((answer) => {
      this.#noticeAnswer(account, op, answer);
      return answer;
    });
  }

  conversation(id: ConversationId): Readable<ConversationView | null> {
    return this.#of(id).summary;
  }
  timeline(id: ConversationId): Timeline {
    return this.#of(id).timeline;
  }
  marks(id: ConversationId): Readable<MarksView> {
    return this.#of(id).marks;
  }
  typing(id: ConversationId): Readable<readonly AccountId[]> {
    return this.#of(id).typing;
  }
  draft(id: ConversationId): Readable<ComposerDraft> {
    return this.#of(id).draft;
  }
  setDraft(id: ConversationId, draft: ComposerDraft): void {
    this.#account?.rooms.get(id)?.setDraft(draft);
  }

  async createConversation(options: Parameters<Client["createConversation"]>[0]): Promise<ConversationId> {
    const account = this.#signedIn();
    const content: OutboxContent = { type: "details", title: options.title ?? "", topic: options.topic ?? null, avatar: null };
    const sealed = options.protection !== undefined && options.protection !== "open";
    // What names a sealed conversation is sealed too, and is said once its group stands.
    const details = options.kind === "direct" || sealed ? null : toBase64Url(encode(content).bytes);
    const conversation = await account.command("conversations.create", {
      client_id: this.#uuid(),
      kind: options.kind,
      protection: options.protection ?? null,
      members: [...options.members],
      details,
    });
    account.learnConversation(conversation);
    if (conversation.protection !== "open") {
      account.sealed.start(conversation.conversation);
      if (options.kind !== "direct") await account.outbox.add(conversation.conversation, content);
    }
    return conversation.conversation;
  }

  async joinChannel(id: ConversationId): Promise<void> {
    const account = this.#signedIn();
    account.learnConversation(await account.command("channels.join", { conversation: id }));
  }

  send(id: ConversationId, message: MessageDraft): Promise<Sent> {
    const { text, mentions = [], files = [], replyTo = null } = message;
    return this.#write(id, { type: "message", text, mentions, files, replyTo });
  }
  revise(id: ConversationId, seq: number, text: string, mentions: readonly AccountId[] = []): Promise<Sent> {
    return this.#write(id, { type: "revision", seq, text, mentions });
  }
  redact(id: ConversationId, seq: number): Promise<Sent> {
    return this.#write(id, { type: "redaction", seq });
  }
  react(id: ConversationId, seq: number, reaction: string, on: boolean): Promise<Sent> {
    return this.#write(id, { type: "reaction", seq, reaction, on });
  }
  setDetails(id: ConversationId, details: Parameters<Client["setDetails"]>[1]): Promise<Sent> {
    const { title, topic = null, avatar = null } = details;
    return this.#write(id, { type: "details", title, topic: topic === "" ? null : topic, avatar });
  }
  async retry(clientId: ClientId): Promise<void> {
    await this.#account?.outbox.retry(clientId);
  }
  async cancel(clientId: ClientId): Promise<boolean> {
    return (await this.#account?.outbox.cancel(clientId)) ?? false;
  }

  upload(id: ConversationId, file: Blob): UploadHandle {
    const protection = this.#signedIn().rooms.get(id)?.raw.protection;
    return startUpload(this.#host, this.#http, id, file, protection !== "open");
  }
  async openFile(id: ConversationId, file: { readonly blob: string; readonly key: string; readonly media_type?: string }): Promise<Blob> {
    const { openFile } = await import("./sealed/file");
    const type = PICTURES.has(file.media_type ?? "") ? (file.media_type ?? "") : "application/octet-stream";
    return openFile(await this.#http.stream(`conversations/${encodeURIComponent(id)}/blobs/${encodeURIComponent(file.blob)}`), fromBase64Url(file.key), type);
  }
  blobUrl(id: ConversationId, blob: string, name?: string): string {
    const query = name === undefined ? "" : `?name=${encodeURIComponent(name)}`;
    return `/api/v1/conversations/${encodeURIComponent(id)}/blobs/${encodeURIComponent(blob)}${query}`;
  }

  markRead(id: ConversationId, seq: number): void {
    this.#account?.markRead(id, seq);
  }
  setTyping(id: ConversationId, typing: boolean): void {
    this.#account?.setTyping(id, typing);
  }
  async setPresence(choice: Parameters<Client["setPresence"]>[0]): Promise<void> {
    await this.command("presence.set", { availability: choice.availability, text: choice.text ?? "", until: choice.until ?? null });
  }
  presence(account: AccountId): Presence | null {
    return this.#account?.people.presence(account) ?? null;
  }
  touch(): void {
    this.#account?.activity.touch();
  }

  #write(id: ConversationId, content: OutboxContent): Promise<Sent> {
    return this.#signedIn().outbox.add(id, content);
  }

  #signedIn(): Account {
    if (this.#account === null) throw new Error("nobody is signed in");
    return this.#account;
  }

  /** Answers that change what is shown, whoever asked. */
  #noticeAnswer<O extends Op>(account: Account, op: O, answer: Answer<O>): void {
    switch (op) {
      case "me.get":
      case "me.update":
        account.setMe(answer as Me);
        return;
      case "conversations.get":
      case "conversations.create":
      case "channels.join":
        account.learnConversation(answer as Conversation);
        return;
      case "organisation.update":
        this.#server = answer as ServerInfo;
        this.#showSession(account.me.value);
        return;
      default:
        return;
    }
  }

  #of(id: ConversationId): Handles {
    let handles = this.#handles.get(id);
    if (handles === undefined) {
      const empty: TimelineView = {
        conversation: id, items: [], ready: false, hasOlder: false, loadingOlder: false, details: null, members: new Map(), lastSeq: 0,
      };
      const view = new Relay<TimelineView>(empty);
      const room = () => this.#account?.rooms.get(id);
      handles = {
        summary: new Relay<ConversationView | null>(null),
        view,
        timeline: {
          subscribe: view.subscribe,
          getSnapshot: view.getSnapshot,
          loadOlder: async () => room()?.loadOlder(),
          loadUntil: async (seq) => (await room()?.timeline.loadUntil(seq)) ?? false,
          message: (seq) => room()?.timeline.message(seq),
        },
        marks: new Relay<MarksView>(NO_MARKS),
        typing: new Relay<readonly AccountId[]>([]),
        draft: new Relay<ComposerDraft>(NO_DRAFT),
      };
      this.#handles.set(id, handles);
      this.#attach(id, handles);
    }
    return handles;
  }

  #attach(id: ConversationId, handles: Handles): void {
    const account = this.#account;
    const room = account?.rooms.get(id);
    handles.summary.attach(room?.summary ?? null);
    handles.view.attach(room?.timeline ?? null);
    handles.draft.attach(room?.draft ?? null);
    handles.marks.attach(room === undefined ? null : (account?.marks.view(id) ?? null));
    handles.typing.attach(room === undefined ? null : (account?.typing.view(id) ?? null));
  }

  #attachAll(): void {
    const account = this.#account;
    this.connection.attach(account?.feed.state ?? null);
    this.conversations.attach(account?.conversations ?? null);
    this.totals.attach(account?.totals ?? null);
    this.outbox.attach(account?.outbox.items ?? null);
    this.#people.attach(account?.people ?? null);
    this.#keys.attach(account?.sealed.keys ?? null);
    for (const [id, handles] of this.#handles) this.#attach(id, handles);
  }

  #detach(): void {
    this.#account = null;
    this.#attachAll();
  }

  async #enter(me: Me): Promise<void> {
    await this.#profile.save({ me, device: me.device, leaving: false }).catch(() => undefined);
    const account = await Account.open(
      {
        host: this.#host,
        http: this.#http,
        uuid: this.#uuid,
        ended: () => void this.#leave("ended"),
        signedOutElsewhere: () => void this.#leave("signed_out"),
        meChanged: (changed) => {
          this.#profile.save({ me: changed }).catch(() => undefined);
          this.#showSession(changed);
        },
        roomsChanged: () => this.#attachAll(),
        fault: this.#onFault,
      },
      me,
    );
    this.#account?.stop();
    this.#account = account;
    this.#attachAll();
    account.people.learn([me.person]);
    this.#showSession(me);
    account.start();
  }

  /** The session is over without a word from here. */
  async #leave(reason: "ended" | "signed_out"): Promise<void> {
    const account = this.#account;
    if (account === null) return;
    account.stop();
    this.#detach();
    try {
      await this.#profile.save({ me: null });
      // A session that the server ended may have been ended because the machine was lost: what came from it goes.
      if (reason === "ended") await account.wipe(true);
    } catch (error) {
      this.#onFault(error);
    }
    await this.#outside(reason);
  }

  async #outside(reason: "none" | "signed_out" | "ended"): Promise<void> {
    if (reason !== "none") this.session.set({ status: "signed_out", server: this.#server, reason });
    try {
      await this.#learnServer();
    } catch {
      // Shown without the organisation's name.
    }
    if (this.#account !== null) return;
    if (this.#server === null) {
      // The server could not be reached: until it can, nobody can sign in.
      this.#host.clock.cancel(this.#again);
      this.#again = this.#host.clock.after(AGAIN_MS, () => this.retryNow());
    }
    this.session.set(
      this.#server !== null && !this.#server.ready
        ? { status: "setup", server: this.#server }
        : { status: "signed_out", server: this.#server, reason },
    );
  }

  #showSession(me: Me): void {
    if (this.#account !== null) this.session.set({ status: "signed_in", server: this.#server, me });
  }

  async #learnServer(): Promise<ServerInfo> {
    this.#server = await this.#http.request<ServerInfo>("server");
    if (this.#account !== null) this.#showSession(this.#account.me.value);
    return this.#server;
  }

  /** Where this does not get through, the device stays in the log until somebody revokes it. */
  async #giveUpKeys(entry: Uint8Array | null): Promise<void> {
    if (entry !== null) await this.#http.command("keys.publish", { entries: [toBase64Url(entry)] }).catch(() => undefined);
  }

  async #tellLeaving(): Promise<void> {
    try {
      await this.#http.request("session", { method: "DELETE" });
    } catch (error) {
      // There was no session any more: as good.
      if (!(error instanceof ApiProblem) || error.status !== 401) throw error;
    }
    await this.#profile.save({ leaving: false });
  }

  #device(): DeviceInfo {
    return { device: this.#profile.kept.device, name: this.#host.deviceName.slice(0, 100) };
  }

  async #signedInAs(signedIn: SignedIn): Promise<SignedIn> {
    await this.#profile.save({ device: signedIn.device, leaving: false }).catch(() => undefined);
    await this.#enter(await this.#http.command("me.get", {}));
    this.#learnServer().catch(() => undefined);
    return signedIn;
  }

  #makeEntrance(): Entrance {
    const post = <T>(path: string, json: unknown) => this.#http.request<T>(path, { method: "POST", json });
    return {
      server: () => this.#learnServer(),
      setupCheck: (token) => post("setup/check", { token }),
      setup: async (body) => this.#signedInAs(await post("setup", { ...body, device: this.#device() })),
      signIn: async (address, password) => {
        const answer = await post<SignInAnswer>("session", { address, password, device: this.#device() });
        if (answer.status === "second_factor") return { status: "second_factor", ticket: answer.ticket };
        await this.#signedInAs(answer);
        return { status: "signed_in" };
      },
      secondFactor: async (ticket, code) => this.#signedInAs(await post("session/factor", { ticket, code })),
      invitationCheck: (token) => post("invitations/check", { token }),
      invitationAccept: async (body) => this.#signedInAs(await post("invitations/accept", { ...body, device: this.#device() })),
      resetCheck: (token) => post("reset/check", { token }),
      reset: async (token, password) => {
        await post("reset", { token, password });
      },
      passwordCheck: (password, context) => post("password/check", { password, context }),
    };
  }
}
