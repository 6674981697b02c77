// What the engine of sealed conversations needs of others: the MLS device, what is kept encrypted, the key log, the server.

import type { AccountId, ClientId, ConversationId } from "../public";
import type {
  ClaimKeyPackages, ClaimedKeyPackages, CommitReceipt, Conversation, GroupState, JournalPage, Members, PostCommit, PostEntry, PostStatement, Receipt,
  StartGroup, WelcomeTaken, Welcomes,
} from "../wire";

export type DeviceId = string;
export type Rank = "reader" | "member" | "moderator" | "owner";

/** What the device believes about others, given with each operation that judges (crates/mls-wasm). */
export interface Beliefs {
  readonly directory: readonly { readonly account: AccountId; readonly key: Uint8Array }[];
  readonly entitled: readonly { readonly account: AccountId; readonly rank: Rank }[];
  readonly certified: readonly Uint8Array[];
  readonly serverKey: Uint8Array;
  readonly now: number;
}

export interface Seat {
  readonly device: DeviceId;
  readonly account: AccountId;
}

export interface Changes {
  readonly add?: readonly Uint8Array[];
  readonly remove?: readonly DeviceId[];
}

export interface Outgoing {
  readonly commit: Uint8Array;
  readonly welcome: Uint8Array | null;
  readonly epochRef: Uint8Array;
  readonly roster: readonly Seat[];
}

export type Received =
  | { readonly type: "content"; readonly from: DeviceId; readonly content: Uint8Array }
  | { readonly type: "own" }
  | { readonly type: "proposal" }
  | { readonly type: "commit"; readonly from: DeviceId | null; readonly epochRef: Uint8Array; readonly roster: readonly Seat[]; readonly removed: boolean };

/** What became of one of several messages: what it held, or the code of the refusal. */
export type Opened = { readonly ok: Received } | { readonly refused: string };

/** Values written in the same transaction as the device's state; null takes one away. */
export type Beside = Readonly<Record<string, Uint8Array | null>>;

/** Public keys of this device. */
export interface Identity extends Seat {
  readonly deviceKey: Uint8Array;
  readonly accountKey: Uint8Array;
}

/** The MLS device. Every method's effect is on disk before its promise resolves; an error has a `code`. */
export interface Device {
  readonly seat: Identity;
  create(group: Uint8Array, beliefs: Beliefs, beside: Beside): Promise<Uint8Array>;
  /** The commit is also kept, as a `KeptCommit` under `key`. */
  commit(group: Uint8Array, changes: Changes, beliefs: Beliefs, keep: { readonly key: string; readonly clientId: ClientId }): Promise<Outgoing>;
  withdraw(group: Uint8Array, beside: Beside): Promise<void>;
  join(welcome: Uint8Array, beliefs: Beliefs): Promise<Joined>;
  /**
   * Messages in the journal's order, in one transaction; what each held is kept under its `keep`, where the device
   * `from`, if that is given, signed it. `taken` is written when at least one
   * was taken, `refused` when none was.
   */
  receive(
    group: Uint8Array,
    messages: readonly { readonly message: Uint8Array; readonly keep: string | null; readonly from?: DeviceId }[],
    beliefs: Beliefs,
    beside: { readonly taken: Beside; readonly refused: Beside },
  ): Promise<readonly Opened[]>;
  seal(group: Uint8Array, content: Uint8Array): Promise<Uint8Array>;
  epoch(group: Uint8Array): Promise<{ readonly epoch: number; readonly epochRef: Uint8Array; readonly member: boolean }>;
  leaves(group: Uint8Array): Promise<readonly Seat[]>;
  statement(verdict: "merged" | "refused", group: Uint8Array, epochRef: Uint8Array): Promise<Uint8Array>;
  settled(group: Uint8Array, epoch: number, beside: Beside): Promise<void>;
  goBack(group: Uint8Array, epochRef: Uint8Array, beside: Beside): Promise<void>;
  forget(group: Uint8Array, beside: Beside): Promise<void>;
  keyPackages(oneTime: number, lastResort: boolean, now: number): Promise<readonly Uint8Array[]>;
  /** Entries for the key log, signed: the account's first identity, this device, the end of a device. */
  identityEntry(): Promise<Uint8Array>;
  deviceEntry(): Promise<Uint8Array>;
  revocationEntry(device: DeviceId): Promise<Uint8Array>;
}

/** What a copy of the key log says. */
export interface LogView {
  readonly identities: readonly { readonly account: AccountId; readonly key: Uint8Array; readonly serial: number; readonly reset: boolean }[];
  readonly devices: readonly { readonly account: AccountId; readonly device: DeviceId; readonly since: number; readonly live: boolean }[];
}

export type LogChange =
  | { readonly news: "identity"; readonly account: AccountId; readonly serial: number; readonly reset: boolean }
  | { readonly news: "added" | "ended"; readonly account: AccountId; readonly device: DeviceId }
  | { readonly news: "officers" | "archive" };

/** What two people compare. */
export interface Comparison {
  /** 60 digits in groups of five. */
  readonly number: string;
  /** For a QR code. */
  readonly code: string;
  /** Of the other's identity key alone. */
  readonly fingerprint: string;
}

/** This device's copy of the key log; kept on disk before a promise resolves. Errors have a `code`, `log_order` for one that passes. */
export interface LogCopy {
  /** How many entries were taken. */
  next(): Promise<number>;
  /** Takes a page; `current` once it is compared with the signed head, and then `changes` hold. */
  take(leaves: readonly Uint8Array[], note: string, key: string, now: number): Promise<{ readonly current: boolean; readonly changes: readonly LogChange[]; readonly view: LogView }>;
  view(now: number): Promise<LogView>;
  compare(one: AccountId, other: AccountId): Promise<Comparison | null>;
}

/** The worker, with everything of one account that is secret. */
export interface Backend {
  readonly vault: Vault;
  readonly log: LogCopy;
  /** The device as it is kept; null before enrolment. */
  device(): Promise<Device | null>;
  enrol(who: { readonly account: AccountId; readonly device: DeviceId; readonly now: number }, seed: Uint8Array, beside: Beside): Promise<Device>;
  /** Forgets device, groups and all that is kept beside them, but not the copy of the key log and what is under `keep`. */
  discard(keep: readonly string[]): Promise<void>;
  close(): void;
}

export interface Joined {
  readonly group: Uint8Array;
  readonly epochRef: Uint8Array;
  readonly roster: readonly Seat[];
}

/** Reads what is kept encrypted beside the device's state; every tab may. */
export interface VaultReader {
  get(key: string): Promise<Uint8Array | null>;
  getAll(keys: readonly string[]): Promise<readonly (Uint8Array | null)[]>;
  list(prefix: string): Promise<readonly (readonly [string, Uint8Array])[]>;
}

/** Only the tab that drives writes. */
export interface Vault extends VaultReader {
  write(beside: Beside): Promise<void>;
}

/** What the key log says of accounts and devices. */
export interface KeyDirectory {
  /** Something is wrong with the log itself: nothing may be sealed. */
  readonly alarmed: boolean;
  readonly serverKey: Uint8Array;
  identities(): Beliefs["directory"];
  identity(account: AccountId): Uint8Array | null;
  /** Devices that are not revoked. */
  devices(account: AccountId): readonly DeviceId[];
  /** Whose device that is, also when it is revoked; null when the log does not know it. */
  owner(device: DeviceId): AccountId | null;
  /** Follows the log to its end now. */
  refresh(): Promise<void>;
}

/** The commands used; each rejects with ApiProblem or NetworkError. */
export interface Server {
  live(): boolean;
  read(params: { conversation: ConversationId; after?: number; before?: number; limit: number }): Promise<JournalPage>;
  members(conversation: ConversationId): Promise<Members>;
  group(conversation: ConversationId): Promise<GroupState>;
  start(params: StartGroup): Promise<GroupState>;
  commit(params: PostCommit): Promise<CommitReceipt>;
  state(params: PostStatement): Promise<unknown>;
  welcomes(): Promise<Welcomes>;
  welcomed(params: WelcomeTaken): Promise<unknown>;
  claim(params: ClaimKeyPackages): Promise<ClaimedKeyPackages>;
  post(params: PostEntry): Promise<Receipt>;
}

export interface Surroundings {
  readonly device: Device;
  readonly vault: Vault;
  readonly keys: KeyDirectory;
  readonly server: Server;
  now(): number;
  after(ms: number, run: () => void): unknown;
  cancel(timer: unknown): void;
  jitter(): number;
  random(bytes: Uint8Array): void;
  uuid(): ClientId;
  conversation(id: ConversationId): Conversation | null;
  /** Whether somebody's identity key changed and the person has not accepted the new one. */
  doubted(account: AccountId): boolean;
  fault(error: unknown): void;
}

/** The code of a refusal by the device or the server; empty for other errors. */
export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : "";
}
