// Content of journal entries: reading and writing the bytes, with their limits. What a newer client wrote is kept as unsupported.

import type { DetailsView, FileRef, AccountId } from "../public";
import type { MemberRole } from "../wire";

export const LIMITS = {
  content: 64 * 1024,
  nesting: 32,
  text: 16_384,
  mentions: 100,
  files: 10,
  fileName: 255,
  mediaType: 255,
  pixels: 1_000_000,
  reaction: 32,
  title: 100,
  topic: 500,
} as const;

export type Content =
  | { readonly type: "message"; readonly text: string; readonly mentions: readonly AccountId[]; readonly files: readonly FileRef[] }
  | { readonly type: "revision"; readonly text: string; readonly mentions: readonly AccountId[] }
  | { readonly type: "redaction" }
  | { readonly type: "reaction"; readonly reaction: string; readonly on: boolean }
  | { readonly type: "details"; readonly details: DetailsView }
  | {
      readonly type: "membership";
      readonly by: AccountId | null;
      readonly added: readonly { readonly account: AccountId; readonly role: MemberRole }[];
      readonly removed: readonly AccountId[];
      readonly roles: readonly { readonly account: AccountId; readonly role: MemberRole }[];
    }
  /** What the server says of a group; epochs and the group's name in base64url. */
  | {
      readonly type: "group";
      readonly what: "started";
      readonly by: AccountId;
      readonly device: string;
      readonly group: string;
      readonly epoch: string;
    }
  | { readonly type: "group"; readonly what: "final"; readonly epochs: readonly string[] }
  | { readonly type: "group"; readonly what: "dropped"; readonly to: string; readonly epochs: readonly string[] }
  | { readonly type: "group"; readonly what: "alarm"; readonly device: string; readonly epoch: string }
  /** Shown as a message that this client cannot show. */
  | { readonly type: "unsupported" }
  /** A known type that breaks its rules; counts for nothing. */
  | { readonly type: "invalid" };

type Fields = Record<string, unknown>;

const ROLES: ReadonlySet<unknown> = new Set<MemberRole>(["owner", "moderator", "member", "reader"]);
const ACCOUNT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const BLOB = /^[0-9a-f]{64}$/;
/** 32 bytes, base64url. */
const FILE_KEY = /^[A-Za-z0-9_-]{43}$/;
/** Base64url without padding, its unused bits zero: of 32 and of 16 bytes. */
const EPOCH = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
const GROUP = /^[A-Za-z0-9_-]{21}[AQgw]$/;
const FILE_NAME = /^[^/\\\u0000-\u001f\u007f-\u009f]+$/u;

/** Counts characters as the limits mean them: Unicode scalar values. */
function characters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isAccount(value: unknown): value is AccountId {
  return typeof value === "string" && ACCOUNT.test(value);
}

function isName(value: unknown, kind: RegExp): value is string {
  return typeof value === "string" && kind.test(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isPixels(value: unknown): value is number {
  return isCount(value) && value >= 1 && value <= LIMITS.pixels;
}

/** A list where each element fits, or null. Absent or null is empty. */
function list<T>(value: unknown, fits: (element: unknown) => T | null): readonly T[] | null {
  if (value == null) return [];
  if (!Array.isArray(value)) return null;
  const found: T[] = [];
  for (const element of value as unknown[]) {
    const one = fits(element);
    if (one === null) return null;
    found.push(one);
  }
  return found;
}

function readMentions(value: unknown): readonly AccountId[] | null {
  const mentions = list(value, (one) => (isAccount(one) ? one : null));
  return mentions !== null && mentions.length <= LIMITS.mentions ? mentions : null;
}

function readFile(value: unknown): FileRef | null {
  if (!isFields(value)) return null;
  const { blob, name, size, media_type: mediaType, width, height, thumbnail } = value;
  if (typeof blob !== "string" || !BLOB.test(blob)) return null;
  if (typeof name !== "string" || !FILE_NAME.test(name) || characters(name) > LIMITS.fileName) return null;
  if (!isCount(size) || typeof mediaType !== "string" || characters(mediaType) > LIMITS.mediaType) return null;
  let file: FileRef = { blob, name, size, media_type: mediaType };
  if (width != null) {
    if (!isPixels(width)) return null;
    file = { ...file, width };
  }
  if (height != null) {
    if (!isPixels(height)) return null;
    file = { ...file, height };
  }
  const { key } = value;
  // Not refused for it: a file whose key cannot be read is only not opened.
  if (typeof key === "string" && FILE_KEY.test(key)) file = { ...file, key };
  if (thumbnail != null) {
    if (!isFields(thumbnail)) return null;
    const { blob: image, width: wide, height: high, key: imageKey } = thumbnail;
    if (typeof image !== "string" || !BLOB.test(image) || !isPixels(wide) || !isPixels(high)) return null;
    const small = { blob: image, width: wide, height: high };
    file = { ...file, thumbnail: typeof imageKey === "string" && FILE_KEY.test(imageKey) ? { ...small, key: imageKey } : small };
  }
  return file;
}

/** Whether a text keeps the limits. */
export function textFits(text: string, emptyAllowed: boolean): boolean {
  // Unicode White_Space, as Rust trims; JavaScript's own trim also takes U+FEFF.
  const length = characters(text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, ""));
  return length <= LIMITS.text && (length > 0 || emptyAllowed);
}

function readRoles(value: unknown): readonly { account: AccountId; role: MemberRole }[] | null {
  return list(value, (one) =>
    isFields(one) && isAccount(one.account) && ROLES.has(one.role) ? { account: one.account, role: one.role as MemberRole } : null,
  );
}

const INVALID: Content = { type: "invalid" };
const UNSUPPORTED: Content = { type: "unsupported" };

/** Whether every reader would read the same: no half of a character, no number beyond all, no nesting that could exhaust a stack. */
function isSound(value: unknown, depth: number): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  if (depth >= LIMITS.nesting) return false;
  return Object.entries(value).every(([key, inner]) => key.isWellFormed() && isSound(inner, depth + 1));
}

/** Reads content bytes. Never throws. */
export function readContent(bytes: Uint8Array): Content {
  if (bytes.length > LIMITS.content) return UNSUPPORTED;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return UNSUPPORTED;
  }
  if (!isSound(value, 0) || !isFields(value) || value.v !== 1 || typeof value.type !== "string") return UNSUPPORTED;
  switch (value.type) {
    case "message": {
      const { text } = value;
      const mentions = readMentions(value.mentions);
      const files = list(value.files, readFile);
      if (typeof text !== "string" || mentions === null || files === null || files.length > LIMITS.files) return UNSUPPORTED;
      return textFits(text, files.length > 0) ? { type: "message", text, mentions, files } : UNSUPPORTED;
    }
    case "revision": {
      const { text } = value;
      const mentions = readMentions(value.mentions);
      // Whether an empty text is allowed depends on the files of the original, which the fold knows.
      if (typeof text !== "string" || mentions === null || !textFits(text, true)) return INVALID;
      return { type: "revision", text, mentions };
    }
    case "redaction":
      return { type: "redaction" };
    case "reaction": {
      const { reaction, on } = value;
      if (typeof reaction !== "string" || typeof on !== "boolean") return INVALID;
      const length = characters(reaction);
      return length >= 1 && length <= LIMITS.reaction ? { type: "reaction", reaction, on } : INVALID;
    }
    case "details": {
      const { title, topic = null, avatar = null } = value;
      if (typeof title !== "string" || characters(title) > LIMITS.title) return INVALID;
      if (topic !== null && (typeof topic !== "string" || characters(topic) > LIMITS.topic)) return INVALID;
      if (avatar !== null && (typeof avatar !== "string" || !BLOB.test(avatar))) return INVALID;
      return { type: "details", details: { title, topic, avatar } };
    }
    case "membership": {
      const added = readRoles(value.added);
      const roles = readRoles(value.roles);
      const removed = list(value.removed, (one) => (isAccount(one) ? one : null));
      if (added === null || roles === null || removed === null) return INVALID;
      return { type: "membership", by: isAccount(value.by) ? value.by : null, added, removed, roles };
    }
    case "group":
      return readGroup(value);
    default:
      return UNSUPPORTED;
  }
}

function readGroup(value: Fields): Content {
  const { what, by, device, group, epoch, to } = value;
  const epochs = list(value.epochs, (one) => (isName(one, EPOCH) ? one : null));
  switch (what) {
    case "started":
      if (!isAccount(by) || !isAccount(device) || !isName(group, GROUP) || !isName(epoch, EPOCH)) return INVALID;
      return { type: "group", what, by, device, group, epoch };
    case "final":
      return epochs === null ? INVALID : { type: "group", what, epochs };
    case "dropped":
      return epochs === null || !isName(to, EPOCH) ? INVALID : { type: "group", what, to, epochs };
    case "alarm":
      return isAccount(device) && isName(epoch, EPOCH) ? { type: "group", what, device, epoch } : INVALID;
    default:
      return typeof what === "string" ? UNSUPPORTED : INVALID;
  }
}

/** Writes content that can be posted. */
export function writeContent(content: Exclude<Content, { type: "unsupported" | "invalid" | "membership" | "group" }>): Uint8Array {
  const fields: Fields = { v: 1, type: content.type };
  switch (content.type) {
    case "message":
      fields.text = content.text;
      if (content.mentions.length > 0) fields.mentions = content.mentions;
      if (content.files.length > 0) fields.files = content.files;
      break;
    case "revision":
      fields.text = content.text;
      if (content.mentions.length > 0) fields.mentions = content.mentions;
      break;
    case "reaction":
      fields.reaction = content.reaction;
      fields.on = content.on;
      break;
    case "details":
      fields.title = content.details.title;
      if (content.details.topic !== null) fields.topic = content.details.topic;
      if (content.details.avatar !== null) fields.avatar = content.details.avatar;
      break;
    case "redaction":
      break;
  }
  // Half a character, as a cut in the middle of an emoji leaves it, would make the whole unreadable.
  return new TextEncoder().encode(JSON.stringify(fields, (_, value: unknown) => (typeof value === "string" ? value.toWellFormed() : value)));
}
