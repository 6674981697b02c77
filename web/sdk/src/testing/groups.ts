// Groups in memory for tests of the engine: a server that orders, and a device whose messages are plain JSON but whose manners are
// those of the real one (crates/mls-client): an epoch at a time, each message once, a commit that waits, a way back.

import { createHash } from "node:crypto";
import { fromBase64Url, toBase64Url } from "../bytes";
import { ApiProblem, NetworkError } from "../problem";
import type { Beside, Changes, Device, DeviceId, Identity, Joined, KeyDirectory, Opened, Outgoing, Received, Seat, Server, Surroundings, Vault } from "../sealed/ports";
import { Engine } from "../sealed/engine";
import { encodeKept } from "../sealed/record";
import type { Conversation, Entry, EntryKind, MemberRole, PostEntry } from "../wire";
import { problem, type SimClock } from "./sim";

const write = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const read = <T>(bytes: Uint8Array): T => JSON.parse(new TextDecoder().decode(bytes)) as T;
const sorted = (seats: readonly Seat[]): readonly Seat[] => [...seats].sort((a, b) => (a.device < b.device ? -1 : 1));

interface Commit {
  readonly type: "commit";
  readonly group: string;
  readonly from: DeviceId;
  readonly epoch: number;
  readonly ref: string;
  readonly next: string;
  readonly roster: readonly Seat[];
}
interface Sealed {
  readonly type: "content";
  readonly from: DeviceId;
  readonly ref: string;
  readonly id: string;
  readonly body: string;
}
interface Group {
  epoch: number;
  ref: string;
  roster: readonly Seat[];
  pending: Commit | null;
  removals: readonly DeviceId[];
  taken: string[];
  former: Record<string, Omit<Group, "former">>;
}

class MlsRefusal extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** What survives a closed tab. */
export class Disk implements Vault {
  readonly kept = new Map<string, Uint8Array>();
  groups = "{}";
  serial = 0;

  async get(key: string): Promise<Uint8Array | null> {
    return this.kept.get(key) ?? null;
  }
  async getAll(keys: readonly string[]): Promise<readonly (Uint8Array | null)[]> {
    return keys.map((key) => this.kept.get(key) ?? null);
  }
  async list(prefix: string): Promise<readonly (readonly [string, Uint8Array])[]> {
    return [...this.kept].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
  }
  async write(beside: Beside): Promise<void> {
    for (const [key, value] of Object.entries(beside)) {
      if (value === null) this.kept.delete(key);
      else this.kept.set(key, value);
    }
  }
}

/** The device of the unit tests. */
export class FakeDevice implements Device {
  readonly seat: Identity;
  /** Commits of these epochs cannot be followed. */
  readonly cannot = new Set<string>();
  readonly #disk: Disk;

  constructor(account: string, device: DeviceId, disk: Disk) {
    this.seat = { account, device, deviceKey: write(device), accountKey: write(account) };
    this.#disk = disk;
  }

  #all(): Record<string, Group> {
    return JSON.parse(this.#disk.groups) as Record<string, Group>;
  }
  #group(name: Uint8Array): Group {
    const group = this.#all()[toBase64Url(name)];
    if (group === undefined) throw new MlsRefusal("mls_no_group");
    return group;
  }
  async #keep(name: Uint8Array, group: Group | null, beside: Beside): Promise<void> {
    const all = this.#all();
    if (group === null) delete all[toBase64Url(name)];
    else all[toBase64Url(name)] = group;
    this.#disk.groups = JSON.stringify(all);
    await this.#disk.write(beside);
  }
  #name(): string {
    this.#disk.serial += 1;
    return createHash("sha256").update(`${this.seat.device} ${this.#disk.serial}`).digest("base64url");
  }
  #mine(): Seat {
    return { account: this.seat.account, device: this.seat.device };
  }

  async create(name: Uint8Array, _beliefs: unknown, beside: Beside): Promise<Uint8Array> {
    const ref = this.#name();
    await this.#keep(name, { epoch: 0, ref, roster: [this.#mine()], pending: null, removals: [], taken: [], former: {} }, beside);
    return write({ group: toBase64Url(name), ref, roster: [this.#mine()] });
  }
  async commit(name: Uint8Array, changes: Changes, _beliefs: unknown, keep: { key: string; clientId: string }): Promise<Outgoing> {
    const group = this.#group(name);
    if (group.pending !== null) throw new MlsRefusal("mls_commit_pending");
    const added = (changes.add ?? []).map((bytes) => read<Seat>(bytes));
    const gone = new Set([...(changes.remove ?? []), ...group.removals]);
    const roster = sorted([...group.roster.filter((seat) => !gone.has(seat.device)), ...added]);
    const commit: Commit = { type: "commit", group: toBase64Url(name), from: this.seat.device, epoch: group.epoch, ref: group.ref, next: this.#name(), roster };
    const bytes = write(commit);
    const welcome = added.length === 0 ? null : write({ group: commit.group, epoch: group.epoch + 1, ref: commit.next, roster });
    const kept = { clientId: keep.clientId, commit: toBase64Url(bytes), welcome: welcome === null ? null : toBase64Url(welcome) };
    await this.#keep(name, { ...group, pending: commit }, { [keep.key]: encodeKept(kept) });
    return { commit: bytes, welcome, epochRef: fromBase64Url(commit.next), roster };
  }
  async withdraw(name: Uint8Array, beside: Beside): Promise<void> {
    const group = this.#group(name);
    if (group.pending === null) throw new MlsRefusal("mls_no_commit_pending");
    await this.#keep(name, { ...group, pending: null }, beside);
  }
  async join(welcome: Uint8Array): Promise<Joined> {
    const { group, epoch, ref, roster } = read<{ group: string; epoch: number; ref: string; roster: Seat[] }>(welcome);
    if (this.#all()[group] !== undefined) throw new MlsRefusal("mls_refused");
    await this.#keep(fromBase64Url(group), { epoch, ref, roster, pending: null, removals: [], taken: [], former: {} }, {});
    return { group: fromBase64Url(group), epochRef: fromBase64Url(ref), roster };
  }
  async receive(name: Uint8Array, messages: readonly { message: Uint8Array; keep: string | null; from?: DeviceId }[], _beliefs: unknown, beside: { taken: Beside; refused: Beside }): Promise<readonly Opened[]> {
    let group = this.#group(name);
    const kept: Record<string, Uint8Array> = {};
    const opened = messages.map(({ message, keep, from }): Opened => {
      const said = read<Commit | Sealed | { type: "proposal"; ref: string; remove: DeviceId[] }>(message);
      if (said.ref !== group.ref) return { refused: "mls_wrong_epoch" };
      if (said.type === "proposal") {
        group = { ...group, removals: [...group.removals, ...said.remove] };
        return { ok: { type: "proposal" } };
      }
      if (said.type === "content") {
        if (said.from === this.seat.device) return { ok: { type: "own" } };
        if (group.taken.includes(said.id)) return { refused: "mls_refused" };
        group = { ...group, taken: [...group.taken, said.id] };
        const content = fromBase64Url(said.body);
        if (keep !== null && (from === undefined || from === said.from)) kept[keep] = content;
        return { ok: { type: "content", from: said.from, content } };
      }
      const own = group.pending?.next === said.next;
      if (said.from === this.seat.device && !own) return { refused: "mls_refused" };
      if (this.cannot.has(said.next)) return { refused: "mls_refused" };
      const { former, ...left } = group;
      group = {
        epoch: said.epoch + 1, ref: said.next, roster: said.roster, pending: null, removals: [], taken: [], former: { ...former, [group.ref]: { ...left, pending: null } },
      };
      const removed = !said.roster.some((seat) => seat.device === this.seat.device);
      const ok: Received = { type: "commit", from: own ? null : said.from, epochRef: fromBase64Url(said.next), roster: said.roster, removed };
      return { ok };
    });
    const any = opened.some((one) => "ok" in one);
    await this.#keep(name, group, any ? { ...kept, ...beside.taken } : beside.refused);
    return opened;
  }
  async seal(name: Uint8Array, content: Uint8Array): Promise<Uint8Array> {
    const group = this.#group(name);
    if (group.pending !== null) throw new MlsRefusal("mls_commit_pending");
    return write({ type: "content", from: this.seat.device, ref: group.ref, id: this.#name(), body: toBase64Url(content) } satisfies Sealed);
  }
  async epoch(name: Uint8Array): Promise<{ epoch: number; epochRef: Uint8Array; member: boolean }> {
    const { epoch, ref, roster } = this.#group(name);
    return { epoch, epochRef: fromBase64Url(ref), member: roster.some((seat) => seat.device === this.seat.device) };
  }
  async leaves(name: Uint8Array): Promise<readonly Seat[]> {
    return this.#group(name).roster;
  }
  async statement(verdict: "merged" | "refused", _name: Uint8Array, epochRef: Uint8Array): Promise<Uint8Array> {
    return write({ verdict, epoch: toBase64Url(epochRef), device: this.seat.device });
  }
  async settled(name: Uint8Array, epoch: number, beside: Beside): Promise<void> {
    const group = this.#group(name);
    await this.#keep(name, { ...group, former: Object.fromEntries(Object.entries(group.former).filter(([, one]) => one.epoch >= epoch)) }, beside);
  }
  async goBack(name: Uint8Array, epochRef: Uint8Array, beside: Beside): Promise<void> {
    const back = this.#group(name).former[toBase64Url(epochRef)];
    if (back === undefined) throw new MlsRefusal("mls_no_snapshot");
    await this.#keep(name, { ...back, former: {} }, beside);
  }
  async forget(name: Uint8Array, beside: Beside): Promise<void> {
    await this.#keep(name, null, beside);
  }
  async keyPackages(oneTime: number, lastResort: boolean): Promise<readonly Uint8Array[]> {
    return Array.from({ length: oneTime + (lastResort ? 1 : 0) }, () => write(this.#mine()));
  }
  async identityEntry(): Promise<Uint8Array> {
    return write({ identity: this.seat.account });
  }
  async deviceEntry(): Promise<Uint8Array> {
    return write(this.#mine());
  }
  async revocationEntry(device: DeviceId): Promise<Uint8Array> {
    return write({ revoke: device });
  }
}

interface SimGroup {
  name: string;
  epoch: number;
  ref: string;
  since: number;
  roster: readonly Seat[];
  removals: readonly DeviceId[];
  final: Omit<SimGroup, "final" | "provisional"> | null;
  provisional: { ref: string; by: string; former: readonly Seat[] }[];
}

/** One sealed conversation at a server that orders and knows no content. */
export class SimSealed {
  readonly conversation = "0190b3c4-0000-7000-8000-0000000000f9";
  readonly entries: Entry[] = [];
  readonly members = new Map<string, MemberRole>();
  readonly devices = new Map<DeviceId, { account: string; live: boolean; packages: boolean }>();
  readonly welcomes = new Map<DeviceId, { conversation: string; seq: number; welcome: string }[]>();
  readonly parties = new Set<SimParty>();
  readonly statements: { verdict: string; epoch: string; device: DeviceId }[] = [];
  /** Every content that was posted, also again. */
  readonly posted: string[] = [];
  group: SimGroup | null = null;
  /** The next content is refused for this. */
  refuseNext: string | null = null;
  /** The next commit is refused for this. */
  refuseCommit: string | null = null;
  /** Final as soon as another account says so; off: nothing becomes final. */
  settles = true;

  constructor(readonly clock: SimClock) {}

  append(kind: EntryKind, by: Seat | null, content: string | null, more: { epoch?: string | null; clientId?: string; refersTo?: number | null } = {}): Entry {
    const entry: Entry = {
      seq: this.entries.length + 1, kind, account: by?.account ?? null, device: by?.device ?? null,
      client_id: more.clientId ?? `server-${this.entries.length}`, time: new Date(this.clock.now()).toISOString(), refers_to: more.refersTo ?? null,
      content, epoch: more.epoch ?? null, blobs: [], leaf: "", salt: "",
    };
    this.entries.push(entry);
    for (const party of this.parties) if (party.online && this.members.has(party.seat.account)) queueMicrotask(() => party.engine?.onEntry(this.conversation, entry));
    return entry;
  }

  say(value: unknown, kind: EntryKind = "group", epoch: string | null = null): Entry {
    return this.append(kind, null, toBase64Url(write(value)), { epoch });
  }

  join(account: string, role: MemberRole): void {
    this.members.set(account, role);
    this.say({ v: 1, type: "membership", by: null, added: [{ account, role }], removed: [], roles: [] }, "membership");
  }
  leave(account: string): void {
    this.members.delete(account);
    this.say({ v: 1, type: "membership", by: null, added: [], removed: [account], roles: [] }, "membership");
    const group = this.group;
    if (group === null) return;
    const remove = group.roster.filter((seat) => seat.account === account).map((seat) => seat.device);
    group.removals = [...group.removals, ...remove];
    this.say({ type: "proposal", ref: group.ref, remove }, "proposal", group.ref);
  }

  /** The provisional chain is dropped. */
  drop(): void {
    const group = this.group;
    if (group?.final == null) throw new Error("nothing is provisional");
    const epochs = group.provisional.map(({ ref }) => ref);
    this.group = { ...group.final, final: null, provisional: [] };
    this.say({ v: 1, type: "group", what: "dropped", to: this.group.ref, epochs });
  }

  #confirm(by: Seat): void {
    const group = this.group;
    if (group === null || !this.settles || group.provisional.length === 0) return;
    const last = group.provisional.findLastIndex((one) => one.by !== by.account && one.former.some((seat) => seat.device === by.device));
    if (last < 0) return;
    const epochs = group.provisional.slice(0, last + 1).map(({ ref }) => ref);
    group.provisional = group.provisional.slice(last + 1);
    if (group.provisional.length === 0) group.final = null;
    this.say({ v: 1, type: "group", what: "final", epochs });
  }

  problem(code: string): ApiProblem {
    return new ApiProblem(problem(code, 409));
  }
  refuse(code: string): never {
    throw this.problem(code);
  }

  server(party: SimParty): Server {
    const { seat } = party;
    const on = <T>(op: string, run: () => T): Promise<T> => {
      if (!party.online) return Promise.reject(new NetworkError("there is no line"));
      const fate = party.fate(op);
      if (fate === "lose_request") return Promise.reject(new NetworkError("lost"));
      try {
        const answer = run();
        return fate === "lose_answer" ? Promise.reject(new NetworkError("lost")) : Promise.resolve(structuredClone(answer));
      } catch (error) {
        return Promise.reject(error as Error);
      }
    };
    return {
      live: () => party.online,
      read: ({ after, before, limit }) =>
        on("read", () => ({
          entries: after !== undefined ? this.entries.filter((one) => one.seq > after).slice(0, limit) : this.entries.filter((one) => one.seq < (before ?? 0)).slice(-limit),
          last_seq: this.entries.length,
        })),
      members: () => on("members", () => ({ members: [...this.members].map(([account, role]) => ({ account, role, since: "" })) })),
      group: () =>
        on("group", () => ({
          group: this.group?.name ?? null, epoch: this.group?.epoch ?? 0, epoch_ref: this.group?.ref ?? null, final_ref: null, since: this.group?.since ?? 0,
          leaves: [...(this.group?.roster ?? [])], leaving: [],
        })),
      start: ({ info }) =>
        on("start", () => {
          const { group, ref, roster } = read<{ group: string; ref: string; roster: Seat[] }>(fromBase64Url(info));
          if (this.group !== null && this.group.name !== group) return this.refuse("group_started");
          if (this.group === null) {
            const { seq } = this.say({ v: 1, type: "group", what: "started", by: seat.account, device: seat.device, group, epoch: ref }, "group", ref);
            this.group = { name: group, epoch: 0, ref, since: seq, roster, removals: [], final: null, provisional: [] };
          }
          return { group, epoch: 0, epoch_ref: ref, final_ref: ref, since: this.group.since, leaves: [...roster], leaving: [] };
        }),
      commit: ({ commit, welcome, client_id }) =>
        on("commit", () => {
          const former = this.entries.find((one) => one.client_id === client_id && one.device === seat.device);
          const said = read<Commit>(fromBase64Url(commit));
          if (former !== undefined) return { seq: former.seq, time: former.time, epoch_ref: said.next, epoch: said.epoch + 1 };
          const group = this.group;
          if (group === null) return this.refuse("group_absent");
          if (said.ref !== group.ref) return this.refuse("group_stale");
          const refused = this.refuseCommit;
          this.refuseCommit = null;
          if (refused !== null) return this.refuse(refused);
          if (said.roster.some((one) => group.removals.includes(one.device))) return this.refuse("group_removal_left_out");
          const entry = this.append("commit", seat, commit, { epoch: said.next, clientId: client_id });
          const before = group.roster;
          const { final, provisional, ...was } = group;
          const alone = before.every((one) => one.account === seat.account) || !said.roster.some((one) => one.account !== seat.account && before.some((two) => two.device === one.device));
          this.group = {
            ...group, epoch: said.epoch + 1, ref: said.next, since: entry.seq, roster: said.roster, removals: [], final: final ?? was,
            provisional: [...provisional, { ref: said.next, by: seat.account, former: before }],
          };
          for (const one of said.roster) {
            if (before.some((two) => two.device === one.device)) continue;
            this.welcomes.set(one.device, [...(this.welcomes.get(one.device) ?? []), { conversation: this.conversation, seq: entry.seq, welcome: welcome ?? "" }]);
            for (const other of this.parties) if (other.seat.device === one.device && other.online) queueMicrotask(() => void other.engine?.welcomes());
          }
          if (alone) {
            this.group = { ...this.group, final: null, provisional: [] };
            this.say({ v: 1, type: "group", what: "final", epochs: [said.next] });
          }
          return { seq: entry.seq, time: entry.time, epoch_ref: said.next, epoch: said.epoch + 1 };
        }),
      state: ({ statement }) =>
        on("state", () => {
          const said = read<{ verdict: string; epoch: string; device: DeviceId }>(fromBase64Url(statement));
          this.statements.push(said);
          if (said.verdict === "merged") this.#confirm(seat);
          return {};
        }),
      welcomes: () => on("welcomes", () => ({ welcomes: this.welcomes.get(seat.device) ?? [] })),
      welcomed: ({ seq }) =>
        on("welcomed", () => {
          this.welcomes.set(seat.device, (this.welcomes.get(seat.device) ?? []).filter((one) => one.seq !== seq));
          return {};
        }),
      claim: ({ devices }) =>
        on("claim", () => ({
          packages: devices.flatMap((device) => {
            const known = this.devices.get(device);
            return known?.packages === true ? [{ account: known.account, device, package: toBase64Url(write({ account: known.account, device })) }] : [];
          }),
        })),
      post: (post) => on("post", () => this.#post(seat, post)),
    };
  }

  #post(seat: Seat, post: PostEntry): { seq: number; time: string; leaf: string; salt: string; promise: string } {
    const group = this.group;
    this.posted.push(post.content);
    if (group === null) return this.refuse("group_absent");
    const former = this.entries.find((one) => one.device === seat.device && one.client_id === post.client_id && one.epoch === post.epoch);
    if (former === undefined) {
      const refused = this.refuseNext;
      this.refuseNext = null;
      if (post.epoch !== group.ref) return this.refuse("epoch_stale");
      if (refused !== null) return this.refuse(refused);
      if (group.removals.length > 0) return this.refuse("epoch_removal");
    }
    const entry = former ?? this.append("content", seat, post.content, { epoch: post.epoch ?? null, clientId: post.client_id, refersTo: post.refers_to ?? null });
    this.#confirm(seat);
    return { seq: entry.seq, time: entry.time, leaf: "", salt: "", promise: "" };
  }
}

/** A device that takes part. */
export class SimParty {
  readonly seat: Seat;
  readonly disk: Disk;
  readonly device: FakeDevice;
  readonly faults: unknown[] = [];
  readonly joined: { seq: number; mine: boolean }[] = [];
  engine: Engine | null = null;
  online = true;
  doubted = new Set<string>();
  fate: (op: string) => "answer" | "lose_answer" | "lose_request" = () => "answer";
  #serial = 0;

  constructor(readonly sim: SimSealed, account: string, device: DeviceId, disk = new Disk()) {
    this.seat = { account, device };
    this.disk = disk;
    this.device = new FakeDevice(account, device, disk);
    if (!sim.devices.has(device)) sim.devices.set(device, { account, live: true, packages: true });
    sim.parties.add(this);
  }

  async open(): Promise<Engine> {
    const { sim } = this;
    const keys: KeyDirectory = {
      alarmed: false,
      serverKey: new Uint8Array(32),
      identities: () => [],
      identity: (account) => write(account),
      devices: (account) => [...sim.devices].flatMap(([device, one]) => (one.account === account && one.live ? [device] : [])),
      owner: (device) => sim.devices.get(device)?.account ?? null,
      refresh: () => Promise.resolve(),
    };
    const around: Surroundings = {
      device: this.device,
      vault: this.disk,
      keys,
      server: sim.server(this),
      now: () => sim.clock.now(),
      after: (ms, run) => sim.clock.after(ms, run),
      cancel: (timer) => sim.clock.cancel(timer),
      jitter: () => 0.5,
      random: (bytes) => bytes.fill(7),
      uuid: () => `${this.seat.device}-${this.#serial++}-${sim.entries.length}`,
      conversation: () => ({ conversation: sim.conversation, protection: "sealed", role: sim.members.get(this.seat.account) ?? "member", last_seq: sim.entries.length }) as Conversation,
      doubted: (account) => this.doubted.has(account),
      fault: (error) => this.faults.push(error),
    };
    this.engine = await Engine.open(around, {
      opened: () => undefined,
      dropped: () => undefined,
      changed: () => undefined,
      joined: (_conversation, seq, mine) => void this.joined.push({ seq, mine }),
    });
    this.live();
    return this.engine;
  }

  live(): void {
    this.engine?.live([{ conversation: this.sim.conversation, last_seq: this.sim.entries.length }]);
  }

  close(): void {
    this.engine?.close();
    this.engine = null;
    this.sim.parties.delete(this);
  }

  /** Seals and posts as the outbox does. */
  async write(text: string, clientId = `${this.seat.device}-${text}`): Promise<number> {
    const { engine, sim } = this;
    if (engine === null) throw new Error("not open");
    for (let tries = 0; tries < 10; tries++) {
      const { bytes, epoch } = await engine.seal(sim.conversation, clientId, write(text), null, []);
      try {
        return (await sim.server(this).post({ conversation: sim.conversation, client_id: clientId, content: toBase64Url(bytes), epoch, refers_to: null, blobs: [] })).seq;
      } catch (error) {
        if (!(error instanceof ApiProblem) || !(await engine.refused(sim.conversation, error))) throw error;
      }
    }
    throw new Error("refused too often");
  }

  /** What this device can read, without what does not count. */
  async reads(): Promise<string[]> {
    const record = this.engine?.record(this.sim.conversation);
    const opened = await this.disk.list(`opened/${this.sim.conversation}/`);
    return opened.flatMap(([key, value]) => {
      const entry = this.sim.entries[Number(key.split("/")[2]) - 1];
      return record?.dropped.includes(entry?.epoch ?? "") === true ? [] : [read<string>(value)];
    });
  }
}
