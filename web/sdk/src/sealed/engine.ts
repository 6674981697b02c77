// All sealed conversations of this device: starts and joins groups, keeps their devices right, seals what is written. One tab runs it.

import { ApiProblem, NetworkError } from "../problem";
import type { ClientId, ConversationId } from "../public";
import type { Entry } from "../wire";
import { SealedGroup, type GroupEvents } from "./group";
import { beforeEntries, entitled } from "./members";
import { codeOf, type Surroundings } from "./ports";
import { MOST_ADDS, nothingToDo, planFor, type Plan } from "./plan";
import { b64, decodeKept, encodeKept, keyOf, unb64, type GroupRecord, type KeptCommit, type Written } from "./record";

const PAGE = 200;
/** Refusals after which this device renews the group's keys and sends again. */
const RENEW: ReadonlySet<string> = new Set(["epoch_day", "epoch_full", "epoch_removal"]);
/** Refusals after which it reads on and sends again. */
const BEHIND: ReadonlySet<string> = new Set(["epoch_stale", "group_stale"]);
const TRIES = 8;
/** After a try that changed nothing, the same is not tried again for so long. */
const AGAIN_MS = 30_000;
const LOG_MS = 60_000;

export interface EngineEvents {
  /** Contents that were not readable are, or were found not to be. */
  opened(conversation: ConversationId): void;
  /** Something written before does not count any more. */
  dropped(conversation: ConversationId): void;
  /** How the conversation stands has changed; what waits to be sent may go. */
  changed(conversation: ConversationId): void;
  /** Devices were let in that know nothing of before: those who may say the title again. `mine`: by this device. */
  joined(conversation: ConversationId, seq: number, mine: boolean): void;
}

interface Starting {
  readonly clientId: ClientId;
  /** The group's name. */
  readonly name: string;
  readonly info: string;
}

export class Engine implements GroupEvents {
  readonly #around: Surroundings;
  readonly #events: EngineEvents;
  readonly #groups = new Map<ConversationId, SealedGroup>();
  readonly #starting = new Map<ConversationId, Promise<void>>();
  readonly #timers = new Map<ConversationId, unknown>();
  /** Conversations where writing waits for a removal. */
  readonly #held = new Map<ConversationId, unknown>();
  readonly #tried = new Map<ConversationId, { plan: string; at: number }>();
  #joining: Promise<void> = Promise.resolve();
  #log: unknown = null;
  #closed = false;

  private constructor(around: Surroundings, events: EngineEvents) {
    this.#around = around;
    this.#events = events;
  }

  static async open(around: Surroundings, events: EngineEvents): Promise<Engine> {
    const engine = new Engine(around, events);
    for (const [, value] of await around.vault.list(keyOf.records)) {
      const record = decodeKept<GroupRecord>(value);
      const commit = await around.vault.get(keyOf.commit(record.conversation));
      engine.#groups.set(record.conversation, new SealedGroup(around, engine, record, commit === null ? null : decodeKept<KeptCommit>(commit)));
    }
    return engine;
  }

  close(): void {
    this.#closed = true;
    this.#around.cancel(this.#log);
    for (const timer of [...this.#timers.values(), ...this.#held.values()]) this.#around.cancel(timer);
    for (const group of this.#groups.values()) group.close();
  }

  /** There is a line: everything that waited goes on. */
  live(conversations: readonly { readonly conversation: ConversationId; readonly last_seq: number }[]): void {
    for (const { conversation, last_seq } of conversations) this.#groups.get(conversation)?.onHead(last_seq);
    this.#guard(async () => {
      await this.#around.keys.refresh();
      await this.welcomes();
      for (const { conversation } of conversations) {
        const group = this.#groups.get(conversation);
        if (group?.committing === true) await group.mutex.run(() => group.resume());
        this.unsettled(conversation);
      }
    });
    this.#around.cancel(this.#log);
    this.#watchLog();
  }

  /** Others' new devices are in the key log, which tells nobody. */
  #watchLog(): void {
    this.#log = this.#around.after(LOG_MS * (0.75 + this.#around.jitter() / 2), () => {
      if (this.#around.server.live() && this.#groups.size > 0) this.#guard(() => this.#around.keys.refresh());
      this.#watchLog();
    });
  }

  onEntry(conversation: ConversationId, entry: Entry): void {
    this.#groups.get(conversation)?.onHead(entry.seq, entry);
  }

  onHead(conversation: ConversationId, head: number): void {
    const group = this.#groups.get(conversation);
    if (group !== undefined) group.onHead(head);
    else this.unsettled(conversation);
  }

  /** The key log says something new. */
  keysChanged(): void {
    this.#tried.clear();
    for (const id of this.#groups.keys()) this.unsettled(id);
  }

  drop(conversation: ConversationId): void {
    const group = this.#groups.get(conversation);
    this.#groups.delete(conversation);
    group?.close();
    this.#guard(async () => {
      const { vault, device } = this.#around;
      const lists = await Promise.all([keyOf.openedOf(conversation), keyOf.authorOf(conversation), keyOf.writtenOf(conversation)].map((prefix) => vault.list(prefix)));
      const all = [keyOf.record(conversation), keyOf.start(conversation), keyOf.commit(conversation), ...lists.flat().map(([key]) => key)];
      const gone = Object.fromEntries(all.map((key) => [key, null]));
      if (group === undefined || group.record.group === "") await vault.write(gone);
      else await group.mutex.run(() => device.forget(group.name, gone));
    });
  }

  record(conversation: ConversationId): GroupRecord | null {
    return this.#groups.get(conversation)?.record ?? null;
  }

  /** An entry that is shown names somebody else than who wrote it. */
  distrust(conversation: ConversationId): void {
    const group = this.#groups.get(conversation);
    if (group === undefined || group.record.alarm !== null) return;
    this.#guard(async () => {
      await group.mutex.run(() => group.distrust());
      this.#events.changed(conversation);
    });
  }

  /** Resolves once the entry is decided; false when that will not be soon. */
  async reached(conversation: ConversationId, seq: number): Promise<boolean> {
    return (await this.#groups.get(conversation)?.reached(seq)) ?? false;
  }

  // ── Coming in ──

  /** Takes the Welcomes that wait for this device. */
  welcomes(): Promise<void> {
    this.#joining = this.#joining.then(() => this.#join());
    return this.#joining;
  }

  async #join(): Promise<void> {
    const { server, keys } = this.#around;
    if (!server.live() || this.#closed) return;
    try {
      const { welcomes } = await server.welcomes();
      if (welcomes.length > 0) await keys.refresh();
      for (const one of welcomes) {
        if (!(await this.#consider(one.conversation, one.seq, unb64(one.welcome)))) continue;
        await server.welcomed({ conversation: one.conversation, seq: one.seq });
      }
    } catch (error) {
      if (!(error instanceof NetworkError)) this.#around.fault(error);
    }
  }

  /** Whether the Welcome is done with; one that may count later stays where it is. */
  async #consider(conversation: ConversationId, seq: number, welcome: Uint8Array): Promise<boolean> {
    const group = this.#groups.get(conversation);
    if (group === undefined) return this.#take(conversation, seq, welcome, null);
    return group.mutex.run(async () => {
      // The journal, not the Welcome, says that this device is out of the group it was in.
      const { last_seq } = await this.#around.server.read({ conversation, after: group.record.cursor, limit: 1 });
      group.onHead(last_seq);
      await group.catchUp();
      const { record } = group;
      if (record.from >= seq) return true;
      // What it could not follow may be dropped, or be final and this device lost.
      if (record.state === "in") return record.refused === null && group.caughtUp;
      return this.#take(conversation, seq, welcome, group);
    });
  }

  /** Joins; the group that the device was in before is forgotten once that is done. */
  async #take(conversation: ConversationId, seq: number, welcome: Uint8Array, former: SealedGroup | null): Promise<boolean> {
    const { device, vault, keys, now } = this.#around;
    const members = await this.#membersAt(conversation, seq);
    const beliefs = { directory: keys.identities(), entitled: entitled(members), certified: [], serverKey: keys.serverKey, now: now() };
    let record: GroupRecord = {
      conversation, group: "", cursor: seq, from: seq, members, epochs: [], dropped: former?.record.dropped ?? [], refused: null,
      removals: false, provisional: [], state: "lost", alarm: former?.record.alarm ?? null,
    };
    let gone: Uint8Array | null = null;
    try {
      const joined = await device.join(welcome, beliefs);
      const { epoch } = await device.epoch(joined.group);
      const strange = joined.roster.some((seat) => keys.owner(seat.device) !== seat.account);
      record = { ...record, group: b64(joined.group), epochs: [{ ref: b64(joined.epochRef), number: epoch }], state: "in", alarm: record.alarm ?? (strange ? "stranger" : null) };
      if (former !== null && former.record.group !== "" && former.record.group !== record.group) gone = former.name;
    } catch (error) {
      if (codeOf(error) === "" || codeOf(error) === "mls_store") throw error;
      this.#around.fault(error);
      // A removal that is not final may be gone back from; when it is final, the Welcome is tried again.
      if (former !== null) return former.record.state !== "out" || former.record.epochs.length < 2;
    }
    const beside = { [keyOf.record(conversation)]: encodeKept(record), [keyOf.commit(conversation)]: null };
    if (gone === null) await vault.write(beside);
    else await device.forget(gone, beside);
    former?.close();
    this.#add(record);
    const { last_seq } = this.#around.conversation(conversation) ?? { last_seq: seq };
    this.#groups.get(conversation)?.onHead(Math.max(seq, last_seq));
    this.#events.opened(conversation);
    this.unsettled(conversation);
    return true;
  }

  async #membersAt(conversation: ConversationId, seq: number): Promise<GroupRecord["members"]> {
    const { server } = this.#around;
    const { members } = await server.members(conversation);
    const since: Entry[] = [];
    for (let after = seq; ; ) {
      const page = await server.read({ conversation, after, limit: PAGE });
      since.push(...page.entries);
      const last = page.entries.at(-1);
      if (last === undefined || last.seq >= page.last_seq) break;
      after = last.seq;
    }
    return beforeEntries(members.map(({ account, role }) => [account, role] as const), since);
  }

  #add(record: GroupRecord): void {
    this.#groups.set(record.conversation, new SealedGroup(this.#around, this, record, null));
    this.#events.changed(record.conversation);
  }

  // ── Starting ──

  /** Makes the conversation's group with the devices of its members, unless somebody has. */
  start(conversation: ConversationId): Promise<void> {
    const running = this.#starting.get(conversation);
    if (running !== undefined || this.#groups.has(conversation)) return running ?? Promise.resolve();
    const started = this.#start(conversation).finally(() => this.#starting.delete(conversation));
    this.#starting.set(conversation, started);
    return started;
  }

  async #start(conversation: ConversationId): Promise<void> {
    const { server, device, vault, keys, now, uuid } = this.#around;
    const kept = await vault.get(keyOf.start(conversation));
    let starting = kept === null ? null : decodeKept<Starting>(kept);
    if (starting === null) {
      const name = new Uint8Array(16);
      this.#around.random(name);
      const members = (await server.members(conversation)).members.map(({ account, role }) => [account, role] as const);
      const beliefs = { directory: keys.identities(), entitled: entitled(members), certified: [], serverKey: keys.serverKey, now: now() };
      const info = await device.create(name, beliefs, {});
      starting = { clientId: uuid(), name: b64(name), info: b64(info) };
      await vault.write({ [keyOf.start(conversation)]: encodeKept(starting) });
    }
    const name = unb64(starting.name);
    try {
      const state = await server.start({ conversation, client_id: starting.clientId, info: starting.info });
      const { epoch, epochRef } = await device.epoch(name);
      const members = await this.#membersAt(conversation, state.since);
      const record: GroupRecord = {
        conversation, group: b64(name), cursor: state.since, from: state.since, members, epochs: [{ ref: b64(epochRef), number: epoch }], dropped: [], refused: null,
        removals: false, provisional: [], state: "in", alarm: null,
      };
      await vault.write({ [keyOf.record(conversation)]: encodeKept(record), [keyOf.start(conversation)]: null });
      this.#add(record);
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.transient) throw error;
      // Another device was faster: it lets this one in.
      await device.forget(name, { [keyOf.start(conversation)]: null });
      if (error.code !== "group_started") throw error;
      return;
    }
    await this.settle(conversation);
  }

  // ── Keeping the devices right ──

  opened(conversation: ConversationId): void {
    this.#events.opened(conversation);
  }

  joined(conversation: ConversationId, seq: number, mine: boolean): void {
    this.#events.joined(conversation, seq, mine);
  }

  dropped(conversation: ConversationId): void {
    this.#events.dropped(conversation);
  }

  again(conversation: ConversationId, written: Parameters<GroupEvents["again"]>[1]): void {
    this.#guard(async () => {
      for (const { clientId, content, refersTo, blobs } of written) await this.#post(conversation, clientId, content, refersTo, blobs);
    });
  }

  /** Something may have to be done; whoever may does it after a random while, so that not all do it at once. */
  unsettled(conversation: ConversationId): void {
    if (this.#closed || this.#timers.has(conversation)) return;
    const wait = this.#wait(conversation);
    if (wait === null) return;
    this.#timers.set(
      conversation,
      this.#around.after(wait, () => {
        this.#timers.delete(conversation);
        this.#guard(() => this.settle(conversation));
      }),
    );
  }

  #wait(conversation: ConversationId): number | null {
    const raw = this.#around.conversation(conversation);
    if (raw === null || raw.protection !== "sealed") return null;
    const chance = this.#around.jitter();
    const group = this.#groups.get(conversation);
    // Whoever made the conversation starts its group at once; another owner only if that one does not.
    if (group === undefined) return raw.role === "owner" ? 3_000 + 4_000 * chance : null;
    if (raw.role === "owner" || raw.role === "moderator") return 200 + 1_300 * chance;
    return 1_000 + 4_000 * chance;
  }

  /** Lets in whom the group lacks, and takes out who should not be in it, as far as this device may. */
  async settle(conversation: ConversationId): Promise<void> {
    if (this.#closed || !this.#around.server.live() || this.#around.keys.alarmed) return;
    const group = this.#groups.get(conversation);
    if (group === undefined) {
      const { group: started } = await this.#around.server.group(conversation);
      if (started === null) await this.start(conversation);
      else await this.welcomes();
      return;
    }
    if (group.record.state !== "in") {
      await this.welcomes();
      return;
    }
    if (group.record.alarm !== null) return;
    await group.mutex.run(() => this.#settle(group));
    this.#events.changed(conversation);
  }

  /** Within the group's mutex. */
  async #settle(group: SealedGroup): Promise<void> {
    for (let tries = 0; tries < TRIES && !this.#closed; tries++) {
      await group.catchUp();
      if (group.committing && !(await group.resume())) continue;
      const plan = await this.#plan(group);
      if (plan === null) return;
      if (await this.#carryOut(group, plan)) return;
    }
  }

  async #plan(group: SealedGroup): Promise<Plan | null> {
    const { record } = group;
    if (record.state !== "in" || record.refused !== null || record.alarm !== null) return null;
    const { keys, device, now } = this.#around;
    const wanted = planFor(record, await group.leaves(), keys, device.seat.account);
    // Who has a new identity key is let in when it is accepted.
    const plan = { ...wanted, add: wanted.add.filter((one) => !this.#around.doubted(keys.owner(one) ?? "")) };
    if (nothingToDo(plan)) return null;
    // What could not be done, because a device has no key package, is not tried at each turn.
    const former = this.#tried.get(group.id);
    const words = JSON.stringify([plan, group.currentEpoch]);
    if (former?.plan === words && now() - former.at < AGAIN_MS) return null;
    this.#tried.set(group.id, { plan: words, at: now() });
    return plan;
  }

  /** True when nothing more is to be done now. */
  async #carryOut(group: SealedGroup, plan: Plan): Promise<boolean> {
    const { server, keys, device } = this.#around;
    let packages: readonly { readonly device: string; readonly package: string }[] = [];
    if (plan.add.length > 0) packages = (await server.claim({ devices: plan.add.slice(0, MOST_ADDS) })).packages;
    if (packages.length === 0 && plan.remove.length === 0 && !plan.renew) return true;
    const before = new Set((await group.leaves()).map((seat) => seat.device));
    const wanted = new Set(packages.map((one) => one.device));
    const expected = (roster: readonly { readonly device: string; readonly account: string }[]) =>
      roster.every((seat) => before.has(seat.device) || (wanted.has(seat.device) && keys.owner(seat.device) === seat.account));
    const taken = await group.commit({ add: packages.map((one) => unb64(one.package)), remove: plan.remove.filter((one) => one !== device.seat.device) }, expected);
    if (!taken) return false;
    return plan.add.length < MOST_ADDS;
  }

  // ── Writing ──

  /** Content for the journal. Rejects with NetworkError while the group is not there yet; what waits is sent when `changed` says so. */
  async seal(
    conversation: ConversationId, clientId: ClientId, content: Uint8Array, refersTo: number | null, blobs: readonly string[],
  ): Promise<{ bytes: Uint8Array; epoch: string }> {
    const group = this.#groups.get(conversation);
    if (group === undefined) {
      this.unsettled(conversation);
      throw new NetworkError("this device is not in the group yet");
    }
    return group.mutex.run(async () => {
      // Before anything is said, everybody who should hear it is let in, and nobody else.
      await this.#settle(group);
      const { record } = group;
      const doubted = record.members.some(([account]) => this.#around.doubted(account));
      if (doubted) throw blocked("sealed_changed_key", "The identity key of somebody in this conversation has changed. Accept it first.");
      if (this.#around.keys.alarmed || record.alarm !== null) throw blocked("sealed_alarm", "Something is wrong with the keys of this conversation. Nothing is sent.");
      if (record.state !== "in" || record.refused !== null) throw new NetworkError("this device must be let in anew");
      await this.#onlyRight(group);
      return group.seal(clientId, content, refersTo, blobs);
    });
  }

  /** Nothing is sealed to a device that is revoked, unknown, another's than it says, or of nobody in the conversation: that waits. */
  async #onlyRight(group: SealedGroup): Promise<void> {
    const { keys } = this.#around;
    const leaves = await group.leaves();
    const right = () => {
      const members = new Set(group.record.members.map(([account]) => account));
      return leaves.every(({ device, account }) => members.has(account) && keys.owner(device) === account && keys.devices(account).includes(device));
    };
    if (right()) return;
    await keys.refresh();
    if (right()) return;
    this.#later(group.id);
    throw new NetworkError("a device that must hear nothing more is still in the group");
  }

  /** Looks again when what was tried may be tried again. */
  #later(conversation: ConversationId): void {
    if (this.#closed || this.#held.has(conversation)) return;
    const timer = this.#around.after(AGAIN_MS, () => {
      this.#held.delete(conversation);
      this.unsettled(conversation);
    });
    this.#held.set(conversation, timer);
  }

  /** What to do about a refused entry: true when it can be sealed and sent again. */
  async refused(conversation: ConversationId, error: ApiProblem): Promise<boolean> {
    const group = this.#groups.get(conversation);
    if (group === undefined) return false;
    if (RENEW.has(error.code)) {
      await group.mutex.run(async () => {
        await group.catchUp();
        await group.commit({}, () => true);
      });
      return true;
    }
    if (!BEHIND.has(error.code)) return false;
    await group.mutex.run(async () => {
      const { last_seq } = await this.#around.server.read({ conversation, after: group.record.cursor, limit: 1 });
      group.onHead(last_seq);
      await group.catchUp();
    });
    return true;
  }

  /** What was written in a dropped epoch: the same thing again, under its client id. */
  async #post(conversation: ConversationId, clientId: ClientId, content: Uint8Array, refersTo: number | null, blobs: readonly string[]): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const { bytes, epoch } = await this.seal(conversation, clientId, content, refersTo, blobs);
      try {
        await this.#around.server.post({ conversation, client_id: clientId, content: b64(bytes), epoch, refers_to: refersTo, blobs: [...blobs] });
        return;
      } catch (error) {
        if (!(error instanceof ApiProblem) || !(await this.refused(conversation, error))) throw error;
      }
    }
  }

  /** What is kept of things written here whose entries have not come. */
  async written(conversation: ConversationId, clientId: ClientId): Promise<Uint8Array | null> {
    const kept = await this.#around.vault.get(keyOf.written(conversation, clientId));
    return kept === null ? null : unb64(decodeKept<Written>(kept).content);
  }

  #guard(task: () => Promise<unknown>): void {
    task().catch((error: unknown) => {
      if (!this.#closed && !(error instanceof NetworkError)) this.#around.fault(error);
    });
  }
}

function blocked(code: string, title: string): ApiProblem {
  return new ApiProblem({ type: `urn:rempart:problem:${code}`, code, status: 409, title, detail: null, field: null, retry_after_ms: null, incident: null });
}
