import { beforeEach, describe, expect, test } from "vitest";
import { fromBase64Url, toBase64Url } from "../bytes";
import { ApiProblem } from "../problem";
import type { Backend, Device, LogChange, LogCopy, LogView } from "../sealed/ports";
import { Disk, FakeDevice } from "../testing/groups";
import { BOB, ME, problem, settle, SimClock } from "../testing/sim";
import { sealForLink } from "./keyring";
import { KeysManager } from "./manager";

type Leaf = { identity?: string; key?: string; serial?: number; account?: string; device?: string; revoke?: string };
const write = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const read = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as Leaf;

/** The server's part: a log, a keyring, packages, requests. */
class SimKeys {
  readonly leaves: Uint8Array[] = [];
  keyring: { version: number; sealed: string | null } = { version: 0, sealed: null };
  readonly packages = new Map<string, { oneTime: number; last: boolean }>();
  readonly links = new Map<string, { public: string; sealed: string | null; state: "waiting" | "answered" | "refused" }>();
  fail: (op: string) => void = () => undefined;

  identity(account: string): Leaf | undefined {
    return this.leaves.map(read).findLast((leaf) => leaf.identity === account);
  }
  live(device: string): boolean {
    return this.leaves.map(read).some((leaf) => leaf.device === device) && !this.leaves.map(read).some((leaf) => leaf.revoke === device);
  }

  command(device: string, op: string, p: Record<string, unknown>): unknown {
    this.fail(op);
    const own = this.packages.get(device) ?? { oneTime: 0, last: false };
    switch (op) {
      case "keys.status":
        return {
          identity: this.identity(ME)?.key ?? null, enrolled: this.live(device), packages: own.oneTime, last_resort: own.last, keyring_version: this.keyring.version,
          external_sender: toBase64Url(new Uint8Array(32)),
        };
      case "keys.log":
        return { leaves: this.leaves.slice(p.after as number).map(toBase64Url), size: this.leaves.length, checkpoint: this.leaves.length === 0 ? null : { note: "", key: "" } };
      case "keys.publish": {
        const entries = (p.entries as string[]).map(fromBase64Url);
        if (entries.some((entry) => read(entry).identity !== undefined) && this.identity(ME) !== undefined) throw new ApiProblem(problem("keys_serial", 409));
        this.leaves.push(...entries);
        return { size: this.leaves.length };
      }
      case "keys.packages.put":
        this.packages.set(device, { oneTime: own.oneTime + (p.one_time as string[]).length, last: own.last || p.last_resort !== null });
        return { one_time: 0 };
      case "keys.keyring.get":
        return { ...this.keyring, written: null };
      case "keys.keyring.put":
        if (p.follows !== this.keyring.version) throw new ApiProblem(problem("keyring_stale", 409));
        this.keyring = { version: this.keyring.version + 1, sealed: p.sealed as string };
        return this.keyring;
      case "keys.link.ask":
        this.links.set(device, { public: p.public as string, sealed: null, state: "waiting" });
        return { state: "waiting", sealed: null };
      case "keys.link.state":
        return this.links.get(device) ?? { state: "none", sealed: null };
      case "keys.link.list":
        return { links: [...this.links].flatMap(([of, one]) => (one.state === "waiting" ? [{ device: of, name: "Autre", public: one.public, expires: "" }] : [])) };
      case "keys.link.answer":
        this.links.set(p.device as string, { public: p.public as string, sealed: p.sealed as string | null, state: p.sealed === null ? "refused" : "answered" });
        return {};
      default:
        throw new Error(op);
    }
  }
}

/** A copy of the log that believes what it is told, unless a test says otherwise. */
class SimCopy implements LogCopy {
  readonly taken: Leaf[] = [];
  refuse: string | null = null;
  /** The head covers more than what came. */
  short = false;
  async next(): Promise<number> {
    return this.taken.length;
  }
  async take(leaves: readonly Uint8Array[]): Promise<{ current: boolean; changes: readonly LogChange[]; view: LogView }> {
    if (this.refuse !== null) throw Object.assign(new Error(this.refuse), { code: this.refuse });
    const fresh = leaves.map(read);
    this.taken.push(...fresh);
    if (this.short) return { current: false, changes: [], view: await this.view() };
    const changes = fresh.flatMap((leaf): LogChange[] => {
      if (leaf.identity !== undefined) return [{ news: "identity", account: leaf.identity, serial: leaf.serial ?? 0, reset: (leaf.serial ?? 0) > 0 }];
      return leaf.device === undefined ? [] : [{ news: "added", account: leaf.account ?? "", device: leaf.device }];
    });
    return { current: true, changes, view: await this.view() };
  }
  async view(): Promise<LogView> {
    const ended = new Set(this.taken.map((leaf) => leaf.revoke));
    return {
      identities: [...new Map(this.taken.flatMap(({ identity, key, serial }) => (identity === undefined ? [] : [[identity, { account: identity, key: fromBase64Url(key ?? ""), serial: serial ?? 0, reset: false }]]))).values()],
      devices: this.taken.flatMap((leaf) => (leaf.device === undefined ? [] : [{ account: leaf.account ?? "", device: leaf.device, since: 0, live: !ended.has(leaf.device) }])),
    };
  }
  async compare(_me: string, other: string): ReturnType<LogCopy["compare"]> {
    const key = this.taken.findLast((leaf) => leaf.identity === other)?.key;
    return key === undefined ? null : { number: "", code: "", fingerprint: key };
  }
}

/** The public key stands for the seed, so that two devices of one seed are of one account. */
class OfSeed extends FakeDevice {
  override readonly seat: FakeDevice["seat"];
  constructor(name: string, disk: Disk, seed: Uint8Array) {
    super(ME, name, disk);
    this.seat = { account: ME, device: name, deviceKey: write(name), accountKey: seed.map((byte) => byte ^ 0xff) };
  }
  override async identityEntry(): Promise<Uint8Array> {
    return write({ identity: ME, key: toBase64Url(this.seat.accountKey) });
  }
}

/** A browser profile: what is kept in it outlives a page. */
class Profile {
  readonly disk = new Disk();
  readonly log = new SimCopy();
  seed: Uint8Array | null = null;
  readonly ready: Device[] = [];
  readonly faults: unknown[] = [];
  keys: KeysManager | null = null;
  /** Under which name the keys were made. */
  made: string;
  constructor(public name: string) {
    this.made = name;
  }

  #device(): Device | null {
    const { seed, made } = this;
    if (seed === null) return null;
    return new OfSeed(made, this.disk, seed);
  }

  async open(): Promise<KeysManager> {
    const backend: Backend = {
      vault: this.disk,
      log: this.log,
      device: async () => this.#device(),
      enrol: async ({ device }, seed, beside) => {
        if (this.seed !== null) throw new Error("enrolled");
        this.seed = seed.slice();
        this.made = device;
        await this.disk.write(beside);
        return this.#device() as Device;
      },
      discard: async (keep) => {
        this.seed = null;
        for (const key of [...this.disk.kept.keys()]) if (!keep.includes(key)) this.disk.kept.delete(key);
      },
      close: () => undefined,
    };
    this.keys = new KeysManager({
      backend, account: ME, device: this.name,
      now: () => clock.now(), after: (ms, run) => clock.after(ms, run), cancel: (timer) => clock.cancel(timer),
      random: (bytes) => void crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>),
      command: async (op, params) => server.command(this.name, op, params as Record<string, unknown>) as never,
      ready: (device) => void this.ready.push(device), changed: () => undefined, fault: (error) => void this.faults.push(error),
    });
    await this.keys.open();
    return this.keys;
  }
}

const print = (serial: number) => toBase64Url(new Uint8Array([serial]));
const identity = (serial: number) => server.leaves.push(write({ identity: BOB, key: print(serial), serial }));

let clock: SimClock;
let server: SimKeys;
beforeEach(() => {
  clock = new SimClock();
  server = new SimKeys();
});
async function brought(name: string): Promise<{ profile: Profile; keys: KeysManager }> {
  const profile = new Profile(name);
  const keys = await profile.open();
  await keys.bring();
  return { profile, keys };
}

describe("first sign-in", () => {
  test("keys, keyring and packages are made without a question; the code is shown until it is noted", async () => {
    const { profile, keys } = await brought("d1");
    expect(keys.state.value).toMatchObject({ status: "ready", link: null, devices: [{ device: "d1", current: true, unexpected: false }] });
    expect(profile.ready).toHaveLength(1);
    expect(server.packages.get("d1")).toEqual({ oneTime: 100, last: true });
    expect(keys.state.value.recoveryCode).toMatch(/^(.{4}-){7}.{4}$/);
    await keys.recoveryNoted();
    expect(keys.state.value.recoveryCode).toBeNull();
    const kept = Buffer.concat([...profile.disk.kept.values()]).toString();
    expect(kept).toContain("\"code\":null");
  });

  test("whatever breaks on the way, the next page goes on with the same keys", async () => {
    for (const broken of ["keys.status", "keys.log", "keys.publish", "keys.keyring.put", "keys.packages.put"]) {
      server = new SimKeys();
      const profile = new Profile("d1");
      server.fail = (op) => {
        if (op === broken) throw new ApiProblem(problem("fault", 500));
      };
      await (await profile.open()).bring().catch(() => undefined);
      const { seed } = profile;
      server.fail = () => undefined;
      const again = await profile.open();
      await again.bring();
      expect(again.state.value.status, broken).toBe("ready");
      if (seed !== null) expect(profile.seed).toEqual(seed);
      // The code that is shown opens what the server has.
      const other = await brought("d2");
      await other.keys.recover(again.state.value.recoveryCode ?? "");
      expect(other.keys.state.value.status).toBe("ready");
    }
  });

  test("of two browsers that begin at once one wins, and the other asks for its keys", async () => {
    const [one, two] = [new Profile("d1"), new Profile("d2")];
    const [a, b] = [await one.open(), await two.open()];
    await Promise.all([a.bring().catch(() => undefined), b.bring().catch(() => undefined)]);
    await Promise.all([a.bring(), b.bring()]);
    expect([a.state.value.status, b.state.value.status].sort()).toEqual(["needs_keyring", "ready"]);
    expect(server.leaves.map(read).filter((leaf) => leaf.identity === ME)).toHaveLength(1);
    const [winner, loser] = a.state.value.status === "ready" ? [a, b] : [b, a];
    await loser.recover(winner.state.value.recoveryCode ?? "");
    expect(loser.state.value.status).toBe("ready");
  });
});

describe("a further device", () => {
  test("comes in by the recovery code and by no other; the first one is told", async () => {
    const { keys } = await brought("d1");
    const code = keys.state.value.recoveryCode ?? "";
    const { keys: second, profile } = await brought("d2");
    expect(second.state.value.status).toBe("needs_keyring");
    await expect(second.recover("nonsense")).rejects.toMatchObject({ code: "recovery_code_malformed" });
    await expect(second.recover(`${code.startsWith("0") ? "1" : "0"}${code.slice(1)}`)).rejects.toMatchObject({ code: "recovery_code_wrong" });
    expect(profile.seed).toBeNull();
    await second.recover(code.toLowerCase());
    expect(second.state.value).toMatchObject({ status: "ready", recoveryCode: null });
    await keys.heard();
    await settle();
    expect(keys.state.value.devices.find(({ device }) => device === "d2")?.unexpected).toBe(true);
    await keys.acceptDevice("d2");
    expect(keys.state.value.devices.some(({ unexpected }) => unexpected)).toBe(false);
    await keys.revokeDevice("d2");
    expect(keys.state.value.devices.map(({ device }) => device)).toEqual(["d1"]);
  });

  test("is let in by another device whose person compared the code, and is no surprise there", async () => {
    const { keys } = await brought("d1");
    const { keys: second } = await brought("d2");
    await second.askLink();
    await keys.heard();
    const asked = second.state.value.link;
    expect(keys.state.value.requests.map(({ code }) => code)).toEqual([typeof asked === "object" ? asked?.code : ""]);
    await keys.answerLink("d2", true);
    await second.heard();
    expect(second.state.value).toMatchObject({ status: "ready", link: null });
    await keys.heard();
    await settle();
    expect(keys.state.value.devices.some(({ unexpected }) => unexpected)).toBe(false);
  });

  test("whose key the server exchanged after it was shown gets nothing", async () => {
    const { keys } = await brought("d1");
    const { keys: second } = await brought("d2");
    await second.askLink();
    await keys.heard();
    const evil = (await crypto.subtle.generateKey({ name: "X25519" }, true, ["deriveBits"])) as CryptoKeyPair;
    const key = toBase64Url(new Uint8Array(await crypto.subtle.exportKey("raw", evil.publicKey)));
    server.links.set("d2", { public: key, sealed: null, state: "waiting" });
    await expect(keys.answerLink("d2", true)).rejects.toMatchObject({ code: "link_changed" });
    expect(server.links.get("d2")?.sealed).toBeNull();
  });

  test("that is refused is told so", async () => {
    const { keys } = await brought("d1");
    const { keys: second } = await brought("d2");
    await second.askLink();
    await keys.heard();
    await keys.answerLink("d2", false);
    await second.heard();
    expect(second.state.value).toMatchObject({ status: "needs_keyring", link: { state: "refused" } });
  });
});

describe("the key log", () => {
  test.each(["log_fork", "log_shrunk", "log_other_key", "log_head", "log_entry"])("%s: alarm, also after the page is opened again", async (code) => {
    const { profile, keys } = await brought("d1");
    profile.log.refuse = code;
    await keys.heard();
    expect(keys.state.value).toMatchObject({ status: "alarm", alarm: code });
    expect(keys.directory.alarmed).toBe(true);
    profile.log.refuse = null;
    expect((await profile.open()).state.value).toMatchObject({ status: "alarm", alarm: code });
  });

  test("somebody's new identity key is told until it is accepted, and takes a verification away", async () => {
    const { keys } = await brought("d1");
    identity(0);
    await keys.heard();
    await settle();
    expect(keys.state.value.changed.size).toBe(0);
    await keys.setVerified(BOB, true, print(0));
    identity(1);
    await keys.heard();
    await settle();
    expect(keys.state.value.changed.get(BOB)).toEqual({ reset: true });
    expect(keys.state.value.verified.has(BOB)).toBe(false);
    await keys.acceptChanged(BOB, print(1));
    expect(keys.state.value.changed.size).toBe(0);
  });
});

describe("what this profile saw of the log", () => {
  /** Bob's key was compared, and an unaccepted change and an opened message are kept. */
  async function lived(): Promise<{ profile: Profile; keys: KeysManager; code: string }> {
    const { profile, keys } = await brought("d1");
    const code = keys.state.value.recoveryCode ?? "";
    identity(0);
    await keys.heard();
    await keys.setVerified(BOB, true, print(0));
    identity(1);
    await keys.heard();
    await settle();
    await profile.disk.write({ "opened/c/1": write("plain") });
    return { profile, keys, code };
  }

  test("and its keys are not erased by another name at sign-in; what it saw outlives the new keys", async () => {
    const { profile, code } = await lived();
    profile.name = "d9";
    const keys = await profile.open();
    await keys.bring();
    expect(keys.state.value).toMatchObject({ status: "needs_keyring", recoveryCode: null });
    expect(profile.seed).not.toBeNull();
    expect(profile.disk.kept.has("opened/c/1")).toBe(true);
    await keys.recover(code);
    expect(keys.state.value.status).toBe("ready");
    expect(profile.disk.kept.has("opened/c/1")).toBe(false);
    expect(keys.state.value.changed.get(BOB)).toEqual({ reset: true });
    expect((await profile.open()).state.value.changed.has(BOB)).toBe(true);
  });

  test("decides against the server's word that the keys are others", async () => {
    const { profile } = await lived();
    const keys = await profile.open();
    const { command } = server;
    server.command = (device, op, p) => {
      const answer = command.call(server, device, op, p);
      return op === "keys.status" ? { ...(answer as object), enrolled: false, identity: toBase64Url(new Uint8Array(32).fill(9)) } : answer;
    };
    await keys.bring();
    expect(keys.state.value).toMatchObject({ status: "ready", alarm: null });
    expect(profile.disk.kept.has("opened/c/1")).toBe(true);
    expect(keys.state.value.changed.has(BOB)).toBe(true);
  });

  test("an alarm outlives keys that are refused", async () => {
    const { keys, profile } = await brought("d2");
    await keys.recoveryNoted();
    profile.name = "d3";
    profile.log.refuse = "log_fork";
    const again = await profile.open();
    await again.bring();
    expect((await profile.open()).state.value).toMatchObject({ status: "alarm", alarm: "log_fork" });
    expect(profile.seed).not.toBeNull();
  });

  test("a change is told though nothing could be kept of it when the log was taken", async () => {
    const { profile, keys } = await brought("d1");
    identity(0);
    await keys.heard();
    await keys.setVerified(BOB, true, print(0));
    // The copy is committed, and the page ends there.
    await profile.log.take([write({ identity: BOB, key: print(1), serial: 1 }), write({ account: ME, device: "d7" })]);
    const { value } = (await profile.open()).state;
    expect([value.changed.has(BOB), value.verified.has(BOB)]).toEqual([true, false]);
    expect(value.devices.find(({ device }) => device === "d7")?.unexpected).toBe(true);
  });

  test("what is said while the log is followed does not undo what it says", async () => {
    const { keys } = await brought("d1");
    identity(0);
    await keys.heard();
    identity(1);
    const [said] = await Promise.allSettled([keys.setVerified(BOB, true, print(0)), keys.heard(), keys.acceptDevice("d5")]);
    expect(said.status).toBe("fulfilled");
    await settle();
    expect([keys.state.value.changed.has(BOB), keys.state.value.verified.has(BOB)]).toEqual([true, false]);
  });

  test("a key that is not the one shown is neither verified nor accepted", async () => {
    const { keys } = await brought("d1");
    for (const serial of [0, 1, 2]) {
      identity(serial);
      await keys.heard();
    }
    await expect(keys.setVerified(BOB, true, print(1))).rejects.toMatchObject({ code: "key_changed_again" });
    await expect(keys.acceptChanged(BOB, print(1))).rejects.toMatchObject({ code: "key_changed_again" });
    expect([keys.state.value.changed.has(BOB), keys.state.value.verified.has(BOB)]).toEqual([true, false]);
    await keys.setVerified(BOB, true, print(2));
    expect([keys.state.value.changed.has(BOB), keys.state.value.verified.has(BOB)]).toEqual([false, true]);
  });

  test("keys by a link are those of the log's identity, whatever the server says it is", async () => {
    await brought("d1");
    const { keys, profile } = await brought("d2");
    for (const serial of [0, 1]) {
      identity(serial);
      await keys.bring();
    }
    await keys.askLink();
    const seed = new Uint8Array(32).fill(7);
    const sealed = await sealForLink({ seed }, fromBase64Url(server.links.get("d2")?.public ?? ""), ME);
    server.links.set("d2", { public: "", sealed: toBase64Url(sealed ?? new Uint8Array()), state: "answered" });
    const { command } = server;
    server.command = (device, op, p) => {
      const answer = command.call(server, device, op, p);
      return op === "keys.status" ? { ...(answer as object), identity: toBase64Url(seed.map((byte) => byte ^ 0xff)) } : answer;
    };
    await expect(keys.heard()).rejects.toMatchObject({ code: "link_other_identity" });
    expect([keys.state.value.status, profile.seed]).toEqual(["needs_keyring", null]);
    expect((await profile.open()).state.value.changed.has(BOB)).toBe(true);
  });

  test("a head that covers what never comes ends in an alarm", async () => {
    const { keys, profile } = await brought("d1");
    profile.log.short = true;
    await keys.heard();
    expect(keys.state.value).toMatchObject({ status: "alarm", alarm: "log_withheld" });
  });
});
