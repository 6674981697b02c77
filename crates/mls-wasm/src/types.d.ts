/** X-Wing (0x004F), the default, or X25519 alone (0x0001). */
export type Suite = "hybrid" | "classical";
export type Verdict = "merged" | "refused";
export type Rank = "reader" | "member" | "moderator" | "owner";

/** Every entry of the store: keys and values. */
export type Entries = readonly (readonly [Uint8Array, Uint8Array])[];

/** What one operation changed, to be written in one transaction. */
export interface Batch {
  readonly put: Entries;
  readonly delete: readonly Uint8Array[];
}

/** What the device believes about others, given with each operation that judges. */
export interface Beliefs {
  /** Ed25519 identity keys of accounts, 32 bytes, from the key log. An account that is not here is not believed. */
  readonly directory: readonly { readonly account: string; readonly key: Uint8Array }[];
  /** Members of the conversation and their ranks. */
  readonly entitled: readonly { readonly account: string; readonly rank: Rank }[];
  /** Encoded archive policies that enough pinned officers signed. */
  readonly certified: readonly Uint8Array[];
  /** The server's Ed25519 key as external sender, 32 bytes. */
  readonly serverKey: Uint8Array;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Who a new device is. */
export interface Enrolment {
  readonly account: string;
  readonly device: string;
  /** For a day only. */
  readonly guest: boolean;
  /** Milliseconds since 1970: the credential holds from here on. */
  readonly now: number;
}

/** Whose installation this is. Public keys only. */
export interface Identity {
  readonly account: string;
  readonly device: string;
  readonly guest: boolean;
  /** The device's Ed25519 key, as in every leaf of it. */
  readonly deviceKey: Uint8Array;
  /** The device credential, as in every leaf of it (docs/protocols/mls.md). */
  readonly credential: Uint8Array;
  /** The account's Ed25519 identity key; null where it is not held. */
  readonly accountKey: Uint8Array | null;
}

/** A device in a group. */
export interface Seat {
  readonly device: string;
  readonly account: string;
  readonly guest: boolean;
}
export interface Leaf extends Seat {
  /** The leaf's Ed25519 key. */
  readonly key: Uint8Array;
}

/** What a commit does, beside renewing the committer's keys and applying what waits. */
export interface Changes {
  /** Key packages of devices to add, as fetched. */
  readonly add?: readonly Uint8Array[];
  /** Devices to remove. */
  readonly remove?: readonly string[];
  /** The next archive policy, encoded. */
  readonly archive?: Uint8Array;
}

/** The capsule's secrets of an epoch. Never outside the worker. */
export interface ArchiveSecrets {
  readonly key: Uint8Array;
  readonly seed: Uint8Array;
}

export interface Epoch {
  readonly epoch: number;
  /** SHA-256 of the GroupContext, 32 bytes. */
  readonly epochRef: Uint8Array;
  /** False once this device was removed. */
  readonly member: boolean;
}

export interface Outgoing {
  /** A PublicMessage. */
  readonly commit: Uint8Array;
  /** For the added devices, all of them the same. */
  readonly welcome: Uint8Array | null;
  /** The epoch that it would begin. */
  readonly epochRef: Uint8Array;
  /** Members from then on. */
  readonly roster: readonly Seat[];
}

export type Received =
  | { readonly type: "content"; readonly from: string; readonly content: Uint8Array }
  | { readonly type: "own" }
  | { readonly type: "proposal" }
  | {
      readonly type: "commit";
      /** Null when it is this device's own and was waiting. */
      readonly from: string | null;
      readonly epochRef: Uint8Array;
      readonly roster: readonly Seat[];
      /** This device was removed: forget the group when the commit is final. */
      readonly removed: boolean;
    };

/** What became of one of several messages: what it held, or the code of the refusal. */
export type Opened = { readonly ok: Received } | { readonly refused: string };

export interface Joined {
  readonly group: Uint8Array;
  /** The device that added this one. */
  readonly by: string;
  readonly epochRef: Uint8Array;
  readonly roster: readonly Seat[];
}

/** What is new in the key log. */
export type LogChange =
  | { readonly news: "identity"; readonly account: string; readonly serial: number; readonly reset: boolean }
  | { readonly news: "added" | "ended"; readonly account: string; readonly device: string }
  | { readonly news: "officers" | "archive" };

/** What came of a page; `changes` hold once it is current. */
export interface Taken {
  readonly current: boolean;
  readonly changes: readonly LogChange[];
}

/** Everything that the copy of the key log says. */
export interface LogView {
  readonly identities: readonly { readonly account: string; readonly key: Uint8Array; readonly serial: number; readonly reset: boolean }[];
  /** Every device that there is or was; `live`: it may be in groups. */
  readonly devices: readonly { readonly account: string; readonly device: string; readonly since: number; readonly live: boolean }[];
}

/** What two people compare: 60 digits, a text for a QR code, a short name of the other's key alone. */
export interface Comparison {
  readonly number: string;
  readonly code: string;
  readonly fingerprint: string;
}
