// What the application sees of the sdk. Everything it shows comes from a `Readable`; everything it does is a method.

import type {
  AcceptInvitation, Answer, Availability, Conversation, Kind, Me, MemberRole, NewAccount, Op, Params, PasswordVerdict, InvitationOffer,
  Person, Presence, Protection, ResetOffer, ServerInfo, SetupOffer, SignedIn,
} from "./wire";
import type { KeysActions, KeysState } from "./keys/state";
import type { ApiProblem, NetworkError } from "./problem";

export type { KeysActions, KeysState, KeysStatus, OwnDevice } from "./keys/state";

export type AccountId = string;
export type ConversationId = string;
export type ClientId = string;
/** RFC 3339 with milliseconds and `Z`. */
export type Time = string;

/** A value that changes. Snapshots are immutable and keep their identity until they change: made for `useSyncExternalStore`. */
export interface Readable<T> {
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => T;
}

/** Who is signed in. `unknown` lasts until the first answer of the server, or of the local store. */
export type SessionState =
  | { readonly status: "unknown" }
  | { readonly status: "setup"; readonly server: ServerInfo }
  | { readonly status: "signed_out"; readonly server: ServerInfo | null; readonly reason: "none" | "signed_out" | "ended" }
  | { readonly status: "signed_in"; readonly server: ServerInfo | null; readonly me: Me };

/** The line to the server. Times are milliseconds since 1970. */
export type ConnectionState =
  | { readonly status: "idle" }
  | { readonly status: "connecting"; readonly attempt: number }
  | { readonly status: "live"; readonly since: number }
  | { readonly status: "offline"; readonly since: number; readonly retryAt: number | null }
  | { readonly status: "signed_out" };

/** A file that a message names. */
export interface FileRef {
  readonly blob: string;
  readonly name: string;
  readonly size: number;
  readonly media_type: string;
  readonly width?: number;
  readonly height?: number;
  readonly thumbnail?: { readonly blob: string; readonly width: number; readonly height: number; readonly key?: string };
  /** In sealed conversations: the key that opens it, base64url. Without one it is stored in clear. */
  readonly key?: string;
}

/** A message after every revision, redaction and reaction known here. */
export interface MessageView {
  readonly seq: number;
  readonly account: AccountId | null;
  readonly time: Time;
  readonly text: string;
  readonly mentions: readonly AccountId[];
  readonly files: readonly FileRef[];
  /** The message answered. */
  readonly replyTo: number | null;
  /** When it was last revised. */
  readonly revised: Time | null;
  readonly redacted: { readonly by: AccountId; readonly time: Time } | null;
  readonly erased: boolean;
  /** Written by a newer client, or not readable. */
  readonly unsupported: boolean;
  /** Sealed: not opened yet, or it cannot be opened on this device (written before it came in, or its keys are lost). */
  readonly sealed: "waiting" | "locked" | null;
  /** Reaction to accounts, in the order of first reacting. */
  readonly reactions: ReadonlyMap<string, readonly AccountId[]>;
}

/** A change of members, as a line of the timeline. */
export interface MembershipView {
  readonly seq: number;
  readonly time: Time;
  readonly by: AccountId | null;
  readonly added: readonly { readonly account: AccountId; readonly role: MemberRole }[];
  readonly removed: readonly AccountId[];
  readonly roles: readonly { readonly account: AccountId; readonly role: MemberRole }[];
}

export interface DetailsView {
  readonly title: string;
  readonly topic: string | null;
  readonly avatar: string | null;
}

/** A line of the timeline. `key` is stable: a message keeps it when it goes from pending to sent. */
export type TimelineItem =
  | {
      readonly type: "message";
      readonly key: string;
      readonly message: MessageView;
      /** A revision, redaction or reaction of one's own waits to be sent, and is shown already. */
      readonly waiting: boolean;
      /** The client id, when this device wrote it. */
      readonly clientId: ClientId | null;
    }
  | { readonly type: "membership"; readonly key: string; readonly membership: MembershipView }
  | { readonly type: "details"; readonly key: string; readonly seq: number; readonly time: Time; readonly account: AccountId | null; readonly details: DetailsView }
  /** What the server says of a sealed conversation's keys. `dropped`: a change of keys was refused, and what was written with it is sent again. */
  | { readonly type: "keys"; readonly key: string; readonly seq: number; readonly time: Time; readonly what: "started" | "dropped" | "alarm"; readonly account: AccountId | null }
  | { readonly type: "pending"; readonly key: string; readonly item: OutboxItem };

export interface TimelineView {
  readonly conversation: ConversationId;
  /** Oldest first; what waits in the outbox comes last. */
  readonly items: readonly TimelineItem[];
  /** False until the newest page is here. */
  readonly ready: boolean;
  /** There are older entries than the first item. */
  readonly hasOlder: boolean;
  readonly loadingOlder: boolean;
  readonly details: DetailsView | null;
  readonly members: ReadonlyMap<AccountId, MemberRole>;
  /** The last entry known. */
  readonly lastSeq: number;
}

/** A timeline. Hold it only while it is shown: memory of older pages is let go a minute after the last listener left. */
export interface Timeline extends Readable<TimelineView> {
  /**
   * Loads the page before the first item. Does nothing when there is none; while one loads, waits for it.
   * Rejects with NetworkError when the page is not on this device and there is no line.
   */
  loadOlder(): Promise<void>;
  /** Loads older pages until this entry is there. False when it is no message. Rejects as `loadOlder`. */
  loadUntil(seq: number): Promise<boolean>;
  /** A message by number, if it is loaded. */
  message(seq: number): MessageView | undefined;
}

/**
 * How a sealed conversation stands on this device. `waiting`: another device has to let this one in. `lost`: it has to be let in anew.
 * `alarm`: something is wrong with its keys, nothing is sent. `elsewhere`: another tab drives and knows.
 */
export type SealedState = "ready" | "waiting" | "lost" | "alarm" | "elsewhere";

/** What the list of conversations shows of one. */
export interface ConversationView {
  readonly id: ConversationId;
  readonly kind: Kind;
  readonly protection: Protection;
  /** Null where it is open. */
  readonly sealed: SealedState | null;
  readonly role: MemberRole;
  readonly muted: boolean;
  readonly pinned: boolean;
  readonly memberCount: number;
  /** In `direct`: the other one. */
  readonly with: AccountId | null;
  /** The title of its details, or the name of the other person; empty while unknown. */
  readonly title: string;
  readonly topic: string;
  readonly avatar: string | null;
  readonly lastSeq: number;
  readonly readSeq: number;
  readonly fromSeq: number;
  /** When the last entry came, or the conversation was made. */
  readonly time: Time;
  /** The newest message that is not redacted or erased. */
  readonly last: { readonly seq: number; readonly account: AccountId | null; readonly time: Time; readonly text: string; readonly files: number } | null;
  /** Messages of others after what one has read; counted up to 200. */
  readonly unread: number;
  /** Those of them that mention the person; in `direct`, every one. */
  readonly mentions: number;
  readonly hasDraft: boolean;
  /** Messages of one's own that wait or failed. */
  readonly waiting: number;
  readonly failed: number;
  readonly raw: Conversation;
}

/** Who has received and read how far, without oneself. */
export interface MarksView {
  readonly byAccount: ReadonlyMap<AccountId, { readonly delivered: number; readonly read: number }>;
  /** State of a message of one's own: whether all (or in a group some) others have it. */
  readonly deliveredToAll: number;
  readonly readByAll: number;
  readonly readBySome: number;
}

export type OutboxContent =
  | { readonly type: "message"; readonly text: string; readonly mentions: readonly AccountId[]; readonly files: readonly FileRef[]; readonly replyTo: number | null }
  | { readonly type: "revision"; readonly seq: number; readonly text: string; readonly mentions: readonly AccountId[] }
  | { readonly type: "redaction"; readonly seq: number }
  | { readonly type: "reaction"; readonly seq: number; readonly reaction: string; readonly on: boolean }
  | { readonly type: "details"; readonly title: string; readonly topic: string | null; readonly avatar: string | null };

/** Something written here. It leaves the outbox once its entry has come back in the journal. */
export interface OutboxItem {
  readonly clientId: ClientId;
  readonly conversation: ConversationId;
  readonly created: number;
  readonly content: OutboxContent;
  readonly state:
    | { readonly status: "pending"; readonly attempts: number }
    | { readonly status: "sent"; readonly seq: number; readonly time: Time }
    | { readonly status: "failed"; readonly problem: ApiProblem };
}

export interface MessageDraft {
  readonly text: string;
  readonly mentions?: readonly AccountId[];
  readonly files?: readonly FileRef[];
  readonly replyTo?: number | null;
}

/** What stands in the composer, kept per conversation on this device. */
export interface ComposerDraft {
  readonly text: string;
  readonly mentions: readonly AccountId[];
  readonly replyTo: number | null;
}

export interface Sent {
  readonly clientId: ClientId;
  /** Resolves once the server has it on disk; rejects with ApiProblem when refused, with CancelledError when given up. */
  readonly done: Promise<{ readonly seq: number; readonly time: Time }>;
}

/** A running upload. */
export interface UploadHandle extends Readable<UploadState> {
  /** Rejects with ApiProblem, NetworkError (after the retries) or an AbortError. */
  readonly done: Promise<{ readonly blob: string; readonly mediaType: string; readonly size: number; readonly key?: string }>;
  abort(): void;
}
export interface UploadState {
  readonly status: "running" | "waiting" | "done" | "failed" | "aborted";
  readonly sent: number;
  readonly size: number;
  readonly error: ApiProblem | NetworkError | null;
}

export interface Directory extends Readable<ReadonlyMap<AccountId, Person>> {
  /** What is known of somebody now; asks the server in the background when nothing is (batched). */
  get(account: AccountId): Person | undefined;
  /** A page of the directory; those found are kept. */
  search(query: string, options?: { after?: string; limit?: number }): Promise<Answer<"people.list">>;
}

/** Sign-in, first run and links: before there is a session. Each rejects with ApiProblem or NetworkError. */
export interface Entrance {
  server(): Promise<ServerInfo>;
  setupCheck(token: string): Promise<SetupOffer>;
  setup(body: { token: string; organisation: string; domain: string; host: string; owner: NewAccount }): Promise<SignedIn>;
  signIn(address: string, password: string): Promise<{ status: "signed_in" } | { status: "second_factor"; ticket: string }>;
  secondFactor(ticket: string, code: string): Promise<SignedIn>;
  invitationCheck(token: string): Promise<InvitationOffer>;
  invitationAccept(body: Omit<AcceptInvitation, "device">): Promise<SignedIn>;
  resetCheck(token: string): Promise<ResetOffer>;
  reset(token: string, password: string): Promise<void>;
  passwordCheck(password: string, context: readonly string[]): Promise<PasswordVerdict>;
}

export interface Client {
  readonly session: Readable<SessionState>;
  readonly connection: Readable<ConnectionState>;
  /** Pinned first, then by time; sorted. */
  readonly conversations: Readable<readonly ConversationView[]>;
  /** Over what is not muted. */
  readonly totals: Readable<{ readonly unread: number; readonly mentions: number }>;
  readonly people: Directory;
  readonly outbox: Readable<readonly OutboxItem[]>;
  readonly entrance: Entrance;
  /** Keys of the account and of this device, and other people's. */
  readonly keys: Readable<KeysState> & KeysActions;

  /** Looks for a session and opens the line. Call once. */
  start(): Promise<void>;
  /** Closes the line and the store; nothing is wiped. */
  stop(): void;
  /** Ends the session at the server and wipes everything kept of the account here, also when the server cannot be reached. */
  signOut(): Promise<void>;
  /** Asks `me.get` again. */
  refreshMe(): Promise<Me>;
  /** Tries the line at once. */
  retryNow(): void;

  /** Any command. Rejects with ApiProblem or NetworkError. */
  command<O extends Op>(op: O, params: Params<O>, options?: { signal?: AbortSignal }): Promise<Answer<O>>;

  conversation(id: ConversationId): Readable<ConversationView | null>;
  timeline(id: ConversationId): Timeline;
  marks(id: ConversationId): Readable<MarksView>;
  /** Who writes now, without oneself. */
  typing(id: ConversationId): Readable<readonly AccountId[]>;
  draft(id: ConversationId): Readable<ComposerDraft>;
  setDraft(id: ConversationId, draft: ComposerDraft): void;

  createConversation(options: { kind: Kind; members: readonly AccountId[]; protection?: Protection; title?: string; topic?: string }): Promise<ConversationId>;
  joinChannel(id: ConversationId): Promise<void>;

  /** Each is kept on disk before it resolves and is sent as soon as there is a line, in order. */
  send(id: ConversationId, message: MessageDraft): Promise<Sent>;
  revise(id: ConversationId, seq: number, text: string, mentions?: readonly AccountId[]): Promise<Sent>;
  redact(id: ConversationId, seq: number): Promise<Sent>;
  react(id: ConversationId, seq: number, reaction: string, on: boolean): Promise<Sent>;
  setDetails(id: ConversationId, details: { title: string; topic?: string; avatar?: string | null }): Promise<Sent>;
  /** Failed items only. */
  retry(clientId: ClientId): Promise<void>;
  /** Takes something out of the outbox. False when it is on its way and may have arrived. */
  cancel(clientId: ClientId): Promise<boolean>;

  /** In a sealed conversation the file is sealed before it leaves; `key` of what it resolves to goes into the FileRef. */
  upload(id: ConversationId, file: Blob): UploadHandle;
  /**
   * Bytes of a file of a sealed conversation, opened; for `URL.createObjectURL`. Rejects with DamagedFile when it is not what the message
   * names. Its type is only kept for pictures: anything else must not be shown as a page.
   */
  openFile(id: ConversationId, file: { readonly blob: string; readonly key: string; readonly media_type?: string }): Promise<Blob>;
  /** Address of a blob's bytes as they are stored, for `src` or a download (with `name`): of files without a key. */
  blobUrl(id: ConversationId, blob: string, name?: string): string;

  /** The person has seen this far. Coalesced. */
  markRead(id: ConversationId, seq: number): void;
  /** Call at each change of the composer; throttled here. */
  setTyping(id: ConversationId, typing: boolean): void;
  setPresence(choice: { availability: Availability | null; text?: string; until?: Time | null }): Promise<void>;
  presence(account: AccountId): Presence | null;
  /** Somebody touched the keyboard or the pointer; the sdk listens to the page by itself, this is for other signs. */
  touch(): void;
}
