import { describe, expect, test } from "vitest";
import { Feed, retryDelay, type Push } from "./feed";
import { ApiProblem, NetworkError } from "./problem";
import type { ConnectionState } from "./public";
import { ME, ROOM, simHost, settle, SimClock, SimServer } from "./testing/sim";
import type { Welcome } from "./wire";

function rig() {
  const clock = new SimClock();
  const server = new SimServer(clock);
  server.addConversation();
  const told = { welcomes: [] as Welcome[], pushes: [] as Push[], ended: 0, signedIn: true };
  const feed = new Feed(simHost(clock, server), {
    accountSeq: () => 42,
    welcome: (welcome) => told.welcomes.push(welcome),
    push: (frame) => told.pushes.push(frame),
    signedIn: async () => told.signedIn,
    signedOut: () => void (told.ended += 1),
  });
  const states: ConnectionState["status"][] = [];
  feed.state.subscribe(() => states.push(feed.state.value.status));
  return { clock, server, feed, told, states };
}

describe("the line", () => {
  test("says where it stands, then takes answers to their questions", async () => {
    const { server, feed, told, states } = rig();
    feed.start();
    await settle();
    expect(states).toEqual(["connecting", "live"]);
    expect(server.ops("hello")).toEqual([{ account_seq: 42 }]);
    expect(told.welcomes).toHaveLength(1);
    const [me, refused] = await Promise.all([
      feed.request("me.get", {}),
      feed.request("conversations.get", { conversation: "nowhere" }).catch((error: unknown) => error),
    ]);
    expect(me.person.account).toBe(ME);
    expect(refused).toBeInstanceOf(ApiProblem);
    expect((refused as ApiProblem).code).toBe("not_a_member");
  });

  test("what follows the welcome in the same breath is not lost", async () => {
    const { server, feed, told } = rig();
    server.before = (op) => {
      if (op === "hello") queueMicrotask(() => server.say(ROOM, ME, "at once"));
      return "answer";
    };
    feed.start();
    await settle();
    expect(told.pushes.map((frame) => frame.op)).toEqual(["entry"]);
  });

  test("comes back with growing pauses and says until when", async () => {
    const { clock, server, feed, states } = rig();
    feed.start();
    await settle();
    server.reachable = false;
    const asked = feed.request("me.get", {}).catch((error: unknown) => error);
    server.before = () => "lose_request";
    expect(await asked).toBeInstanceOf(NetworkError);
    const pauses: number[] = [];
    for (let at = 0; at < 8; at++) {
      const state = feed.state.value;
      if (state.status !== "offline" || state.retryAt === null) throw new Error(`is ${state.status}`);
      pauses.push(state.retryAt - clock.now());
      await clock.advance(state.retryAt - clock.now());
    }
    expect(pauses).toEqual([375, 750, 1500, 3000, 6000, 12000, 22500, 22500]);
    expect(states.filter((state) => state === "connecting").length).toBe(9);
    server.reachable = true;
    server.before = () => "answer";
    await clock.advance(30_000);
    expect(feed.state.value.status).toBe("live");
  });

  test("tries at once when the network is back", async () => {
    const { clock, server, feed } = rig();
    server.reachable = false;
    feed.start();
    await clock.advance(20_000);
    expect(feed.state.value.status).toBe("offline");
    server.reachable = true;
    feed.retryNow();
    await settle();
    expect(feed.state.value.status).toBe("live");
  });

  test("finds out that it is dead though nobody said so", async () => {
    const { clock, server, feed } = rig();
    feed.start();
    await settle();
    for (const socket of server.sockets) socket.held = [];
    await clock.advance(30_000);
    expect(server.ops("ping")).toHaveLength(1);
    expect(feed.state.value.status).toBe("live");
    await clock.advance(10_000);
    expect(feed.state.value.status).toBe("offline");
  });

  test("stays when it is silent but answers", async () => {
    const { clock, server, feed, states } = rig();
    feed.start();
    await clock.advance(5 * 60_000);
    expect(server.ops("ping").length).toBeGreaterThanOrEqual(9);
    expect(states).toEqual(["connecting", "live"]);
  });

  test("a question without answer ends after its time; given up ends at once", async () => {
    const { clock, server, feed } = rig();
    feed.start();
    await settle();
    for (const socket of server.sockets) socket.held = [];
    const slow = feed.request("me.get", {}).catch((error: unknown) => error as NetworkError);
    const abort = new AbortController();
    const given = feed.request("me.get", {}, { signal: abort.signal }).catch((error: unknown) => error as Error);
    abort.abort();
    expect(((await given) as Error).name).toBe("AbortError");
    await clock.advance(20_000);
    expect((await slow) as NetworkError).toMatchObject({ name: "NetworkError", timeout: true });
  });

  test("the server ends the session: no more tries", async () => {
    const { clock, server, feed, told } = rig();
    feed.start();
    await settle();
    server.cut(4003);
    expect(feed.state.value.status).toBe("signed_out");
    expect(told.ended).toBe(1);
    await clock.advance(120_000);
    expect(server.ops("hello")).toHaveLength(1);
  });

  test("an upgrade refused for want of a session is found out by asking", async () => {
    const { clock, server, feed, told } = rig();
    server.session = false;
    told.signedIn = false;
    feed.start();
    await clock.advance(60_000);
    expect(feed.state.value.status).toBe("signed_out");
    expect(told.ended).toBe(1);
  });

  test("closed for being slow, it comes back soon", async () => {
    const { clock, server, feed, told } = rig();
    feed.start();
    await clock.advance(20_000);
    server.cut(4001);
    await clock.advance(500);
    expect(feed.state.value.status).toBe("live");
    expect(told.welcomes).toHaveLength(2);
  });
});

test("pauses have jitter and a bound", () => {
  expect(retryDelay(0, 0)).toBe(250);
  expect(retryDelay(0, 1)).toBe(500);
  expect(retryDelay(1_000, 1)).toBe(30_000);
});
