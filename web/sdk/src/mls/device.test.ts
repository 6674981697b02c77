import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { Opened } from "../sealed/ports";
import { decodeKept, type KeptCommit } from "../sealed/record";
import { openMls } from "./device";
import { databaseName, openKeyStore, wipeKeyStore, type KeyStore } from "./keystore";
import { beliefs, inProcess, Place, wasm } from "./testing";

const GROUP = new Uint8Array(16).fill(0x47);
const text = (value: string) => new TextEncoder().encode(value);
const account = (n: number) => `0190b3c4-5d6e-7f80-8123-45678900000${n}`;
const device = (n: number) => `0190b3c4-5d6e-7f80-8123-4567890001${n}`;
const seed = (n: number) => new Uint8Array(32).fill(n);

beforeAll(() => {
  vi.stubGlobal("IDBKeyRange", IDBKeyRange);
});

function place(a: number, d: number, around?: (store: KeyStore) => KeyStore): Place {
  return new Place(account(a), device(d), seed(a), new IDBFactory() as unknown as IDBFactory, around);
}

function ok(opened: readonly Opened[]) {
  return opened.map((one) => {
    if (!("ok" in one)) throw new Error(`refused: ${one.refused}`);
    return one.ok;
  });
}

/** A journal that every device reads in order, as the server would keep it. */
class Journal {
  readonly entries: Uint8Array[] = [];
  readonly read = new Map<Place, number>();
  readonly heard = new Map<Place, string[]>();
  constructor(readonly places: Place[]) {}

  join(who: Place): void {
    this.read.set(who, this.entries.length);
    this.heard.set(who, []);
  }

  async catchUp(who: Place): Promise<void> {
    const from = this.read.get(who) ?? 0;
    const messages = this.entries.slice(from).map((message, i) => ({ message, keep: `opened/${from + i}` }));
    if (messages.length === 0) return;
    const opened = await who.own.receive(GROUP, messages, beliefs(this.places), { taken: { cursor: text(String(this.entries.length)) }, refused: {} });
    this.read.set(who, this.entries.length);
    for (const one of ok(opened)) if (one.type === "content") this.heard.get(who)?.push(new TextDecoder().decode(one.content));
  }

  async all(): Promise<void> {
    for (const who of this.read.keys()) await this.catchUp(who);
  }

  async say(who: Place, words: string): Promise<void> {
    await this.catchUp(who);
    this.entries.push(await who.own.seal(GROUP, text(words)));
  }

  async add(by: Place, who: Place): Promise<void> {
    await this.catchUp(by);
    const [add] = await who.own.keyPackages(1, false, Date.now());
    const made = await by.own.commit(GROUP, { add: [add!] }, beliefs(this.places), { key: "commit/x", clientId: "c" });
    this.entries.push(made.commit);
    await this.catchUp(by);
    const joined = await who.own.join(made.welcome!, beliefs(this.places));
    expect(joined.group).toEqual(GROUP);
    expect(joined.epochRef).toEqual(made.epochRef);
    this.join(who);
  }
}

async function twoByTwo(around?: (store: KeyStore) => KeyStore): Promise<{ journal: Journal; places: [Place, Place, Place, Place] }> {
  const places: [Place, Place, Place, Place] = [place(1, 10, around), place(1, 11), place(2, 20), place(2, 21)];
  for (const one of places) await one.enrol();
  const [a0, a1, b0, b1] = places;
  const journal = new Journal(places);
  const info = await a0.own.create(GROUP, beliefs(places), { record: text("made") });
  expect(info.length).toBeGreaterThan(1_000);
  journal.join(a0);
  await journal.add(a0, a1);
  await journal.add(a0, b0);
  await journal.add(b0, b1);
  return { journal, places };
}

describe("two accounts with two devices each", () => {
  it("create, add, join, send, receive, remove", async () => {
    const { journal, places } = await twoByTwo();
    const [a0, a1, b0, b1] = places;
    await journal.say(a1, "un");
    await journal.say(b1, "deux");
    await journal.all();
    expect(places.map((one) => journal.heard.get(one))).toEqual([["un", "deux"], ["deux"], ["un", "deux"], ["un"]]);

    const leaves = await b1.own.leaves(GROUP);
    expect(leaves.map((leaf) => leaf.device).sort()).toEqual([device(10), device(11), device(20), device(21)]);
    const epochs = await Promise.all(places.map((one) => one.own.epoch(GROUP)));
    expect(new Set(epochs.map(({ epochRef }) => String(epochRef))).size).toBe(1);

    const made = await a0.own.commit(GROUP, { remove: [device(21)] }, beliefs(places), { key: "commit/x", clientId: "c1" });
    const kept = decodeKept<KeptCommit>((await a0.mls.vault.get("commit/x"))!);
    expect(kept).toMatchObject({ clientId: "c1", welcome: null });
    journal.entries.push(made.commit);
    const gone = await b1.own.receive(GROUP, [{ message: made.commit, keep: null }], beliefs(places), { taken: {}, refused: {} });
    expect(ok(gone)[0]).toMatchObject({ type: "commit", from: device(10), removed: true });
    journal.read.delete(b1);
    expect(await b1.own.epoch(GROUP)).toMatchObject({ member: false });
    await journal.all();
    await journal.say(a0, "trois");
    await journal.all();
    expect(journal.heard.get(b0)).toEqual(["un", "deux", "trois"]);
    await b1.own.forget(GROUP, {});
    await expect(b1.own.epoch(GROUP)).rejects.toMatchObject({ code: "mls_no_group" });
    expect(await a1.own.statement("merged", GROUP, made.epochRef)).toHaveLength(130);
  });

  it("what a message held is kept with it, and each message is judged by itself", async () => {
    const { journal, places } = await twoByTwo();
    const [a0, , b0] = places;
    await journal.all();
    const message = await a0.own.seal(GROUP, text("bonjour"));
    const messages = [
      { message: text("rubbish"), keep: "opened/1" },
      { message, keep: "opened/2" },
      { message, keep: "opened/3" },
    ];
    const beside = { taken: { cursor: text("taken") }, refused: { cursor: text("refused") } };
    const opened = await b0.own.receive(GROUP, messages, beliefs(places), beside);
    expect(opened).toMatchObject([{ refused: "mls_malformed" }, { ok: { type: "content", from: device(10) } }, { refused: "mls_refused" }]);
    expect(await b0.mls.vault.getAll(["opened/1", "opened/2", "opened/3", "cursor"])).toEqual([null, text("bonjour"), null, text("taken")]);
    const none = await b0.own.receive(GROUP, messages.slice(0, 1), beliefs(places), beside);
    expect(none).toEqual([{ refused: "mls_malformed" }]);
    expect(await b0.mls.vault.get("cursor")).toEqual(text("refused"));
    expect(await b0.mls.vault.list("opened/")).toEqual([["opened/2", text("bonjour")]]);
  });

  it("goes on from what is kept when the tab is opened again, with a commit that waits", async () => {
    const { journal, places } = await twoByTwo();
    const [a0, , b0] = places;
    await journal.all();
    const made = await a0.own.commit(GROUP, {}, beliefs(places), { key: "commit/x", clientId: "c2" });
    for (const one of places) await one.again();
    await expect(a0.own.seal(GROUP, text("early"))).rejects.toMatchObject({ code: "mls_commit_pending" });
    journal.entries.push(made.commit);
    await journal.say(a0, "encore");
    await journal.all();
    expect(journal.heard.get(b0)).toEqual(["encore"]);
    const { epoch, epochRef } = await a0.own.epoch(GROUP);
    expect(epochRef).toEqual(made.epochRef);
    // The chain is dropped: everybody goes back and on.
    const before = await places[3].own.epoch(GROUP);
    expect(before.epoch).toBe(epoch);
    await expect(a0.own.goBack(GROUP, new Uint8Array(32), {})).rejects.toMatchObject({ code: "mls_no_snapshot" });
    await b0.own.settled(GROUP, epoch, {});
  });
});

describe("a store that fails", () => {
  /** Fails at a write, before or after it is done. */
  function failing(at: number, after: boolean) {
    let writes = 0;
    const stands = { armed: false, failed: false };
    const around = (store: KeyStore): KeyStore => ({
      ...store,
      async write(batch, beside) {
        const now = stands.armed && writes++ === at;
        if (now) stands.failed = true;
        if (now && !after) throw new Error("no space");
        await store.write(batch, beside);
        if (now) throw new Error("no answer");
      },
    });
    return { around, stands };
  }

  it("at any step leaves a device that goes on with the others", async () => {
    for (const after of [false, true]) {
      for (let at = 0; at < 3; at++) {
        const { around, stands } = failing(at, after);
        const { journal, places } = await twoByTwo(around);
        const [a0, , b0] = places;
        await journal.all();
        stands.armed = true;
        // Sealing, committing, receiving the own commit: each is tried again as the sdk would.
        const again = async <T>(act: () => Promise<T>): Promise<T> => {
          try {
            return await act();
          } catch (error) {
            expect(error).toMatchObject({ code: "mls_store" });
            return act();
          }
        };
        journal.entries.push(await again(() => a0.own.seal(GROUP, text("un"))));
        let commit: Uint8Array;
        const keep = { key: "commit/x", clientId: "c3" };
        try {
          commit = (await a0.own.commit(GROUP, {}, beliefs(places), keep)).commit;
        } catch (error) {
          expect(error).toMatchObject({ code: "mls_store" });
          // Kept or not, the store says; together with what stands beside it.
          const kept = await a0.mls.vault.get("commit/x");
          const stood = kept !== null && decodeKept<KeptCommit>(kept).clientId === "c3";
          expect(stood).toBe(after);
          if (stood) await a0.own.withdraw(GROUP, {});
          else await expect(a0.own.withdraw(GROUP, {})).rejects.toMatchObject({ code: "mls_no_commit_pending" });
          commit = (await a0.own.commit(GROUP, {}, beliefs(places), keep)).commit;
        }
        journal.entries.push(commit);
        const opened = await again(() =>
          a0.own.receive(GROUP, journal.entries.slice(-1).map((message) => ({ message, keep: null })), beliefs(places), { taken: {}, refused: {} }),
        );
        if (at === 2 && after) expect(opened).toEqual([{ refused: "mls_wrong_epoch" }]);
        else expect(opened).toMatchObject([{ ok: { type: "commit", from: null } }]);
        journal.read.set(a0, journal.entries.length);
        await journal.say(a0, "deux");
        await journal.all();
        expect(stands.failed).toBe(true);
        expect(journal.heard.get(b0)).toEqual(["un", "deux"]);
      }
    }
  });

  it("at enrolment leaves no device, or the whole one", async () => {
    for (const after of [false, true]) {
      const { around, stands } = failing(0, after);
      stands.armed = true;
      const one = place(1, 10, around);
      await expect(one.enrol()).rejects.toMatchObject({ code: "mls_store" });
      const kept = await one.mls.device();
      expect(kept?.seat.device ?? null).toBe(after ? device(10) : null);
      if (kept === null) await one.enrol();
      await expect(one.enrol()).rejects.toMatchObject({ code: "mls_enrolled" });
    }
  });

  it("that cannot be read says so, and works again when it can", async () => {
    let broken = false;
    const one = await place(1, 10, (store) => ({
      ...store,
      read: () => (broken ? Promise.reject(new Error("gone")) : store.read()),
      write: (batch, beside) => (broken ? Promise.reject(new Error("gone")) : store.write(batch, beside)),
    })).enrol();
    broken = true;
    await expect(one.own.keyPackages(1, false, Date.now())).rejects.toMatchObject({ code: "mls_store" });
    await expect(one.own.deviceEntry()).rejects.toMatchObject({ code: "mls_store" });
    broken = false;
    expect(await one.own.keyPackages(1, true, Date.now())).toHaveLength(2);
  });
});

describe("what is kept", () => {
  async function raw(one: Place, name: string): Promise<Uint8Array[]> {
    const opening = one.factory.open(databaseName(one.account));
    const database = await new Promise<IDBDatabase>((resolve) => (opening.onsuccess = () => resolve(opening.result)));
    const request = database.transaction(name).objectStore(name).getAll();
    await new Promise((resolve) => (request.onsuccess = resolve));
    database.close();
    return request.result as Uint8Array[];
  }

  it("is not plain", async () => {
    const one = await place(1, 10).enrol();
    await one.mls.vault.write({ "keys/ring": text("very secret words") });
    const kept = [...(await raw(one, "entries")), ...(await raw(one, "beside"))].map((bytes) => Buffer.from(bytes));
    expect(kept.length).toBeGreaterThanOrEqual(3);
    for (const bytes of kept) {
      expect(bytes.includes(Buffer.from(one.seed))).toBe(false);
      expect(bytes.includes("very secret")).toBe(false);
    }
    const [key] = (await raw(one, "keys")) as unknown as CryptoKey[];
    expect(key?.extractable).toBe(false);
  });

  it("is bound to its place", async () => {
    const one = await place(1, 10).enrol();
    await one.mls.vault.write({ a: text("a"), b: text("b") });
    one.mls.close();
    const [a] = await raw(one, "beside");
    const opening = one.factory.open(databaseName(one.account));
    const database = await new Promise<IDBDatabase>((resolve) => (opening.onsuccess = () => resolve(opening.result)));
    const moving = database.transaction("beside", "readwrite");
    moving.objectStore("beside").put(a, "b");
    await new Promise((resolve) => (moving.oncomplete = resolve));
    database.close();
    await one.again();
    expect(await one.mls.vault.get("a")).toEqual(text("a"));
    await expect(one.mls.vault.get("b")).rejects.toMatchObject({ code: "mls_store" });
  });

  it("is gone after discarding, and another device can begin", async () => {
    const one = await place(1, 10).enrol();
    const entry = await one.own.deviceEntry();
    await one.mls.vault.write({ x: text("x"), seen: text("seen"), "worker/key-log": text("log") });
    await one.mls.discard(["seen"]);
    expect(await one.mls.device()).toBeNull();
    // What was seen of the log is nobody's to erase with a device.
    expect(await one.mls.vault.list("")).toEqual([["seen", text("seen")], ["worker/key-log", text("log")]]);
    expect(await raw(one, "entries")).toEqual([]);
    await one.enrol();
    expect(await one.own.deviceEntry()).not.toEqual(entry);
  });
});

describe("the worker", () => {
  it("that falls is made anew from what is kept", async () => {
    const module = wasm();
    let falls = false;
    const fragile = (inner: ReturnType<typeof module.Installation.open>) =>
      new Proxy(inner, {
        get(of, name) {
          if (falls && name === "seal") throw new WebAssembly.RuntimeError("unreachable");
          const value = Reflect.get(of, name) as unknown;
          return typeof value === "function" ? (value.bind(of) as unknown) : value;
        },
      });
    const Installation = {
      enrol: (...args: Parameters<typeof module.Installation.enrol>) => fragile(module.Installation.enrol(...args)),
      open: (...args: Parameters<typeof module.Installation.open>) => fragile(module.Installation.open(...args)),
    } as typeof module.Installation;
    const one = place(1, 10);
    one.mls.close();
    const made = vi.fn(() => inProcess(one.factory, { ...module, Installation }));
    one.mls = openMls(one.account, made);
    await one.enrol();
    await one.own.create(GROUP, beliefs([one]), {});
    falls = true;
    const both = await Promise.allSettled([one.own.seal(GROUP, text("x")), one.own.epoch(GROUP)]);
    expect(both.map((each) => (each.status === "rejected" ? (each.reason as { code: string }).code : ""))).toEqual(["mls_fatal", "mls_fatal"]);
    expect(one.mls.stand.getSnapshot()).toMatchObject({ status: "failed" });
    falls = false;
    expect(made).toHaveBeenCalledTimes(1);
    expect(await one.own.seal(GROUP, text("x"))).not.toHaveLength(0);
    expect(made).toHaveBeenCalledTimes(2);
    expect(one.mls.stand.getSnapshot()).toEqual({ status: "ready" });
  });

  it("answers nothing after it was closed", async () => {
    const one = await place(1, 10).enrol();
    const running = one.own.keyPackages(1, false, Date.now());
    one.mls.close();
    await expect(running).rejects.toMatchObject({ code: "mls_closed" });
    await expect(one.own.deviceEntry()).rejects.toMatchObject({ code: "mls_closed" });
    expect(one.mls.stand.getSnapshot()).toEqual({ status: "closed" });
  });

  it("says what stands in the way of a device that is not there", async () => {
    const one = place(1, 10);
    expect(await one.mls.device()).toBeNull();
    await one.enrol();
    await expect(one.own.epoch(GROUP)).rejects.toMatchObject({ code: "mls_no_group" });
    await expect(one.own.epoch(new Uint8Array(15))).rejects.toMatchObject({ code: "mls_value" });
    await one.mls.discard([]);
    await expect(one.own.epoch(GROUP)).rejects.toMatchObject({ code: "mls_not_enrolled" });
  });
});

it("two tabs that come first at once use one key", async () => {
  const factory = new IDBFactory() as unknown as IDBFactory;
  const [one, two] = await Promise.all([openKeyStore(factory, account(1)), openKeyStore(factory, account(1))]);
  await one.write(null, { "a/1": text("one"), "a/2": text("two"), b: text("three") });
  expect(await two.get(["a/1", "none"])).toEqual([text("one"), null]);
  expect(await two.list("a/")).toEqual([["a/1", text("one")], ["a/2", text("two")]]);
  await one.clear([]);
  expect(await two.list("")).toEqual([]);
  await one.write(null, { b: text("again") });
  expect(await two.get(["b"])).toEqual([text("again")]);
  await wipeKeyStore(factory, account(1));
  await expect(one.get(["b"])).rejects.toThrow();
});
