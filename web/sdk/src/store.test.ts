import { IDBFactory } from "fake-indexeddb";
import { describe, expect, test } from "vitest";
import { MemoryStore } from "./memory-store";
import { IndexedStore, ProfileStore, type Store } from "./store";
import { BOB, CAROL, ME, person, problem, ROOM, SimClock, SimServer } from "./testing/sim";
import type { Entry } from "./wire";

function entries(...seqs: number[]): Entry[] {
  return seqs.map((seq) => ({
    seq, kind: "content", account: ME, device: null, client_id: `c${seq}`, time: "", refers_to: null, content: "YQ", epoch: null, blobs: [], leaf: "", salt: "YQ",
  }));
}

const conversation = new SimServer(new SimClock()).addConversation().conversation;
const seqs = async (store: Store, before = 1_000, limit = 1_000) => (await store.readEntries(ROOM, before, limit)).map((entry) => entry.seq);

describe.each([
  ["IndexedDB", () => IndexedStore.open(new IDBFactory() as unknown as globalThis.IDBFactory, ME) as Promise<Store>],
  ["memory", async () => new MemoryStore() as Store],
])("store in %s", (_, make) => {
  test("entries that touch widen the window, at both ends", async () => {
    const store = await make();
    await store.putEntries(ROOM, entries(10, 11));
    await store.putEntries(ROOM, entries(12));
    await store.putEntries(ROOM, entries(8, 9));
    await store.putEntries(ROOM, entries(9, 10));
    expect((await store.load()).windows.get(ROOM)).toEqual({ lo: 8, hi: 12 });
    expect(await seqs(store)).toEqual([8, 9, 10, 11, 12]);
    expect(await seqs(store, 11, 2)).toEqual([9, 10]);
  });

  test("newer entries beyond a gap replace what was kept; older ones are left out", async () => {
    const store = await make();
    await store.putEntries(ROOM, entries(1, 2, 3));
    await store.putEntries(ROOM, entries(50, 51));
    expect(await seqs(store)).toEqual([50, 51]);
    await store.putEntries(ROOM, entries(4, 5));
    expect(await seqs(store)).toEqual([50, 51]);
    expect((await store.load()).windows.get(ROOM)).toEqual({ lo: 50, hi: 51 });
  });

  test("an erased body is gone, the entry stays", async () => {
    const store = await make();
    await store.putEntries(ROOM, entries(1, 2));
    await store.eraseEntry(ROOM, 1);
    await store.eraseEntry(ROOM, 99);
    const kept = await store.readEntries(ROOM, 3, 10);
    expect(kept.map((entry) => entry.content)).toEqual([null, "YQ"]);
    expect(kept[0]?.salt).toBeNull();
  });

  test("a conversation that is left takes everything of it along", async () => {
    const store = await make();
    await store.putConversation({ conversation, details: null });
    await store.putEntries(ROOM, entries(1));
    await store.setDraft(ROOM, { text: "x", mentions: [], replyTo: null });
    await store.putOutbox({ clientId: "o1", conversation: ROOM, created: 0, content: { type: "redaction", seq: 1 }, problem: null });
    await store.putOutbox({ clientId: "o2", conversation: "other", created: 0, content: { type: "redaction", seq: 1 }, problem: null });
    await store.dropConversation(ROOM);
    const loaded = await store.load();
    expect(loaded.conversations).toEqual([]);
    expect(loaded.windows.size + loaded.drafts.size).toBe(0);
    expect(loaded.outbox.map((item) => item.clientId)).toEqual(["o2"]);
    expect(await seqs(store)).toEqual([]);
  });

  test("people, drafts, the account's number and the outbox come back", async () => {
    const store = await make();
    await store.setAccountSeq(7);
    await store.putPeople([person(BOB, "Bob"), person(CAROL, "Carol")]);
    await store.setDraft(ROOM, { text: "brouillon", mentions: [BOB], replyTo: 3 });
    await store.putOutbox({ clientId: "o1", conversation: ROOM, created: 1, content: { type: "redaction", seq: 4 }, problem: problem("not_allowed", 403) });
    const loaded = await store.load();
    expect(loaded.accountSeq).toBe(7);
    expect(loaded.people.map((one) => one.display_name)).toEqual(["Bob", "Carol"]);
    expect(loaded.drafts.get(ROOM)).toEqual({ text: "brouillon", mentions: [BOB], replyTo: 3 });
    expect(loaded.outbox[0]?.problem?.code).toBe("not_allowed");
    await store.setDraft(ROOM, null);
    await store.deleteOutbox("o1");
    expect((await store.load()).drafts.size).toBe(0);
    expect(await store.outbox()).toEqual([]);
  });
});

test("wiped, nothing is left; ended by the server, only what the person wrote", async () => {
  const factory = new IDBFactory() as unknown as globalThis.IDBFactory;
  const fill = async () => {
    const store = await IndexedStore.open(factory, ME);
    await store.putEntries(ROOM, entries(1));
    await store.putConversation({ conversation, details: null });
    await store.setDraft(ROOM, { text: "x", mentions: [], replyTo: null });
    store.close();
    return store;
  };
  await (await fill()).wipeReceived();
  let again = await IndexedStore.open(factory, ME);
  let loaded = await again.load();
  expect([loaded.conversations.length, loaded.windows.size, loaded.drafts.size]).toEqual([0, 0, 1]);
  again.close();

  await (await fill()).wipe();
  expect((await factory.databases()).map((one) => one.name)).toEqual([]);
  again = await IndexedStore.open(factory, ME);
  loaded = await again.load();
  expect([loaded.conversations.length, loaded.windows.size, loaded.drafts.size]).toEqual([0, 0, 0]);
});

test("the profile remembers the device beyond a sign-out", async () => {
  const factory = new IDBFactory() as unknown as globalThis.IDBFactory;
  const profile = new ProfileStore(factory);
  expect(await profile.load()).toEqual({ device: null, me: null, leaving: false });
  await profile.save({ device: "d1" });
  await profile.save({ leaving: true });
  expect(await new ProfileStore(factory).load()).toEqual({ device: "d1", me: null, leaving: true });
});
