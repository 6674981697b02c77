// The fold: journal entries to what is shown. The rules are those of the `content` crate, held together by the golden files.
//
// Every entry about a message is kept as a fact under the number it is about, whether that message is known or not, and the
// message's view is computed from its facts. So the order of arrival does not matter: a window of the journal that begins in
// the middle and grows at both ends gives what the whole journal gives.

import type { AccountId, ClientId, DetailsView, MembershipView, MessageView, Time } from "../public";
import type { EntryKind, MemberRole } from "../wire";
import { readContent, textFits, type Content } from "./content";

/** An entry with its content opened. */
export interface OpenEntry {
  readonly seq: number;
  readonly kind: EntryKind;
  readonly account: AccountId | null;
  readonly time: Time;
  readonly refersTo: number | null;
  /** Null when erased, or `sealed`. */
  readonly content: Uint8Array | null;
  readonly clientId?: ClientId;
  /** Sealed content that is not opened yet, or cannot be opened here, or does not count because its keys were dropped. */
  readonly sealed?: "waiting" | "locked" | "dropped";
}

type Fact =
  | { readonly type: "revision"; readonly seq: number; readonly account: AccountId | null; readonly time: Time; readonly text: string; readonly mentions: readonly AccountId[] }
  | { readonly type: "redaction"; readonly seq: number; readonly account: AccountId | null; readonly time: Time }
  | { readonly type: "reaction"; readonly seq: number; readonly account: AccountId | null; readonly reaction: string; readonly on: boolean };

interface MessageRow {
  readonly type: "message";
  readonly seq: number;
  readonly entry: Omit<OpenEntry, "content">;
  readonly content: Extract<Content, { type: "message" }> | null;
  /** The body was gone when the entry came. */
  readonly gone: boolean;
  view: MessageView | null;
}
interface OtherRow {
  readonly type: "membership" | "details";
  readonly seq: number;
  readonly entry: Omit<OpenEntry, "content">;
  readonly membership: MembershipView | null;
  readonly details: DetailsView | null;
}
/** What the server says of the group; that a change of keys is final goes without saying. */
interface KeysRow {
  readonly type: "keys";
  readonly seq: number;
  readonly entry: Omit<OpenEntry, "content">;
  readonly what: "started" | "dropped" | "alarm";
  readonly by: AccountId | null;
}
export type Row = MessageRow | OtherRow | KeysRow;

interface RoleChange {
  readonly seq: number;
  readonly what: "removed" | "added" | "changed";
  readonly role: MemberRole | null;
}

const NOBODY: ReadonlyMap<AccountId, MemberRole> = new Map();
const NO_REACTIONS: ReadonlyMap<string, readonly AccountId[]> = new Map();

function moderates(role: MemberRole | null): boolean {
  return role === "owner" || role === "moderator";
}

export class Fold {
  #seed: ReadonlyMap<AccountId, MemberRole>;
  readonly #seen = new Set<number>();
  readonly #rows = new Map<number, Row>();
  #order: Row[] = [];
  #sorted = true;
  readonly #facts = new Map<number, Fact[]>();
  /** Which number a fact is about, by its own. */
  readonly #factAbout = new Map<number, number>();
  readonly #erasures = new Set<number>();
  /** Per account, its roles by the number of the entry that gave them; null: no longer a member. */
  readonly #roles = new Map<AccountId, RoleChange[]>();
  /** Who made the journal, when its first entry is known. */
  #creator: AccountId | null = null;
  #asksForRoles = false;
  /** Messages by the number that they answer. */
  readonly #answers = new Map<number, number[]>();
  /** Messages whose view asks for somebody's role. */
  readonly #moderated = new Set<number>();
  /** By client id, of what was posted by an account. */
  readonly #clientIds = new Map<string, number>();

  /** `seed`: the roles as they were before the first entry that will be known. */
  constructor(seed: ReadonlyMap<AccountId, MemberRole> = NOBODY) {
    this.#seed = seed;
  }

  /** The window now begins earlier, or more is known of what came before it. */
  reseed(seed: ReadonlyMap<AccountId, MemberRole>): void {
    this.#seed = seed;
    this.#forgetModerated();
  }

  /** Takes an entry, older or newer than those known. A number that was taken before changes nothing, unless its body is gone since. */
  apply(entry: OpenEntry): void {
    if (this.#seen.has(entry.seq)) {
      if (entry.kind === "content" && entry.content === null && entry.sealed === undefined) this.#erase(entry.seq);
      return;
    }
    this.#seen.add(entry.seq);
    this.#take(entry);
    // Those who answer it did not know until now whether it is a message.
    for (const answer of this.#answers.get(entry.seq) ?? []) this.#forget(answer);
  }

  #take(entry: OpenEntry): void {
    if (entry.seq === 1) this.#creator = entry.account;
    if (entry.sealed === "dropped") return;
    if (entry.clientId !== undefined && entry.account !== null) this.#clientIds.set(clientKey(entry.account, entry.clientId), entry.seq);
    if (entry.kind === "erasure") {
      if (entry.refersTo !== null && entry.refersTo < entry.seq) this.#erase(entry.refersTo);
      return;
    }
    const { content: bytes, ...envelope } = entry;
    if (entry.sealed !== undefined) {
      this.#addRow({ type: "message", seq: entry.seq, entry: envelope, content: null, gone: false, view: null });
      return;
    }
    if (bytes === null) {
      if (entry.kind === "content") this.#addRow({ type: "message", seq: entry.seq, entry: envelope, content: null, gone: true, view: null });
      return;
    }
    const content = readContent(bytes);
    if (entry.kind === "membership") {
      if (content.type === "membership") this.#membership(entry, content);
      return;
    }
    if (entry.kind === "group") {
      if (content.type === "group" && content.what !== "final") {
        this.#addRow({ type: "keys", seq: entry.seq, entry: envelope, what: content.what, by: content.what === "started" ? content.by : null });
      }
      return;
    }
    // Handshakes of the group.
    if (entry.kind !== "content") return;
    switch (content.type) {
      case "message":
        this.#addRow({ type: "message", seq: entry.seq, entry: envelope, content, gone: false, view: null });
        break;
      case "unsupported":
        this.#addRow({ type: "message", seq: entry.seq, entry: envelope, content: null, gone: false, view: null });
        break;
      case "details":
        this.#addRow({ type: "details", seq: entry.seq, entry: envelope, membership: null, details: content.details });
        break;
      case "revision":
        this.#fact(entry, { type: "revision", seq: entry.seq, account: entry.account, time: entry.time, text: content.text, mentions: content.mentions });
        break;
      case "redaction":
        this.#fact(entry, { type: "redaction", seq: entry.seq, account: entry.account, time: entry.time });
        break;
      case "reaction":
        this.#fact(entry, { type: "reaction", seq: entry.seq, account: entry.account, reaction: content.reaction, on: content.on });
        break;
      case "membership":
      case "group":
      case "invalid":
        break;
    }
  }

  /** Rows in order of number. Not to be kept: the array grows in place. */
  rows(): readonly Row[] {
    if (!this.#sorted) {
      this.#order = [...this.#rows.values()].sort((a, b) => a.seq - b.seq);
      this.#sorted = true;
    }
    return this.#order;
  }

  /** The view of a message; the same object until something about it changes. */
  view(row: MessageRow): MessageView {
    row.view ??= this.#compute(row);
    return row.view;
  }

  message(seq: number): MessageView | undefined {
    const row = this.#rows.get(seq);
    return row?.type === "message" ? this.view(row) : undefined;
  }

  messages(): readonly MessageView[] {
    return this.rows().flatMap((row) => (row.type === "message" ? [this.view(row)] : []));
  }

  /** Whether something with this client id, by this account, has come. */
  has(account: AccountId, clientId: ClientId): number | undefined {
    return this.#clientIds.get(clientKey(account, clientId));
  }

  members(): ReadonlyMap<AccountId, MemberRole> {
    const members = new Map<AccountId, MemberRole>();
    for (const account of new Set([...this.#seed.keys(), ...this.#roles.keys()])) {
      const role = this.roleAt(account, Number.POSITIVE_INFINITY);
      if (role !== null) members.set(account, role);
    }
    return members;
  }

  /** The newest details that counted. */
  details(): DetailsView | null {
    const rows = this.rows();
    for (let at = rows.length - 1; at >= 0; at--) {
      const row = rows[at];
      if (row?.type === "details" && row.details !== null && this.detailsCount(row)) return row.details;
    }
    return null;
  }

  detailsCount(row: OtherRow): boolean {
    const { account } = row.entry;
    if (account === null || this.#erasures.has(row.seq)) return false;
    return moderates(this.roleAt(account, row.seq)) || row === this.#firstDetailsOfCreator();
  }

  /** Whoever made the journal titles it once, whatever their role. */
  #firstDetailsOfCreator(): OtherRow | null {
    const creator = this.#creator;
    if (creator === null) return null;
    for (const row of this.rows()) if (row.type === "details" && row.entry.account === creator) return row;
    return null;
  }

  /**
   * The roles before the first known entry, worked out backwards from those of now. Somebody whose role changed since, from a role
   * that is not known, counts as an ordinary member before that.
   */
  seedFrom(now: ReadonlyMap<AccountId, MemberRole>): ReadonlyMap<AccountId, MemberRole> {
    const seed = new Map<AccountId, MemberRole>();
    for (const [account, role] of now) if (!this.#roles.has(account)) seed.set(account, role);
    for (const [account, changes] of this.#roles) {
      const first = changes[0];
      if (first !== undefined && first.what !== "added") seed.set(account, "member");
    }
    return seed;
  }

  /** Whether a redaction by somebody else than the author has come, so that roles count. */
  get asksForRoles(): boolean {
    return this.#asksForRoles;
  }

  /** The role that somebody had when the entry of this number came. */
  roleAt(account: AccountId, seq: number): MemberRole | null {
    let role = this.#seed.get(account) ?? null;
    for (const change of this.#roles.get(account) ?? []) {
      if (change.seq >= seq) break;
      // A role for one who is no member gives nothing.
      if (change.what === "added" || role !== null) role = change.role;
    }
    return role;
  }

  #addRow(row: Row): void {
    this.#rows.set(row.seq, row);
    if (this.#sorted) {
      const last = this.#order.at(-1);
      if (last === undefined || last.seq < row.seq) this.#order.push(row);
      else this.#sorted = false;
    }
    const about = row.entry.refersTo;
    if (row.type === "message" && about !== null) this.#answers.set(about, [...(this.#answers.get(about) ?? []), row.seq]);
  }

  #membership(entry: OpenEntry, content: Extract<Content, { type: "membership" }>): void {
    // In this order, also within one entry.
    for (const account of content.removed) this.#setRole(account, { seq: entry.seq, what: "removed", role: null });
    for (const { account, role } of content.added) this.#setRole(account, { seq: entry.seq, what: "added", role });
    for (const { account, role } of content.roles) this.#setRole(account, { seq: entry.seq, what: "changed", role });
    const { by, added, removed, roles } = content;
    if (entry.seq === 1) this.#creator = by;
    const membership: MembershipView = { seq: entry.seq, time: entry.time, by, added, removed, roles };
    const { content: _, ...envelope } = entry;
    this.#addRow({ type: "membership", seq: entry.seq, entry: envelope, membership, details: null });
    this.#forgetModerated();
  }

  #setRole(account: AccountId, change: RoleChange): void {
    const changes = this.#roles.get(account) ?? [];
    changes.push(change);
    changes.sort((a, b) => a.seq - b.seq);
    this.#roles.set(account, changes);
  }

  #fact(entry: OpenEntry, fact: Fact): void {
    const about = entry.refersTo;
    if (about === null || about >= entry.seq) return;
    const facts = this.#facts.get(about) ?? [];
    facts.push(fact);
    facts.sort((a, b) => a.seq - b.seq);
    this.#facts.set(about, facts);
    this.#factAbout.set(entry.seq, about);
    if (fact.type === "redaction" && this.#rows.get(about)?.entry.account !== fact.account) this.#asksForRoles = true;
    this.#forget(about);
  }

  #erase(seq: number): void {
    this.#erasures.add(seq);
    this.#forget(seq);
    const about = this.#factAbout.get(seq);
    if (about !== undefined) this.#forget(about);
  }

  #forget(seq: number): void {
    const row = this.#rows.get(seq);
    if (row?.type !== "message") return;
    row.view = null;
  }

  #forgetModerated(): void {
    for (const seq of this.#moderated) this.#forget(seq);
  }

  #compute(row: MessageRow): MessageView {
    const { entry, content, seq } = row;
    const erased = row.gone || this.#erasures.has(seq);
    // An erased redaction still counts: what was withdrawn must not come back.
    const facts = (this.#facts.get(seq) ?? []).filter((fact) => fact.type === "redaction" || !this.#erasures.has(fact.seq));
    const base = {
      seq,
      account: entry.account,
      time: entry.time,
      text: "",
      mentions: [],
      files: [],
      replyTo: erased || content === null ? null : this.#replyTo(entry),
      revised: null,
      redacted: null,
      erased,
      unsupported: !erased && content === null && entry.sealed === undefined,
      sealed: entry.sealed === "waiting" || entry.sealed === "locked" ? entry.sealed : null,
      reactions: NO_REACTIONS,
    } satisfies MessageView;
    for (const fact of facts) {
      if (fact.type !== "redaction" || fact.account === null) continue;
      const own = fact.account === entry.account;
      if (!own) this.#moderated.add(seq);
      if (own || moderates(this.roleAt(fact.account, fact.seq))) {
        return { ...base, redacted: { by: fact.account, time: fact.time } };
      }
    }
    if (erased) return base;
    // What cannot be read can be withdrawn, and nothing else.
    if (content === null) return base;
    let view: MessageView = { ...base, text: content.text, mentions: content.mentions, files: content.files };
    for (const fact of facts) {
      if (fact.type !== "revision" || fact.account === null || fact.account !== entry.account) continue;
      if (!textFits(fact.text, content.files.length > 0)) continue;
      view = { ...view, text: fact.text, mentions: fact.mentions, revised: fact.time };
    }
    const reactions = foldReactions(facts);
    return reactions.size === 0 ? view : { ...view, reactions };
  }

  #replyTo(entry: Omit<OpenEntry, "content">): number | null {
    const about = entry.refersTo;
    if (about === null || about < 1 || about >= entry.seq) return null;
    // Known, and not a message: there is nothing to answer.
    if (this.#seen.has(about) && this.#rows.get(about)?.type !== "message") return null;
    return about;
  }
}

/** Per account and reaction the newest counts; accounts and reactions stand in the order of first reacting. */
function foldReactions(facts: readonly Fact[]): ReadonlyMap<string, readonly AccountId[]> {
  const newest = new Map<string, Map<AccountId, boolean>>();
  for (const fact of facts) {
    if (fact.type !== "reaction" || fact.account === null) continue;
    const accounts = newest.get(fact.reaction) ?? new Map<AccountId, boolean>();
    accounts.set(fact.account, fact.on);
    newest.set(fact.reaction, accounts);
  }
  const standing = new Map<string, readonly AccountId[]>();
  for (const [reaction, accounts] of newest) {
    const on = [...accounts].flatMap(([account, stands]) => (stands ? [account] : []));
    if (on.length > 0) standing.set(reaction, on);
  }
  return standing;
}

function clientKey(account: AccountId, clientId: ClientId): string {
  return `${account}/${clientId}`;
}
