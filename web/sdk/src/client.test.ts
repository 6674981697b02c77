import { toBase64Url } from "./bytes";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createClient } from "./client";
import { ApiProblem, CancelledError } from "./problem";
import type { Client, TimelineItem } from "./public";
import { AWAY_MS } from "./signals";
import { BOB, CAROL, DEVICE, ME, ROOM, simHost, SimClock, SimProfile, SimServer, settle, until, type SimHost } from "./testing/sim";

let clock: SimClock;
let server: SimServer;
let profile: SimProfile;
let host: SimHost;
let faults: unknown[];
let opened: Client[];

beforeEach(() => {
  clock = new SimClock();
  server = new SimServer(clock);
  profile = new SimProfile();
  faults = [];
  opened = [];
});
afterEach(() => {
  for (const client of opened) client.stop();
  expect(faults).toEqual([]);
});

async function open(): Promise<Client> {
  host = simHost(clock, server, profile);
  const client = createClient({ host, onFault: (error) => faults.push(error) });
  opened.push(client);
  await client.start();
  await settle(30);
  return client;
}

function lines(items: readonly TimelineItem[]): string[] {
  return items.map((item) => {
    switch (item.type) {
      case "message":
        return `${item.message.seq} ${item.message.redacted !== null ? "(redacted)" : item.message.text}${item.waiting ? " …" : ""}`;
      case "keys":
        return `${item.seq} keys ${item.what}`;
      case "pending":
        return `${item.item.state.status} ${item.item.content.type === "message" ? item.item.content.text : ""}`;
      case "membership":
        return `${item.membership.seq} members`;
      case "details":
        return `${item.seq} «${item.details.title}»`;
    }
  });
}
const shown = (client: Client, id = ROOM) => lines(client.timeline(id).getSnapshot().items);
const view = (client: Client, id = ROOM) => client.conversation(id).getSnapshot();

/** A group as the server makes it: members, then the title. */
function group(): void {
  server.addConversation();
  server.append(ROOM, null, { v: 1, type: "membership", by: ME, added: [{ account: ME, role: "owner" }, { account: BOB, role: "member" }], removed: [], roles: [] }, { kind: "membership" });
  server.append(ROOM, ME, { v: 1, type: "details", title: "Digue", topic: "Marées" });
}

describe("signing in", () => {
  test("nobody: signed out; a wrong password is a problem with its field; a right one opens the line", async () => {
    server.session = false;
    group();
    const client = await open();
    expect(client.session.getSnapshot()).toMatchObject({ status: "signed_out", reason: "none", server: { organisation: "Kerbrat" } });
    const refused = await client.entrance.signIn("alice", "wrong").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ApiProblem);
    expect((refused as ApiProblem).field).toBe("password");
    expect(client.session.getSnapshot().status).toBe("signed_out");
    expect(await client.entrance.signIn("alice", "right")).toEqual({ status: "signed_in" });
    await settle(30);
    expect(client.session.getSnapshot()).toMatchObject({ status: "signed_in", me: { person: { account: ME } } });
    expect(client.connection.getSnapshot().status).toBe("live");
    expect(view(client)?.title).toBe("Digue");
    expect(server.requests.filter((request) => request.method !== "GET").every((request) => request.headers["x-rempart"] === "1")).toBe(true);
  });

  test("a server that nobody has set up says so", async () => {
    server.session = false;
    server.ready = false;
    expect((await open()).session.getSnapshot().status).toBe("setup");
  });

  test("a duty comes before the line", async () => {
    server.must = ["enrol_factor"];
    const client = await open();
    expect(client.session.getSnapshot()).toMatchObject({ status: "signed_in", me: { must: ["enrol_factor"] } });
    expect(server.ops("hello")).toEqual([]);
    server.must = [];
    await client.refreshMe();
    await settle();
    expect(client.connection.getSnapshot().status).toBe("live");
  });

  test("a duty that somebody else lifts is gone without a word from here, and so is a session that ends", async () => {
    server.must = ["enrol_factor"];
    const client = await open();
    const before = client.session.getSnapshot();
    await clock.advance(10_000);
    expect(client.session.getSnapshot(), "nothing changed: nothing is told").toBe(before);
    server.must = [];
    await clock.advance(3_500);
    expect(client.session.getSnapshot()).toMatchObject({ status: "signed_in", me: { must: [] } });
    expect(client.connection.getSnapshot().status).toBe("live");
    const asked = server.requests.length;
    await clock.advance(20_000);
    expect(server.requests.length, "the line tells from here on").toBe(asked);

    server.must = ["change_password"];
    await client.refreshMe();
    server.session = false;
    await clock.advance(3_500);
    expect(client.session.getSnapshot()).toMatchObject({ status: "signed_out", reason: "ended" });
  });

  test("a duty that comes up while the line is down closes it until it is done", async () => {
    const client = await open();
    server.must = ["change_password"];
    server.before = (op) => (op === "hello" && server.must.length > 0 ? server.refuse("password_change_required", 403) : "answer");
    server.cut();
    await clock.advance(5_000);
    expect(client.session.getSnapshot()).toMatchObject({ status: "signed_in", me: { must: ["change_password"] } });
    expect(client.connection.getSnapshot().status).toBe("idle");
    server.must = [];
    await client.refreshMe();
    await settle();
    expect(client.connection.getSnapshot().status).toBe("live");
  });

  test("a server that cannot be reached is asked again until it can", async () => {
    server.session = false;
    server.reachable = false;
    const client = await open();
    expect(client.session.getSnapshot()).toMatchObject({ status: "signed_out", server: null });
    await clock.advance(20_000);
    server.reachable = true;
    await clock.advance(5_000);
    expect(client.session.getSnapshot()).toMatchObject({ status: "signed_out", server: { organisation: "Kerbrat" } });
  });

  test("signing out wipes the device, tells the server and the other tabs; the device keeps its name", async () => {
    group();
    const client = await open();
    const other = await open();
    client.setDraft(ROOM, { text: "x", mentions: [], replyTo: null });
    await client.signOut();
    await settle(30);
    expect(client.session.getSnapshot()).toMatchObject({ status: "signed_out", reason: "signed_out" });
    expect(other.session.getSnapshot()).toMatchObject({ status: "signed_out" });
    expect(client.conversations.getSnapshot()).toEqual([]);
    expect(shown(client)).toEqual([]);
    expect((await profile.indexedDB.databases()).map((one) => one.name)).toEqual(["rempart"]);
    expect(server.session).toBe(false);
    await client.entrance.signIn("alice", "right");
    expect(server.requests.findLast((request) => request.path === "session")?.body).toMatchObject({ device: { device: DEVICE, name: "test" } });
  });

  test("signed out without a line: the session is ended at the next start, before anything else", async () => {
    const client = await open();
    server.reachable = false;
    await client.signOut();
    client.stop();
    server.reachable = true;
    expect(server.session).toBe(true);
    const again = await open();
    expect(server.session).toBe(false);
    expect(again.session.getSnapshot().status).toBe("signed_out");
  });

  test("a session that the server ended: what came from it goes, what was not sent stays", async () => {
    group();
    const client = await open();
    server.before = (op) => (op === "messages.post" ? server.refuse("busy", 503, { retry_after_ms: 1e9 }) : "answer");
    await client.send(ROOM, { text: "pas encore parti" });
    await settle();
    server.session = false;
    server.cut(4003);
    await settle(30);
    expect(client.session.getSnapshot()).toMatchObject({ status: "signed_out", reason: "ended" });
    expect(client.conversations.getSnapshot()).toEqual([]);
    server.before = () => "answer";
    await client.entrance.signIn("alice", "right");
    await settle(40);
    expect(server.texts(ROOM)).toEqual(["pas encore parti"]);
  });

  test("without a line, what is kept can be read and what is written waits", async () => {
    group();
    server.say(ROOM, BOB, "avant la coupure");
    const first = await open();
    await settle();
    first.stop();
    server.reachable = false;
    const client = await open();
    expect(client.session.getSnapshot().status).toBe("signed_in");
    expect(client.connection.getSnapshot().status).toBe("offline");
    expect(shown(client)).toEqual(["1 members", "2 «Digue»", "3 avant la coupure"]);
    expect(view(client)).toMatchObject({ title: "Digue", unread: 1, last: { text: "avant la coupure" } });
    await client.send(ROOM, { text: "écrit hors ligne" });
    expect(shown(client).at(-1)).toBe("pending écrit hors ligne");
    server.reachable = true;
    host.events.online();
    await settle(40);
    expect(shown(client).at(-1)).toBe("4 écrit hors ligne");
    expect(client.outbox.getSnapshot()).toEqual([]);
  });
});

describe("a conversation", () => {
  test("counts what is unread, and what mentions me, until it is read here or elsewhere", async () => {
    group();
    const client = await open();
    server.say(ROOM, BOB, "un");
    server.say(ROOM, BOB, "deux @Alice", { mentions: [ME] });
    server.say(ROOM, ME, "de moi, d'ailleurs");
    server.say(ROOM, BOB, "trois");
    server.append(ROOM, BOB, { v: 1, type: "redaction" }, { refersTo: 6 });
    await settle();
    expect(view(client)).toMatchObject({ unread: 2, mentions: 1, last: { text: "de moi, d'ailleurs" } });
    expect(client.totals.getSnapshot()).toEqual({ unread: 2, mentions: 1 });
    client.markRead(ROOM, 3);
    expect(view(client)).toMatchObject({ unread: 1, mentions: 1 });
    client.markRead(ROOM, 7);
    client.markRead(ROOM, 2);
    await clock.advance(2_000);
    expect(server.ops("marks.read")).toEqual([{ conversation: ROOM, seq: 3 }, { conversation: ROOM, seq: 7 }]);
    server.say(ROOM, BOB, "quatre");
    await settle();
    expect(view(client)?.unread).toBe(1);
    server.account({ change: "read", conversation: ROOM, read: 8 });
    await settle();
    expect(view(client)?.unread).toBe(0);
  });

  test("counts as much when it begins from what is kept", async () => {
    group();
    for (let at = 0; at < 130; at++) server.say(ROOM, BOB, `${at}`);
    const client = await open();
    expect(view(client)?.unread).toBe(130);
    client.stop();
    server.reachable = false;
    const again = await open();
    expect(view(again)?.unread).toBe(130);
    await expect(again.timeline(ROOM).loadUntil(0)).resolves.toBe(false);
  });

  test("older pages that are not on the device need a line", async () => {
    group();
    for (let at = 0; at < 300; at++) server.say(ROOM, BOB, `${at}`);
    const client = await open();
    server.reachable = false;
    server.cut();
    await expect(client.timeline(ROOM).loadOlder()).rejects.toMatchObject({ name: "NetworkError" });
    expect(client.timeline(ROOM).getSnapshot()).toMatchObject({ loadingOlder: false, hasOlder: true });
  });

  test("read without a line is told when it is back", async () => {
    group();
    server.say(ROOM, BOB, "un");
    const client = await open();
    server.reachable = false;
    server.cut();
    client.markRead(ROOM, 3);
    await clock.advance(3_000);
    expect(view(client)?.unread).toBe(0);
    server.reachable = true;
    await clock.advance(60_000);
    expect(server.conversations.get(ROOM)?.conversation.read_seq).toBe(3);
  });

  test("tells what this device has, at most once a second", async () => {
    group();
    await open();
    server.log.length = 0;
    for (let at = 0; at < 50; at++) {
      server.say(ROOM, BOB, `${at}`);
      await clock.advance(100);
    }
    await clock.advance(2_000);
    const acks = server.ops("cursor.ack") as { seq: number }[];
    expect(acks.length).toBeLessThanOrEqual(7);
    expect(acks.at(-1)?.seq).toBe(52);
  });

  test("who came after the title was given reads it where the server can", async () => {
    const details = (title: string) => toBase64Url(new TextEncoder().encode(JSON.stringify({ v: 1, type: "details", title, topic: "Marées" })));
    const room = server.addConversation(ROOM, { details: details("Digue") });
    const client = await open();
    expect(view(client)).toMatchObject({ title: "Digue", topic: "Marées" });
    room.conversation = { ...room.conversation, details: details("Écluse") };
    for (const socket of server.sockets) socket.push({ op: "conversation", conversation: room.conversation });
    await settle(30);
    expect(view(client)?.title).toBe("Écluse");
  });

  test("loads older pages from the server, then from the device, and finds an old message", async () => {
    group();
    for (let at = 3; at <= 430; at++) server.say(ROOM, BOB, `m${at}`);
    const conversation = server.conversations.get(ROOM);
    if (conversation !== undefined) conversation.conversation = { ...conversation.conversation, read_seq: 430 };
    const client = await open();
    const timeline = client.timeline(ROOM);
    const leave = timeline.subscribe(() => undefined);
    expect(timeline.getSnapshot()).toMatchObject({ ready: true, hasOlder: true, lastSeq: 430 });
    expect(timeline.getSnapshot().items).toHaveLength(50);
    expect(view(client)?.title).toBe("Digue");
    const loading = timeline.loadOlder();
    void timeline.loadOlder();
    expect(timeline.getSnapshot().loadingOlder).toBe(true);
    await loading;
    expect(timeline.getSnapshot().items).toHaveLength(150);
    expect(await timeline.loadUntil(40)).toBe(true);
    expect(timeline.message(40)?.text).toBe("m40");
    expect(await timeline.loadUntil(1)).toBe(false);
    expect(timeline.getSnapshot()).toMatchObject({ hasOlder: false });
    expect(shown(client)).toEqual(["1 members", "2 «Digue»", ...Array.from({ length: 428 }, (_, at) => `${at + 3} m${at + 3}`)]);
    leave();

    client.stop();
    server.reachable = false;
    const again = await open();
    expect(again.timeline(ROOM).getSnapshot().items).toHaveLength(50);
    await again.timeline(ROOM).loadUntil(2);
    expect(shown(again)).toHaveLength(430);
  });

  test("lets go of old pages a minute after nobody looks, and finds them again", async () => {
    group();
    for (let at = 3; at <= 900; at++) server.say(ROOM, BOB, `m${at}`);
    const client = await open();
    const timeline = client.timeline(ROOM);
    const leave = timeline.subscribe(() => undefined);
    await timeline.loadUntil(2);
    expect(timeline.getSnapshot().items).toHaveLength(900);
    leave();
    await clock.advance(61_000);
    await until(() => timeline.getSnapshot().items.length < 900);
    expect(timeline.getSnapshot().items).toHaveLength(200);
    expect(timeline.getSnapshot().hasOlder).toBe(true);
    server.log.length = 0;
    await timeline.loadUntil(2);
    expect(timeline.getSnapshot().items).toHaveLength(900);
    expect(server.ops("journal.read")).toEqual([]);
  });

  test("a moderator's redaction counts though the entry that gave the role is not loaded", async () => {
    group();
    server.append(ROOM, null, { v: 1, type: "membership", by: ME, added: [], removed: [], roles: [{ account: BOB, role: "moderator" }] }, { kind: "membership" });
    server.conversations.get(ROOM)?.members.set(BOB, "moderator");
    for (let at = 0; at < 300; at++) server.say(ROOM, CAROL, `m${at}`);
    server.append(ROOM, BOB, { v: 1, type: "redaction" }, { refersTo: 300 });
    const client = await open();
    await settle();
    client.timeline(ROOM).getSnapshot();
    await settle();
    expect(shown(client)).toContain("300 (redacted)");
  });

  test("erased at the server, the body goes from the device too", async () => {
    group();
    server.say(ROOM, BOB, "à oublier");
    const client = await open();
    server.append(ROOM, null, null, { kind: "erasure", refersTo: 3 });
    await settle();
    expect(client.timeline(ROOM).message(3)).toMatchObject({ erased: true, text: "" });
    client.stop();
    server.reachable = false;
    const again = await open();
    expect(again.timeline(ROOM).message(3)).toMatchObject({ erased: true, text: "" });
  });

  test("cut again and again, it has every entry once", async () => {
    group();
    const client = await open();
    const texts: string[] = [];
    for (let round = 0; round < 25; round++) {
      for (let at = 0; at < 4; at++) texts.push(server.say(ROOM, BOB, `${round}.${at}`) && `${round}.${at}`);
      if (round % 3 === 0) server.cut();
      if (round % 7 === 0) await clock.advance(400);
      texts.push(server.say(ROOM, CAROL, `${round}.x`) && `${round}.x`);
      if (round % 4 === 0) await clock.advance(2_000);
    }
    await clock.advance(60_000);
    await client.timeline(ROOM).loadUntil(1);
    expect(shown(client).slice(2)).toEqual(texts.map((text, at) => `${at + 3} ${text}`));
  });

  test("appears when one is added and goes when one is removed, also from the device", async () => {
    const client = await open();
    group();
    const made = server.conversations.get(ROOM);
    if (made === undefined) throw new Error("no room");
    server.push({ op: "conversation", conversation: made.conversation });
    await settle(20);
    expect(client.conversations.getSnapshot().map((one) => one.title)).toEqual(["Digue"]);
    server.conversations.delete(ROOM);
    server.account({ change: "membership", conversation: ROOM, member: false });
    await settle(20);
    expect(client.conversations.getSnapshot()).toEqual([]);
    expect(view(client)).toBeNull();
    client.stop();
    server.reachable = false;
    expect((await open()).conversations.getSnapshot()).toEqual([]);
  });

  test("direct: named after the other; sorted by pin, then by time", async () => {
    server.addConversation("d1", { kind: "direct", with: BOB, created: "2026-01-01T00:00:00.000Z" });
    server.addConversation("d2", { kind: "direct", with: CAROL, created: "2026-01-02T00:00:00.000Z" });
    server.addConversation("d3", { kind: "direct", with: CAROL, created: "2025-01-02T00:00:00.000Z", pinned: true });
    const client = await open();
    client.conversations.getSnapshot();
    await clock.advance(100);
    expect(client.conversations.getSnapshot().map((one) => `${one.id} ${one.title}`)).toEqual(["d3 Carol", "d2 Carol", "d1 Bob"]);
    server.say("d1", BOB, "bonjour");
    await settle();
    expect(client.conversations.getSnapshot().map((one) => one.id)).toEqual(["d3", "d1", "d2"]);
    expect(view(client, "d1")).toMatchObject({ unread: 1, mentions: 1 });
    expect(server.ops("people.get")).toHaveLength(1);
  });

  test("snapshots keep their identity until something changes", async () => {
    group();
    server.say(ROOM, BOB, "un");
    const client = await open();
    const before = client.timeline(ROOM).getSnapshot();
    expect(client.timeline(ROOM).getSnapshot()).toBe(before);
    expect(client.conversations.getSnapshot()).toBe(client.conversations.getSnapshot());
    let told = 0;
    client.timeline(ROOM).subscribe(() => (told += 1));
    server.say(ROOM, BOB, "deux");
    await settle();
    const after = client.timeline(ROOM).getSnapshot();
    expect(after).not.toBe(before);
    expect(after.items[2]).toBe(before.items[2]);
    expect(told).toBeGreaterThan(0);
  });
});

describe("writing", () => {
  test("shows at once, keeps its key, and is there once", async () => {
    group();
    const client = await open();
    const sent = await client.send(ROOM, { text: "bonjour", replyTo: null });
    expect(shown(client).at(-1)).toBe("pending bonjour");
    const key = client.timeline(ROOM).getSnapshot().items.at(-1)?.key;
    expect(await sent.done).toMatchObject({ seq: 3 });
    await settle();
    expect(shown(client).at(-1)).toBe("3 bonjour");
    expect(client.timeline(ROOM).getSnapshot().items.at(-1)?.key).toBe(key);
    expect(client.outbox.getSnapshot()).toEqual([]);
    expect(view(client)).toMatchObject({ unread: 0, waiting: 0 });
  });

  test.each(["lose_answer", "lose_request"] as const)("%s: sent again with the same id, there once, in order", async (fate) => {
    group();
    const client = await open();
    let left = 3;
    server.before = (op) => (op === "messages.post" && left-- > 0 ? fate : "answer");
    const all = await Promise.all(["un", "deux", "trois"].map((text) => client.send(ROOM, { text })));
    await clock.advance(60_000);
    expect(server.texts(ROOM)).toEqual(["un", "deux", "trois"]);
    expect((await Promise.all(all.map((one) => one.done))).map((one) => one.seq)).toEqual([3, 4, 5]);
    const ids = (server.ops("messages.post") as { client_id: string }[]).map((post) => post.client_id);
    expect(new Set(ids).size).toBe(3);
    expect(ids.length).toBeGreaterThan(3);
    expect(client.outbox.getSnapshot()).toEqual([]);
    expect(shown(client).slice(2)).toEqual(["3 un", "4 deux", "5 trois"]);
  });

  test("an answer that comes before or after the entry makes no second line", async () => {
    group();
    const client = await open();
    const [socket] = server.sockets;
    if (socket === undefined) throw new Error("no line");
    socket.held = [];
    await client.send(ROOM, { text: "a" });
    await settle();
    const [first, second] = socket.held;
    if (first === undefined || second === undefined) throw new Error("two frames expected");
    expect([first.op, second.op]).toEqual(["entry", "ok"]);
    socket.held = null;
    socket.deliver(second);
    await settle();
    expect(shown(client).slice(2)).toEqual(["sent a"]);
    socket.deliver(first);
    await settle();
    expect(shown(client).slice(2)).toEqual(["3 a"]);
    expect(client.outbox.getSnapshot()).toEqual([]);
  });

  test("the page is closed while it waits: the next one sends it, once", async () => {
    group();
    const client = await open();
    server.before = (op) => (op === "messages.post" ? "lose_answer" : "answer");
    await client.send(ROOM, { text: "avant de fermer" });
    await settle();
    client.stop();
    server.before = () => "answer";
    const again = await open();
    await settle(30);
    expect(server.texts(ROOM)).toEqual(["avant de fermer"]);
    expect(again.outbox.getSnapshot()).toEqual([]);
    expect(shown(again).slice(2)).toEqual(["3 avant de fermer"]);
  });

  test("written one after the other as fast as they go, all are sent in order", async () => {
    group();
    const client = await open();
    const texts = Array.from({ length: 30 }, (_, at) => `m${at}`);
    for (const text of texts) {
      await client.send(ROOM, { text });
      await settle(texts.indexOf(text) % 5);
    }
    await until(() => client.outbox.getSnapshot().length === 0);
    expect(server.texts(ROOM)).toEqual(texts);
  });

  test("two tabs: one sends for both, and takes over when the other goes", async () => {
    group();
    const first = await open();
    const second = await open();
    const sent = await second.send(ROOM, { text: "du second" });
    await settle(30);
    expect(await sent.done).toMatchObject({ seq: 3 });
    expect(server.ops("messages.post")).toHaveLength(1);
    expect(second.outbox.getSnapshot()).toEqual([]);
    first.stop();
    await second.send(ROOM, { text: "seul" });
    await settle(30);
    expect(server.texts(ROOM)).toEqual(["du second", "seul"]);
  });

  test("refused, it says why and waits for the person; what follows goes on", async () => {
    group();
    const client = await open();
    server.before = (op, params) => {
      if (op !== "messages.post") return "answer";
      const text = atob((params as { content: string }).content.replaceAll("-", "+").replaceAll("_", "/"));
      return text.includes("non") ? server.refuse("not_allowed", 403) : "answer";
    };
    const no = await client.send(ROOM, { text: "non" });
    const yes = await client.send(ROOM, { text: "oui" });
    await expect(no.done).rejects.toMatchObject({ code: "not_allowed" });
    await yes.done;
    await settle();
    expect(shown(client).slice(2)).toEqual(["3 oui", "failed non"]);
    expect(view(client)).toMatchObject({ failed: 1, waiting: 0 });
    server.before = () => "answer";
    await client.retry(no.clientId);
    await settle();
    expect(shown(client).slice(2)).toEqual(["3 oui", "4 non"]);
  });

  test("busy: tried again when the server says, not before", async () => {
    group();
    const client = await open();
    let busy = true;
    server.before = (op) => (op === "messages.post" && busy ? server.refuse("too_many", 429, { retry_after_ms: 5_000 }) : "answer");
    const sent = await client.send(ROOM, { text: "x" });
    await clock.advance(4_900);
    expect(server.ops("messages.post")).toHaveLength(1);
    expect(client.outbox.getSnapshot()[0]?.state).toEqual({ status: "pending", attempts: 1 });
    expect(await client.cancel(sent.clientId)).toBe(false);
    busy = false;
    await clock.advance(200);
    expect(server.texts(ROOM)).toEqual(["x"]);
  });

  test("what was never tried can be taken back", async () => {
    group();
    const client = await open();
    server.reachable = false;
    server.cut();
    const sent = await client.send(ROOM, { text: "x" });
    expect(await client.cancel(sent.clientId)).toBe(true);
    await expect(sent.done).rejects.toBeInstanceOf(CancelledError);
    server.reachable = true;
    await clock.advance(60_000);
    expect(server.texts(ROOM)).toEqual([]);
    expect(await client.cancel(sent.clientId)).toBe(false);
  });

  test("revisions, reactions and redactions of one's own show before they are confirmed", async () => {
    group();
    server.say(ROOM, ME, "fote");
    server.say(ROOM, BOB, "hé");
    const client = await open();
    server.reachable = false;
    server.cut();
    await client.revise(ROOM, 3, "faute");
    await client.react(ROOM, 4, "seen", true);
    expect(shown(client).slice(2)).toEqual(["3 faute …", "4 hé …"]);
    const reacted = client.timeline(ROOM).getSnapshot().items[3];
    expect(reacted?.type === "message" && reacted.message.reactions.get("seen")).toEqual([ME]);
    await client.redact(ROOM, 3);
    expect(shown(client)[2]).toBe("3 (redacted) …");
    server.reachable = true;
    await clock.advance(60_000);
    expect(shown(client).slice(2)).toEqual(["3 (redacted)", "4 hé"]);
    expect(client.timeline(ROOM).message(4)?.reactions.get("seen")).toEqual([ME]);
  });

  test("a file and its thumbnail are named as blobs", async () => {
    group();
    const client = await open();
    const file = { blob: "ab".repeat(32), name: "carte.png", size: 3, media_type: "image/png", thumbnail: { blob: "cd".repeat(32), width: 4, height: 3 } };
    await (await client.send(ROOM, { text: "", files: [file, file] })).done;
    await settle();
    expect((server.ops("messages.post")[0] as { blobs: string[] }).blobs).toEqual(["ab".repeat(32), "cd".repeat(32)]);
    const item = client.timeline(ROOM).getSnapshot().items.at(-1);
    expect(item?.type === "message" && item.message.files).toEqual([file, file]);
    expect(client.blobUrl(ROOM, file.blob, "à b.png")).toBe(`/api/v1/conversations/${ROOM}/blobs/${file.blob}?name=%C3%A0%20b.png`);
  });

  test("drafts come back with the page", async () => {
    group();
    const client = await open();
    client.setDraft(ROOM, { text: "à finir", mentions: [BOB], replyTo: 2 });
    expect(view(client)?.hasDraft).toBe(true);
    await settle();
    client.stop();
    const again = await open();
    expect(again.draft(ROOM).getSnapshot()).toEqual({ text: "à finir", mentions: [BOB], replyTo: 2 });
    again.setDraft(ROOM, { text: "", mentions: [], replyTo: null });
    expect(view(again)?.hasDraft).toBe(false);
  });
});

describe("signs", () => {
  test("who writes: seen for six seconds, or until they stop or send", async () => {
    group();
    const client = await open();
    const typing = client.typing(ROOM);
    const write = (account: string, on: boolean) => server.push({ op: "typing", conversation: ROOM, account, typing: on });
    write(BOB, true);
    write(CAROL, true);
    write(ME, true);
    expect(typing.getSnapshot()).toEqual([BOB, CAROL]);
    write(CAROL, false);
    expect(typing.getSnapshot()).toEqual([BOB]);
    await clock.advance(5_000);
    write(BOB, true);
    await clock.advance(5_900);
    expect(typing.getSnapshot()).toEqual([BOB]);
    await clock.advance(200);
    expect(typing.getSnapshot()).toEqual([]);
    write(BOB, true);
    server.say(ROOM, BOB, "voilà");
    await settle();
    expect(typing.getSnapshot()).toEqual([]);
  });

  test("that I write is said every three seconds, and that I stopped once", async () => {
    group();
    const client = await open();
    for (let at = 0; at < 40; at++) {
      client.setTyping(ROOM, true);
      await clock.advance(100);
    }
    client.setTyping(ROOM, false);
    client.setTyping(ROOM, false);
    await settle();
    expect(server.ops("typing.set").map((one) => (one as { typing: boolean }).typing)).toEqual([true, true, false]);
  });

  test("marks: asked when looked at, told after, asked again after a cut", async () => {
    group();
    server.conversations.get(ROOM)?.marks.set(BOB, { account: BOB, delivered: 2, read: 1 });
    server.conversations.get(ROOM)?.marks.set(ME, { account: ME, delivered: 2, read: 2 });
    const client = await open();
    expect(server.ops("marks.get")).toEqual([]);
    const marks = client.marks(ROOM);
    marks.subscribe(() => undefined);
    await settle();
    expect(marks.getSnapshot()).toMatchObject({ deliveredToAll: 2, readByAll: 1 });
    server.push({ op: "marks", conversation: ROOM, marks: [{ account: BOB, delivered: 0, read: 2 }, { account: CAROL, delivered: 1, read: 0 }] });
    await settle();
    expect(marks.getSnapshot()).toMatchObject({ deliveredToAll: 1, readByAll: 0, readBySome: 2 });
    server.cut();
    await clock.advance(1_000);
    expect(server.ops("marks.get")).toHaveLength(2);
  });

  test("presence: those of the welcome, what changes, and offline for all others", async () => {
    server.presence = [{ account: BOB, presence: { availability: "busy", text: "en réunion", until: null } }];
    server.addConversation("d1", { kind: "direct", with: BOB });
    const client = await open();
    client.conversations.getSnapshot();
    await clock.advance(100);
    expect(client.people.get(BOB)?.presence.availability).toBe("busy");
    expect(client.presence(CAROL)?.availability).toBe("offline");
    server.push({ op: "presence", account: BOB, presence: { availability: "away", text: "", until: null } });
    expect(client.people.getSnapshot().get(BOB)?.presence.availability).toBe("away");
    server.push({ op: "presence", account: ME, presence: { availability: "dnd", text: "", until: null } });
    expect(client.session.getSnapshot()).toMatchObject({ me: { person: { presence: { availability: "dnd" } } } });
    server.presence = [];
    server.cut();
    await clock.advance(1_000);
    expect(client.people.getSnapshot().get(BOB)?.presence.availability).toBe("offline");
  });

  test("away after ten minutes without a touch, back with the first", async () => {
    await open();
    await clock.advance(AWAY_MS - 1_000);
    host.events.input();
    await clock.advance(AWAY_MS - 1_000);
    expect(server.ops("presence.active")).toEqual([]);
    await clock.advance(2_000);
    expect(server.ops("presence.active")).toEqual([{ active: false }]);
    server.cut();
    await clock.advance(1_000);
    expect(server.ops("presence.active")).toEqual([{ active: false }, { active: false }]);
    host.events.input();
    await settle();
    expect(server.ops("presence.active").at(-1)).toEqual({ active: true });
  });

  test("a gap in the account's own journal is read", async () => {
    group();
    server.say(ROOM, BOB, "x");
    const client = await open();
    const entry = { seq: 1, time: server.time(), change: "read" as const, conversation: ROOM, read: 3 };
    server.accountEntries.push(entry);
    server.account({ change: "settings" });
    await settle(20);
    expect(view(client)?.readSeq).toBe(3);
    expect(server.ops("account_journal.read")).toEqual([{ after: 0, limit: 200 }]);
  });
});
