// One sealed conversation: follows its journal from the entry that added this device, in order and once, and writes in it.
// MLS messages open once, so what they held is on disk before anything else happens.

import { NetworkError } from "../problem";
import type { ClientId, ConversationId } from "../public";
import type { Entry, PostCommit } from "../wire";
import { afterMembership, entitled } from "./members";
import { Mutex } from "./mutex";
import { codeOf, type Beliefs, type Changes, type Opened, type Seat, type Surroundings } from "./ports";
import { b64, decodeKept, encodeKept, keyOf, unb64, type Author, type GroupRecord, type KeptCommit, type Written } from "./record";
import { readGroupWord } from "./statements";

const PAGE = 200;
/** Messages opened in one transaction. */
const AT_ONCE = 50;
/** A device says that it merged after a random part of this, per member, so that not all say it. */
const MERGED_PER_LEAF_MS = 20;
const MERGED_MOST_MS = 5_000;
/** Faults of this device itself: the message is not to blame and will be tried again. */
const OWN_FAULTS: ReadonlySet<string> = new Set(["mls_busy", "mls_store", "mls_unloaded", "mls_state", ""]);

export interface GroupEvents {
  /** Entries up to the cursor are decided; those that hold content can be read now. */
  opened(conversation: ConversationId): void;
  /** The members of the conversation or the devices of the group have changed, or a removal waits. */
  unsettled(conversation: ConversationId): void;
  /** Devices were let in by the commit of that number; they know nothing of before. */
  joined(conversation: ConversationId, seq: number, mine: boolean): void;
  /** Something written before does not count any more. */
  dropped(conversation: ConversationId): void;
  /** These must be written again: the epochs they were in are dropped. */
  again(conversation: ConversationId, written: readonly { readonly clientId: ClientId; readonly content: Uint8Array; readonly refersTo: number | null; readonly blobs: readonly string[] }[]): void;
}

export class SealedGroup {
  readonly mutex = new Mutex();
  readonly #around: Surroundings;
  readonly #events: GroupEvents;
  #record: GroupRecord;
  #commit: KeptCommit | null;
  #leaves: readonly Seat[] | null = null;
  #head: number;
  readonly #ahead = new Map<number, Entry>();
  #waiting: (() => void)[] = [];
  #closed = false;

  constructor(around: Surroundings, events: GroupEvents, record: GroupRecord, commit: KeptCommit | null) {
    this.#around = around;
    this.#events = events;
    this.#record = record;
    this.#commit = commit;
    this.#head = record.cursor;
  }

  get record(): GroupRecord {
    return this.#record;
  }
  get id(): ConversationId {
    return this.#record.conversation;
  }
  get name(): Uint8Array {
    return unb64(this.#record.group);
  }
  get caughtUp(): boolean {
    return this.#record.cursor >= this.#head;
  }
  get currentEpoch(): string | null {
    return this.#record.epochs.at(-1)?.ref ?? null;
  }

  close(): void {
    this.#closed = true;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async leaves(): Promise<readonly Seat[]> {
    this.#leaves ??= await this.#around.device.leaves(this.name);
    return this.#leaves;
  }

  /** The journal is known to reach this far. */
  onHead(head: number, entry?: Entry): void {
    this.#head = Math.max(this.#head, head);
    if (entry !== undefined && entry.seq > this.#record.cursor && this.#ahead.size < PAGE) this.#ahead.set(entry.seq, entry);
    if (this.caughtUp || this.#closed) return;
    this.mutex.run(() => this.catchUp()).catch((error: unknown) => this.#fault(error));
  }

  /** Resolves once the entry is decided; false when that will not be soon. */
  async reached(seq: number): Promise<boolean> {
    while (this.#record.cursor < seq && !this.#closed && this.#around.server.live()) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.#record.cursor >= seq;
  }

  /** Processes what the journal has beyond the cursor. Within the mutex. */
  async catchUp(): Promise<void> {
    while (!this.caughtUp && !this.#closed) {
      const entries = await this.#next();
      if (entries.length === 0) return;
      await this.#process(entries);
    }
  }

  async #next(): Promise<readonly Entry[]> {
    const { cursor } = this.#record;
    const run: Entry[] = [];
    for (let entry = this.#ahead.get(cursor + 1); entry !== undefined; entry = this.#ahead.get(cursor + 1 + run.length)) run.push(entry);
    if (run.length > 0) {
      for (const seq of [...this.#ahead.keys()]) if (seq <= cursor + run.length) this.#ahead.delete(seq);
      return run;
    }
    const page = await this.#around.server.read({ conversation: this.id, after: cursor, limit: PAGE });
    this.#head = Math.max(this.#head, page.last_seq);
    const entries = page.entries.filter((entry, at) => entry.seq === cursor + 1 + at);
    if (entries.length === 0 && page.entries.length > 0) {
      // What follows cannot be read here any more: this device must be let in anew.
      await this.#lose(this.#record);
      this.#head = this.#record.cursor;
    }
    return entries;
  }

  async #process(entries: readonly Entry[]): Promise<void> {
    let at = 0;
    while (at < entries.length && !this.#closed) {
      const entry = entries[at];
      if (entry === undefined) return;
      if (this.#foreign(entry)) {
        const run: Entry[] = [];
        for (let next = entries[at]; next !== undefined && run.length < AT_ONCE && this.#foreign(next); next = entries[at + run.length]) run.push(next);
        await this.#receiveContent(run);
        at += run.length;
      } else {
        await this.#one(entry);
        at += 1;
      }
      for (const wake of this.#waiting.splice(0)) wake();
    }
    this.#events.opened(this.id);
  }

  /** Content of another device that this one should be able to open. */
  #foreign(entry: Entry): boolean {
    return entry.kind === "content" && entry.content != null && entry.device !== this.#around.device.seat.device && this.#follows(entry.epoch);
  }

  #follows(epoch: string | null | undefined): boolean {
    return this.#record.state === "in" && this.#record.refused === null && epoch === this.currentEpoch;
  }

  async #receiveContent(entries: readonly Entry[]): Promise<void> {
    const last = entries.at(-1);
    if (last === undefined) return;
    const { keys } = this.#around;
    // The server says whose an entry is; the key log says whose the device is that signed it.
    const right = (entry: Entry) => entry.device != null && entry.account != null && keys.owner(entry.device) === entry.account;
    if (!entries.every(right)) await keys.refresh();
    const next: GroupRecord = { ...this.#record, cursor: last.seq, alarm: entries.every(right) ? this.#record.alarm : "sender" };
    const authors = Object.fromEntries(entries.filter(right).map((entry) => [keyOf.author(this.id, entry.seq), authorOf(entry)]));
    const beside = { [keyOf.record(this.id)]: encodeKept(next), ...authors };
    const messages = entries.map((entry) => ({
      message: unb64(entry.content ?? ""), keep: right(entry) ? keyOf.opened(this.id, entry.seq) : null, from: entry.device ?? "",
    }));
    const opened = await this.#receive(messages, { taken: beside, refused: beside });
    this.#record = next;
    // The leaf that signed it must be the device that the server names.
    if (opened.some((one, nth) => "ok" in one && one.ok.type === "content" && one.ok.from !== entries[nth]?.device)) await this.distrust();
  }

  /** The server names somebody else than who wrote: nothing is written here any more. Within the mutex. */
  async distrust(): Promise<void> {
    if (this.#record.alarm === null) await this.#save({ ...this.#record, alarm: "sender" });
  }

  async #receive(messages: Parameters<Surroundings["device"]["receive"]>[1], beside: Parameters<Surroundings["device"]["receive"]>[3]): Promise<readonly Opened[]> {
    let opened = await this.#around.device.receive(this.name, messages, this.#beliefs(), beside);
    if (messages.length === 1 && opened[0] !== undefined && "refused" in opened[0] && opened[0].refused === "mls_unknown_account") {
      // Somebody whose keys are newer than what is known here.
      await this.#around.keys.refresh();
      opened = await this.#around.device.receive(this.name, messages, this.#beliefs(), beside);
    }
    for (const one of opened) if ("refused" in one && OWN_FAULTS.has(one.refused)) throw new Error(`the device could not process a message: ${one.refused}`);
    return opened;
  }

  async #one(entry: Entry): Promise<void> {
    const moved: GroupRecord = { ...this.#record, cursor: entry.seq };
    switch (entry.kind) {
      case "content":
        if (entry.device === this.#around.device.seat.device) await this.#own(entry, moved);
        else await this.#save(moved);
        return;
      case "membership":
        await this.#save({ ...moved, members: afterMembership(moved.members, entry) });
        this.#events.unsettled(this.id);
        return;
      case "erasure":
        await this.#save(moved, entry.refers_to == null ? {} : { [keyOf.opened(this.id, entry.refers_to)]: null, [keyOf.author(this.id, entry.refers_to)]: null });
        return;
      case "proposal":
        await this.#proposal(entry, moved);
        return;
      case "commit":
        await this.#commitEntry(entry, moved);
        return;
      case "group":
        await this.#word(entry, moved);
        return;
      default:
        await this.#save(moved);
    }
  }

  /** One's own: what was written was kept before it was sent. */
  async #own(entry: Entry, moved: GroupRecord): Promise<void> {
    if (entry.account !== this.#around.device.seat.account) {
      await this.#save({ ...moved, alarm: "sender" });
      return;
    }
    const key = keyOf.written(this.id, entry.client_id);
    const kept = await this.#around.vault.get(key);
    if (kept === null) {
      await this.#save(moved);
      return;
    }
    const written = decodeKept<Written>(kept);
    const epoch = entry.epoch ?? "";
    const final = epoch === this.#record.epochs[0]?.ref;
    const provisional = final ? moved.provisional : [...moved.provisional, { seq: entry.seq, epoch, clientId: entry.client_id, refersTo: written.refersTo, blobs: written.blobs }];
    await this.#save({ ...moved, provisional }, {
      [key]: null, [keyOf.opened(this.id, entry.seq)]: unb64(written.content), [keyOf.author(this.id, entry.seq)]: authorOf(entry),
    });
  }

  async #proposal(entry: Entry, moved: GroupRecord): Promise<void> {
    if (!this.#follows(this.currentEpoch)) {
      await this.#save(moved);
      return;
    }
    const next: GroupRecord = { ...moved, removals: true };
    const [opened] = await this.#receive([{ message: unb64(entry.content ?? ""), keep: null }], {
      taken: { [keyOf.record(this.id)]: encodeKept(next) },
      refused: { [keyOf.record(this.id)]: encodeKept(moved) },
    });
    this.#record = opened !== undefined && "ok" in opened ? next : moved;
    this.#events.unsettled(this.id);
  }

  async #commitEntry(entry: Entry, moved: GroupRecord): Promise<void> {
    const { device } = this.#around;
    const epoch = entry.epoch ?? "";
    if (this.#record.state !== "in" || this.#record.refused !== null) {
      await this.#save(moved);
      return;
    }
    const former = new Set((await this.leaves()).map((seat) => seat.device));
    const mine = this.#commit !== null && entry.client_id === this.#commit.clientId && entry.device === device.seat.device;
    if (this.#commit !== null && !mine) await this.#withdraw();
    const before = this.#record.epochs.at(-1);
    const epochs = [...moved.epochs, { ref: epoch, number: (before?.number ?? 0) + 1 }];
    const next: GroupRecord = { ...moved, epochs, removals: false };
    const refused: GroupRecord = { ...moved, refused: epoch };
    const key = keyOf.record(this.id);
    const gone = mine ? { [keyOf.commit(this.id)]: null } : {};
    const [opened] = await this.#receive([{ message: unb64(entry.content ?? ""), keep: null }], {
      taken: { [key]: encodeKept(next), ...gone },
      refused: { [key]: encodeKept(refused), ...gone },
    });
    if (mine) this.#commit = null;
    this.#leaves = null;
    if (opened === undefined || "refused" in opened || opened.ok.type !== "commit") {
      this.#record = refused;
      this.#say("refused", epoch);
      return;
    }
    this.#record = next;
    const { ok } = opened;
    if (ok.removed) {
      await this.#save({ ...this.#record, state: "out" });
      return;
    }
    this.#leaves = ok.roster;
    if (b64(ok.epochRef) !== epoch) await this.#save({ ...this.#record, alarm: "epoch" });
    else await this.#checkRoster(ok.roster);
    if (!mine) this.#sayMergedSoon(epoch, entry);
    if (ok.roster.some((seat) => !former.has(seat.device))) this.#events.joined(this.id, entry.seq, mine);
    this.#events.unsettled(this.id);
  }

  /** A device that the key log does not know has no business here. */
  async #checkRoster(roster: readonly Seat[]): Promise<void> {
    const { keys } = this.#around;
    const strangers = () => roster.some((seat) => keys.owner(seat.device) !== seat.account);
    if (!strangers()) return;
    await keys.refresh();
    if (strangers()) await this.#save({ ...this.#record, alarm: "stranger" });
  }

  async #word(entry: Entry, moved: GroupRecord): Promise<void> {
    const word = readGroupWord(entry);
    const { refused, state } = this.#record;
    if (word.what === "final" && state !== "lost" && refused !== null && word.epochs.includes(refused)) {
      // The others could follow it: this device has to be let in anew.
      await this.#lose(moved);
      return;
    }
    const at = word.what === "final" ? this.#record.epochs.findLastIndex((known) => word.epochs.includes(known.ref)) : -1;
    const known = this.#record.epochs[at];
    if (word.what === "final" && state !== "lost" && known !== undefined) {
      const finals = new Set(this.#record.epochs.slice(0, at + 1).map((one) => one.ref));
      const next: GroupRecord = { ...moved, epochs: moved.epochs.slice(at), provisional: moved.provisional.filter((one) => !finals.has(one.epoch)) };
      const beside = { [keyOf.record(this.id)]: encodeKept(next) };
      if (next.state === "out") await this.#around.device.forget(this.name, beside);
      else await this.#around.device.settled(this.name, known.number, beside);
      this.#record = next;
      if (next.state === "out") this.#events.unsettled(this.id);
      return;
    }
    if (word.what === "dropped" && state !== "lost") {
      await this.#goBack(word.to, this.#record.epochs.findIndex((one) => one.ref === word.to), { ...moved, dropped: [...moved.dropped, ...word.epochs] });
      return;
    }
    await this.#save(moved);
  }

  /** What is kept of the group leads nowhere: a Welcome is waited for. */
  async #lose(moved: GroupRecord): Promise<void> {
    const lost: GroupRecord = { ...moved, state: "lost", provisional: [] };
    const beside = { [keyOf.record(this.id)]: encodeKept(lost), [keyOf.commit(this.id)]: null };
    if (this.#record.group === "") await this.#around.vault.write(beside);
    else await this.#around.device.forget(this.name, beside);
    this.#record = lost;
    this.#commit = null;
    this.#leaves = null;
    this.#events.unsettled(this.id);
  }

  async #goBack(to: string, at: number, moved: GroupRecord): Promise<void> {
    const { device, vault } = this.#around;
    const gone = this.#record.epochs.slice(at + 1);
    const next: GroupRecord = {
      ...moved, epochs: moved.epochs.slice(0, at + 1), refused: null, provisional: [], removals: false, state: "in",
    };
    const beside = { [keyOf.record(this.id)]: encodeKept(next) };
    if (at < 0) {
      // This device came in by a commit that is dropped.
      await this.#lose(moved);
      return;
    }
    if (gone.length > 0) await device.goBack(this.name, unb64(to), beside);
    else await vault.write(beside);
    const again = this.#record.provisional.filter((one) => gone.some((epoch) => epoch.ref === one.epoch));
    this.#record = next;
    this.#leaves = null;
    const contents = await vault.getAll(again.map((one) => keyOf.opened(this.id, one.seq)));
    this.#events.dropped(this.id);
    const written = again.flatMap(({ clientId, refersTo, blobs }, nth) => {
      const content = contents[nth];
      return content == null ? [] : [{ clientId, content, refersTo, blobs }];
    });
    if (written.length > 0) this.#events.again(this.id, written);
    this.#events.unsettled(this.id);
  }

  #sayMergedSoon(epoch: string, entry: Entry): void {
    const { device } = this.#around;
    if (entry.account === device.seat.account) return;
    const most = Math.min(MERGED_MOST_MS, MERGED_PER_LEAF_MS * (this.#leaves?.length ?? 2));
    this.#around.after(this.#around.jitter() * most, () => {
      const provisional = this.#record.epochs.slice(1).some((known) => known.ref === epoch);
      if (provisional && !this.#closed) this.#say("merged", epoch);
    });
  }

  #say(verdict: "merged" | "refused", epoch: string): void {
    const { device, server } = this.#around;
    device
      .statement(verdict, this.name, unb64(epoch))
      .then((statement) => server.state({ conversation: this.id, statement: b64(statement) }))
      // Said by another meanwhile, or final already: as good.
      .catch((error: unknown) => (codeOf(error) === "" && !(error instanceof NetworkError) ? this.#around.fault(error) : undefined));
  }

  // ── Writing ──

  /** Seals content, kept before it is given out. Within the mutex. */
  async seal(clientId: ClientId, content: Uint8Array, refersTo: number | null, blobs: readonly string[]): Promise<{ bytes: Uint8Array; epoch: string }> {
    const { vault, device } = this.#around;
    const epoch = this.currentEpoch;
    if (epoch === null) throw new Error("the group has no epoch");
    const key = keyOf.written(this.id, clientId);
    const kept = await vault.get(key);
    if (kept !== null) {
      const written = decodeKept<Written>(kept);
      // Asked before without an answer: the very same bytes.
      if (written.epoch === epoch) return { bytes: unb64(written.sealed), epoch };
    }
    const bytes = await device.seal(this.name, content);
    const written: Written = { content: b64(content), sealed: b64(bytes), epoch, refersTo, blobs };
    await vault.write({ [key]: encodeKept(written) });
    return { bytes, epoch };
  }

  get committing(): boolean {
    return this.#commit !== null;
  }

  /**
   * Commits, and follows the journal until the commit is in it. False when another was first: look again at what is to be done. Within
   * the mutex.
   */
  async commit(changes: Changes, expected: (roster: readonly Seat[]) => boolean): Promise<boolean> {
    const { device, uuid } = this.#around;
    if (this.#commit === null) {
      await this.catchUp();
      const clientId = uuid();
      const out = await device.commit(this.name, changes, this.#beliefs(), { key: keyOf.commit(this.id), clientId });
      this.#commit = { clientId, commit: b64(out.commit), welcome: out.welcome === null ? null : b64(out.welcome) };
      if (!expected(out.roster)) {
        await this.#withdraw();
        throw new Error("a key package of another device than asked for");
      }
    }
    return this.resume();
  }

  /** Sends a commit that has no answer yet. Within the mutex. */
  async resume(): Promise<boolean> {
    await this.catchUp();
    const commit = this.#commit;
    if (commit === null) return true;
    const post: PostCommit = { conversation: this.id, client_id: commit.clientId, commit: commit.commit, welcome: commit.welcome };
    try {
      const receipt = await this.#around.server.commit(post);
      this.#head = Math.max(this.#head, receipt.seq);
    } catch (error) {
      if (codeOf(error) === "" || (error as { transient?: boolean }).transient === true) throw error;
      await this.#withdraw();
      const page = await this.#around.server.read({ conversation: this.id, after: this.#record.cursor, limit: 1 });
      this.#head = Math.max(this.#head, page.last_seq);
      const others = !this.caughtUp;
      await this.catchUp();
      if (!others) throw error;
      return false;
    }
    await this.catchUp();
    return this.#commit === null;
  }

  async #withdraw(): Promise<void> {
    await this.#around.device.withdraw(this.name, { [keyOf.commit(this.id)]: null });
    this.#commit = null;
  }

  #beliefs(): Beliefs {
    const { keys, now } = this.#around;
    return { directory: keys.identities(), entitled: entitled(this.#record.members), certified: [], serverKey: keys.serverKey, now: now() };
  }

  async #save(record: GroupRecord, more: Readonly<Record<string, Uint8Array | null>> = {}): Promise<void> {
    await this.#around.vault.write({ [keyOf.record(this.id)]: encodeKept(record), ...more });
    this.#record = record;
  }

  #fault(error: unknown): void {
    if (!this.#closed && !(error instanceof NetworkError)) this.#around.fault(error);
  }
}

function authorOf(entry: Entry): Uint8Array {
  return encodeKept({ account: entry.account ?? "", device: entry.device ?? "" } satisfies Author);
}
