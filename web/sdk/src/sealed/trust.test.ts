import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { toBase64Url } from "../bytes";
import { NetworkError } from "../problem";
import { SimParty, SimSealed } from "../testing/groups";
import { BOB, CAROL, ME, SimClock, settle } from "../testing/sim";

let clock: SimClock;
let sim: SimSealed;
let all: SimParty[];

const party = (account: string, device: string) => {
  const made = new SimParty(sim, account, device);
  all.push(made);
  return made;
};
const leaves = () => (sim.group?.roster ?? []).map((seat) => seat.device).sort();

beforeEach(() => {
  clock = new SimClock();
  sim = new SimSealed(clock);
  all = [];
});
afterEach(() => {
  for (const one of all) one.close();
});

/** Alice, in a group that `owner` started, with Bob. */
async function pair(owner = ME): Promise<{ alice: SimParty; bob: SimParty }> {
  sim.join(ME, owner === ME ? "owner" : "member");
  sim.join(BOB, owner === BOB ? "owner" : "member");
  const [alice, bob] = [party(ME, "a1"), party(BOB, "b1")];
  const [first, second] = owner === ME ? [alice, bob] : [bob, alice];
  await second.open();
  await (await first.open()).start(sim.conversation);
  await settle(30);
  return { alice, bob };
}

describe("whose it is", () => {
  test("an entry of one device under another's name is not kept, and raises the alarm", async () => {
    const { alice, bob } = await pair();
    sim.join(CAROL, "member");
    const { bytes, epoch } = await bob.engine!.seal(sim.conversation, "spoofed", new TextEncoder().encode('"de Carole"'), null, []);
    sim.append("content", { account: CAROL, device: "b1" }, toBase64Url(bytes), { epoch, clientId: "spoofed" });
    await settle(30);
    expect(await alice.reads()).toEqual([]);
    expect(alice.engine?.record(sim.conversation)?.alarm).toBe("sender");
    // So at the device that wrote it.
    expect(await bob.reads()).toEqual([]);
    expect(bob.engine?.record(sim.conversation)?.alarm).toBe("sender");
    await expect(alice.write("ensuite")).rejects.toMatchObject({ code: "sealed_alarm" });
  });

  test("an entry under the name of another device than signed it is not kept", async () => {
    const { alice, bob } = await pair();
    sim.devices.set("c1", { account: CAROL, live: true, packages: false });
    const { bytes, epoch } = await bob.engine!.seal(sim.conversation, "spoofed", new TextEncoder().encode('"de Carole"'), null, []);
    let kept: readonly string[] = [];
    const { write } = alice.disk;
    alice.disk.write = (beside) => {
      kept = [...kept, ...Object.keys(beside).filter((key) => key.startsWith("opened/") && beside[key] !== null)];
      return write.call(alice.disk, beside);
    };
    sim.append("content", { account: CAROL, device: "c1" }, toBase64Url(bytes), { epoch, clientId: "spoofed" });
    await settle(30);
    // Not for a moment.
    expect(kept).toEqual([]);
    expect(alice.engine?.record(sim.conversation)?.alarm).toBe("sender");
  });
});

describe("who may hear", () => {
  const contents = () => sim.entries.filter((entry) => entry.kind === "content");

  test("while a revoked device is in the group nothing is sealed, and it goes on once somebody took it out", async () => {
    sim.devices.set("b2", { account: BOB, live: true, packages: true });
    const { alice, bob } = await pair(BOB);
    expect(leaves()).toEqual(["a1", "b1", "b2"]);
    sim.devices.set("b2", { account: BOB, live: false, packages: false });
    // An ordinary member takes out no other's device.
    await expect(alice.write("secret")).rejects.toBeInstanceOf(NetworkError);
    expect(contents()).toEqual([]);
    bob.engine?.keysChanged();
    await clock.advance(6_000);
    expect(leaves()).toEqual(["a1", "b1"]);
    await alice.write("secret");
    await settle(30);
    expect(await bob.reads()).toEqual(["secret"]);
  });

  test("a refused removal is not forgotten: what is written waits until it is done", async () => {
    sim.devices.set("b2", { account: BOB, live: true, packages: true });
    const { alice } = await pair();
    sim.devices.set("b2", { account: BOB, live: false, packages: false });
    sim.refuseCommit = "group_rate";
    await expect(alice.write("secret")).rejects.toMatchObject({ code: "group_rate" });
    await expect(alice.write("secret")).rejects.toBeInstanceOf(NetworkError);
    expect(contents()).toEqual([]);
    await clock.advance(40_000);
    expect(leaves()).toEqual(["a1", "b1"]);
    await alice.write("secret");
  });

  test("nothing is sealed to a device that the key log does not know, or knows as another's", async () => {
    const { alice } = await pair();
    sim.devices.delete("b1");
    await expect(alice.write("secret")).rejects.toBeInstanceOf(NetworkError);
    sim.devices.set("b1", { account: CAROL, live: true, packages: true });
    await expect(alice.write("secret")).rejects.toBeInstanceOf(NetworkError);
    sim.devices.set("b1", { account: BOB, live: true, packages: true });
    await alice.write("pour Bob");
    expect(contents()).toHaveLength(1);
  });

  test("devices of somebody whose identity key changed are let in after it is accepted, not before", async () => {
    const { alice } = await pair();
    alice.doubted.add(BOB);
    sim.devices.set("b2", { account: BOB, live: true, packages: true });
    await expect(alice.write("à qui ?")).rejects.toMatchObject({ code: "sealed_changed_key" });
    expect(leaves()).toEqual(["a1", "b1"]);
    alice.doubted.clear();
    await alice.write("à toi");
    expect(leaves()).toEqual(["a1", "b1", "b2"]);
  });
});

describe("a Welcome", () => {
  const welcome = (seq: number, bytes: Uint8Array) => sim.welcomes.set("b1", [{ conversation: sim.conversation, seq, welcome: toBase64Url(bytes) }]);
  const other = () => {
    const roster = [{ account: BOB, device: "b1" }, { account: ME, device: "a1" }];
    return new TextEncoder().encode(JSON.stringify({ group: "b3RoZXJvdGhlcm90aGVybw", epoch: 1, ref: "cmVm", roster }));
  };

  test.each(["garbage", "another group"])("with a larger number does not take a device out of the group it is in: %s", async (what) => {
    const { alice, bob } = await pair();
    const before = bob.engine?.record(sim.conversation);
    welcome(sim.entries.length + 50, what === "garbage" ? new TextEncoder().encode("{") : other());
    await bob.engine?.welcomes();
    expect(bob.engine?.record(sim.conversation)).toMatchObject({ group: before?.group, from: before?.from, state: "in" });
    expect(sim.welcomes.get("b1")).toEqual([]);
    await alice.write("toujours là");
    await settle(30);
    expect(await bob.reads()).toEqual(["toujours là"]);
  });

  test("lets in anew who was taken out, and no alarm is forgotten over it", async () => {
    const { alice, bob } = await pair();
    await bob.write("avant");
    sim.append("content", { account: CAROL, device: "a1" }, toBase64Url(new TextEncoder().encode(JSON.stringify({ type: "content", from: "a1", ref: sim.group?.ref, id: "x", body: "" }))), { epoch: sim.group?.ref ?? "" });
    await settle(30);
    expect(bob.engine?.record(sim.conversation)?.alarm).toBe("sender");
    sim.leave(BOB);
    // Alice's device saw the same and does nothing any more; the group goes on without it here.
    const own = alice.engine?.record(sim.conversation);
    expect(own?.alarm).toBe("sender");
    const group = sim.group!;
    const roster = group.roster.filter((seat) => seat.device !== "b1");
    const commit = { type: "commit", group: group.name, from: "a1", epoch: group.epoch, ref: group.ref, next: "bmV4dA", roster };
    sim.append("commit", { account: ME, device: "a1" }, toBase64Url(new TextEncoder().encode(JSON.stringify(commit))), { epoch: "bmV4dA" });
    bob.live();
    await settle(30);
    expect(bob.engine?.record(sim.conversation)?.state).toBe("out");
    // Garbage leaves everything as it is, and stays until the removal is final.
    welcome(sim.entries.length, new TextEncoder().encode("{\"group\":\"" + group.name + "\"}"));
    await bob.engine?.welcomes();
    expect(bob.engine?.record(sim.conversation)).toMatchObject({ state: "out", group: group.name });
    expect(sim.welcomes.get("b1")).toHaveLength(1);
    sim.join(BOB, "member");
    welcome(sim.entries.length, other());
    await bob.engine?.welcomes();
    await settle(30);
    expect(bob.engine?.record(sim.conversation)).toMatchObject({ state: "in", group: "b3RoZXJvdGhlcm90aGVybw", alarm: "sender" });
    expect(Object.keys(JSON.parse(bob.disk.groups) as object)).toEqual(["b3RoZXJvdGhlcm90aGVybw"]);
  });
});
