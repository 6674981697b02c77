import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SimParty, SimSealed } from "../testing/groups";
import { BOB, CAROL, ME, SimClock, settle } from "../testing/sim";

let clock: SimClock;
let sim: SimSealed;
let all: SimParty[];

const party = (account: string, device: string, former?: SimParty) => {
  const made = new SimParty(sim, account, device, former?.disk);
  all.push(made);
  return made;
};
const leaves = () => (sim.group?.roster ?? []).map((seat) => seat.device).sort();
const kinds = () => sim.entries.map((entry) => entry.kind);

beforeEach(() => {
  clock = new SimClock();
  sim = new SimSealed(clock);
  all = [];
});
afterEach(() => {
  for (const one of all) {
    one.close();
    expect(one.faults).toEqual([]);
  }
});

/** Alice starts the group with Bob in it. */
async function pair(): Promise<{ alice: SimParty; bob: SimParty }> {
  sim.join(ME, "owner");
  sim.join(BOB, "member");
  const [alice, bob] = [party(ME, "a1"), party(BOB, "b1")];
  await bob.open();
  const engine = await alice.open();
  await engine.start(sim.conversation);
  await settle(30);
  return { alice, bob };
}

describe("a group", () => {
  test("is started with everybody's devices before anything is said, and read by all", async () => {
    sim.devices.set("a2", { account: ME, live: true, packages: true });
    const { alice, bob } = await pair();
    expect(leaves()).toEqual(["a1", "a2", "b1"]);
    await alice.write("bonjour");
    await bob.write("salut");
    await settle(30);
    expect(await bob.reads()).toEqual(["bonjour", "salut"]);
    expect(await alice.reads()).toEqual(["bonjour", "salut"]);
    // The second device finds the Welcome when it comes, and what was written since.
    const second = party(ME, "a2");
    await second.open();
    await settle(30);
    expect(await second.reads()).toEqual(["bonjour", "salut"]);
    expect(kinds().filter((kind) => kind === "commit")).toHaveLength(1);
  });

  test("lets in a device that came later, by whoever is there, and says that it knows no title", async () => {
    const { alice, bob } = await pair();
    await alice.write("avant");
    sim.devices.set("b2", { account: BOB, live: true, packages: true });
    const second = party(BOB, "b2");
    await second.open();
    bob.engine?.keysChanged();
    await clock.advance(6_000);
    expect(leaves()).toEqual(["a1", "b1", "b2"]);
    await alice.write("après");
    await settle(30);
    expect(await second.reads()).toEqual(["après"]);
    expect(alice.joined.at(-1)?.mine).toBe(false);
    expect(bob.joined.at(-1)?.mine).toBe(true);
  });

  test("two that add the same device at once: one commit counts, the other is taken back, nobody is stuck", async () => {
    const { alice, bob } = await pair();
    sim.devices.set("a2", { account: ME, live: true, packages: true });
    await Promise.all([alice.engine?.settle(sim.conversation), bob.engine?.settle(sim.conversation)]);
    await settle(60);
    expect(leaves()).toEqual(["a1", "a2", "b1"]);
    await Promise.all([alice.write("un"), bob.write("deux")]);
    await settle(30);
    expect((await alice.reads()).sort()).toEqual(["deux", "un"]);
    expect((await bob.reads()).sort()).toEqual(["deux", "un"]);
  });

  test("who leaves is taken out before anything more is written", async () => {
    sim.join(ME, "owner");
    sim.join(BOB, "member");
    sim.join(CAROL, "member");
    const [alice, bob, carol] = [party(ME, "a1"), party(BOB, "b1"), party(CAROL, "c1")];
    for (const one of [bob, carol]) await one.open();
    await (await alice.open()).start(sim.conversation);
    await settle(40);
    expect(leaves()).toEqual(["a1", "b1", "c1"]);
    sim.leave(CAROL);
    await bob.write("entre nous");
    await settle(40);
    expect(leaves()).toEqual(["a1", "b1"]);
    expect(await alice.reads()).toEqual(["entre nous"]);
    expect(await carol.reads()).toEqual([]);
  });

  test("a device without a key package is left out until it has one", async () => {
    sim.devices.set("b1", { account: BOB, live: true, packages: false });
    const { alice, bob } = await pair();
    expect(leaves()).toEqual(["a1"]);
    await alice.write("seule");
    sim.devices.set("b1", { account: BOB, live: true, packages: true });
    await clock.advance(40_000);
    alice.engine?.keysChanged();
    await clock.advance(5_000);
    expect(leaves()).toEqual(["a1", "b1"]);
    await alice.write("ensemble");
    await settle(30);
    expect(await bob.reads()).toEqual(["ensemble"]);
  });
});

describe("writing", () => {
  test.each(["epoch_day", "epoch_full"])("%s: the keys are renewed and the message goes, without a question", async (code) => {
    const { alice, bob } = await pair();
    const before = sim.group?.epoch ?? 0;
    sim.refuseNext = code;
    await alice.write("minuit");
    await settle(30);
    expect(sim.group?.epoch).toBe(before + 1);
    expect(await bob.reads()).toEqual(["minuit"]);
  });

  test("a commit between sealing and posting: read on, seal again, once in the journal", async () => {
    const { alice, bob } = await pair();
    let first = true;
    alice.fate = (op) => {
      if (op === "post" && first) {
        first = false;
        // In this very moment Bob renews the keys.
        void bob.engine?.refused(sim.conversation, sim.problem("epoch_day"));
      }
      return "answer";
    };
    await alice.write("croisé");
    await settle(60);
    expect(await bob.reads()).toEqual(["croisé"]);
    expect(sim.entries.filter((entry) => entry.kind === "content")).toHaveLength(1);
  });

  test("an answer that is lost: the very same bytes go again", async () => {
    const { alice, bob } = await pair();
    let lost = 0;
    alice.fate = (op) => {
      if (op !== "post" || lost++ > 0) return "answer";
      // The line is dead for what comes of it, too.
      alice.online = false;
      return "lose_answer";
    };
    await expect(alice.write("une fois")).rejects.toThrow();
    alice.online = true;
    await alice.write("une fois");
    await settle(30);
    expect(sim.posted).toHaveLength(2);
    expect(sim.posted[1]).toBe(sim.posted[0]);
    expect(await bob.reads()).toEqual(["une fois"]);
  });

  test("nothing is sealed to somebody whose identity key changed until that is accepted", async () => {
    const { alice } = await pair();
    alice.doubted.add(BOB);
    await expect(alice.write("à qui ?")).rejects.toMatchObject({ code: "sealed_changed_key" });
    alice.doubted.clear();
    await alice.write("à toi");
  });
});

describe("finality", () => {
  test("a commit is said to be merged by a device of another account, and then cannot be gone back from", async () => {
    const { alice, bob } = await pair();
    sim.devices.set("a2", { account: ME, live: true, packages: true });
    await alice.engine?.settle(sim.conversation);
    await clock.advance(1_000);
    expect(sim.statements.map(({ verdict, device }) => `${verdict} ${device}`)).toEqual(["merged b1"]);
    expect(alice.engine?.record(sim.conversation)?.epochs).toHaveLength(1);
    expect(bob.engine?.record(sim.conversation)?.epochs).toHaveLength(1);
  });

  test("a dropped chain: back to the last final epoch, and what was written in it is written again", async () => {
    const { alice, bob } = await pair();
    sim.settles = false;
    await alice.engine?.refused(sim.conversation, sim.problem("epoch_day"));
    await alice.write("perdu ?");
    await settle(30);
    expect(await bob.reads()).toEqual(["perdu ?"]);
    sim.drop();
    await settle(60);
    await alice.write("ensuite");
    await settle(60);
    for (const one of [alice, bob]) expect((await one.reads()).sort()).toEqual(["ensuite", "perdu ?"]);
  });

  test("who cannot follow a commit says so, and follows again when it is dropped", async () => {
    const { alice, bob } = await pair();
    sim.settles = false;
    const { receive } = bob.device;
    bob.device.receive = (name, messages, beliefs, beside) => {
      for (const { message } of messages) {
        const { type, next } = JSON.parse(new TextDecoder().decode(message)) as { type: string; next: string };
        if (type === "commit") bob.device.cannot.add(next);
      }
      return receive.call(bob.device, name, messages, beliefs, beside);
    };
    await alice.engine?.refused(sim.conversation, sim.problem("epoch_day"));
    await alice.write("illisible");
    await settle(40);
    expect(sim.statements.map(({ verdict }) => verdict)).toEqual(["refused"]);
    expect(await bob.reads()).toEqual([]);
    sim.drop();
    await settle(60);
    expect(await bob.reads()).toEqual(["illisible"]);
  });
});

describe("whatever breaks", () => {
  test("the tab is closed at every request while a device is let in: the next one ends what was begun", async () => {
    for (let at = 0; at < 12; at++) {
      clock = new SimClock();
      sim = new SimSealed(clock);
      const { alice, bob } = await pair();
      await alice.write("avant");
      sim.devices.set("a2", { account: ME, live: true, packages: true });
      let count = 0;
      alice.fate = () => {
        if (count++ < at) return "answer";
        alice.online = false;
        return at % 2 === 0 ? "lose_answer" : "lose_request";
      };
      await alice.engine?.settle(sim.conversation).catch(() => undefined);
      alice.close();
      const again = party(ME, "a1", alice);
      await again.open();
      await settle(60);
      await clock.advance(40_000);
      await again.write("après");
      await bob.write("oui");
      await settle(60);
      expect(leaves()).toEqual(["a1", "a2", "b1"]);
      expect(await again.reads()).toEqual(["avant", "après", "oui"]);
      expect(await bob.reads()).toEqual(["avant", "après", "oui"]);
    }
  });

  test("a commit that never arrived gives way to another's, and what it was for is done after it", async () => {
    const { alice, bob } = await pair();
    sim.devices.set("a2", { account: ME, live: true, packages: true });
    alice.fate = (op) => {
      if (op !== "commit") return "answer";
      alice.online = false;
      return "lose_request";
    };
    await alice.engine?.settle(sim.conversation).catch(() => undefined);
    sim.devices.set("b2", { account: BOB, live: true, packages: true });
    sim.devices.set("a2", { account: ME, live: true, packages: false });
    await bob.engine?.settle(sim.conversation);
    expect(leaves()).toEqual(["a1", "b1", "b2"]);
    sim.devices.set("a2", { account: ME, live: true, packages: true });
    alice.fate = () => "answer";
    alice.online = true;
    alice.live();
    await settle(40);
    await clock.advance(40_000);
    await alice.write("après tout");
    await settle(40);
    expect(leaves()).toEqual(["a1", "a2", "b1", "b2"]);
    expect(await bob.reads()).toEqual(["après tout"]);
  });

  test("far behind: everything is opened in order", async () => {
    const { alice, bob } = await pair();
    bob.online = false;
    for (let at = 0; at < 300; at++) await alice.write(`m${at}`);
    bob.online = true;
    bob.live();
    await settle(200);
    expect(await bob.reads()).toHaveLength(300);
  });
});
