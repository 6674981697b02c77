// What is kept of a conversation's group beside the MLS state, and under which names.

import { fromBase64Url, toBase64Url } from "../bytes";
import type { AccountId, ClientId, ConversationId } from "../public";
import type { MemberRole } from "../wire";
import type { DeviceId } from "./ports";

export interface KnownEpoch {
  readonly ref: string;
  readonly number: number;
}

/** An entry of one's own in an epoch that may still be dropped. */
export interface Provisional {
  readonly seq: number;
  readonly epoch: string;
  readonly clientId: ClientId;
  readonly refersTo: number | null;
  readonly blobs: readonly string[];
}

export interface GroupRecord {
  readonly conversation: ConversationId;
  /** The group's name, base64url of 16 bytes; empty where this device never was in it. */
  readonly group: string;
  /** Everything up to this entry is processed. */
  readonly cursor: number;
  /** The entry by which this device came in: nothing up to it can be opened here. */
  readonly from: number;
  /** Members of the conversation as of the cursor. */
  readonly members: readonly (readonly [AccountId, MemberRole])[];
  /** The newest final epoch and what came after it, newest last. */
  readonly epochs: readonly KnownEpoch[];
  /** Names of dropped epochs. */
  readonly dropped: readonly string[];
  /** The epoch that this device could not follow; it and those after it are not opened. */
  readonly refused: string | null;
  /** A removal that the server proposed waits for a commit. */
  readonly removals: boolean;
  readonly provisional: readonly Provisional[];
  /** `in`: follows. `lost`: must be added again. `out`: was removed. */
  readonly state: "in" | "lost" | "out";
  /** Something in the group that should not be: nothing is written in it. */
  readonly alarm: string | null;
}

/** Who wrote what was opened: the device that signed it and, by the key log, its account. */
export interface Author {
  readonly account: AccountId;
  readonly device: DeviceId;
}

/** A commit on its way. */
export interface KeptCommit {
  readonly clientId: ClientId;
  readonly commit: string;
  readonly welcome: string | null;
}

/** Something written here, until its entry has come. */
export interface Written {
  readonly content: string;
  readonly sealed: string;
  readonly epoch: string;
  readonly refersTo: number | null;
  readonly blobs: readonly string[];
}

const pad = (seq: number) => String(seq).padStart(12, "0");

export const keyOf = {
  record: (id: ConversationId) => `group/${id}`,
  records: "group/",
  start: (id: ConversationId) => `start/${id}`,
  commit: (id: ConversationId) => `commit/${id}`,
  opened: (id: ConversationId, seq: number) => `opened/${id}/${pad(seq)}`,
  openedOf: (id: ConversationId) => `opened/${id}/`,
  author: (id: ConversationId, seq: number) => `author/${id}/${pad(seq)}`,
  authorOf: (id: ConversationId) => `author/${id}/`,
  written: (id: ConversationId, client: ClientId) => `written/${id}/${client}`,
  writtenOf: (id: ConversationId) => `written/${id}/`,
};

export function encodeKept(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

export function decodeKept<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes)) as T;
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, at) => byte === b[at]);
export { fromBase64Url as unb64, toBase64Url as b64 };
