import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contiguousEnd, Journal } from "./journal";
import { ApiProblem, NetworkError } from "./problem";
import { problem, settle, SimClock } from "./testing/sim";
import type { Entry, JournalPage } from "./wire";

function entry(seq: number): Entry {
  return { seq, kind: "content", account: null, device: null, client_id: String(seq), time: "", refers_to: null, content: "", epoch: null, blobs: [], leaf: "", salt: "" };
}

/** A journal of a server that can be cut, and what a client made of it. */
class Rig {
  readonly clock = new SimClock();
  last = 0;
  floor = 1;
  live = true;
  /** Answers that break from now on. */
  breaks = 0;
  refusal: ApiProblem | null = null;
  reads = 0;
  tail = 5;
  got: number[] = [];
  resets = 0;
  readonly journal: Journal;

  constructor(window: { lo: number; hi: number } | null = null) {
    this.journal = new Journal(
      {
        clock: this.clock,
        read: (range, limit) => this.read(range, limit),
        tail: () => this.tail,
        live: () => this.live,
        append: (entries) => this.got.push(...entries.map((one) => one.seq)),
        reset: (entries) => {
          this.resets += 1;
          this.got = entries.map((one) => one.seq);
        },
        changed: () => undefined,
      },
      window,
    );
    if (window !== null) this.got = span(window.lo, window.hi);
  }

  async read(range: { after: number } | { before: number }, limit: number): Promise<JournalPage> {
    this.reads += 1;
    await Promise.resolve();
    if (!this.live || this.breaks > 0) {
      this.breaks = Math.max(0, this.breaks - 1);
      throw new NetworkError("cut");
    }
    if (this.refusal !== null) throw this.refusal;
    const all = span(this.floor, this.last).map(entry);
    const entries = "after" in range ? all.filter((one) => one.seq > range.after).slice(0, limit) : all.filter((one) => one.seq < range.before).slice(-limit);
    return { entries, last_seq: this.last };
  }
}

function span(lo: number, hi: number): number[] {
  return Array.from({ length: Math.max(0, hi - lo + 1) }, (_, at) => lo + at);
}

describe("a cursor", () => {
  test("begins with the newest page", async () => {
    const rig = new Rig();
    rig.last = 100;
    rig.journal.onHead(100, 1);
    await settle();
    expect(rig.got).toEqual([96, 97, 98, 99, 100]);
    expect(rig.journal.hasOlder).toBe(true);
  });

  test("of an empty journal takes the first live entry without asking", async () => {
    const rig = new Rig();
    rig.journal.onHead(0, 1);
    rig.last = 1;
    rig.journal.onLive(entry(1));
    await settle();
    expect(rig.got).toEqual([1]);
    expect(rig.reads).toBe(0);
    expect(rig.journal.hasOlder).toBe(false);
  });

  test("fetches what a gap hides, and takes each once", async () => {
    const rig = new Rig({ lo: 1, hi: 3 });
    rig.last = 6;
    rig.journal.onLive(entry(6));
    rig.journal.onLive(entry(6));
    rig.journal.onLive(entry(2));
    await settle();
    expect(rig.got).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("far behind, begins anew at the end", async () => {
    const rig = new Rig({ lo: 1, hi: 3 });
    rig.last = 50_000;
    rig.journal.onHead(50_000, 1);
    await settle();
    expect(rig.resets).toBe(1);
    expect(rig.got).toEqual(span(49_996, 50_000));
    expect(rig.reads).toBe(1);
  });

  test("removed and added again: begins at what may be read now", async () => {
    const rig = new Rig({ lo: 1, hi: 3 });
    rig.last = 20;
    rig.floor = 18;
    rig.journal.onHead(20, 18);
    await settle();
    expect(rig.got).toEqual([18, 19, 20]);
    expect(rig.journal.hasOlder).toBe(false);
  });

  test("goes on after a fault of the server, when it says so", async () => {
    const rig = new Rig({ lo: 1, hi: 3 });
    rig.last = 5;
    rig.refusal = new ApiProblem(problem("busy", 503, { retry_after_ms: 700 }));
    rig.journal.onHead(5, 1);
    await settle();
    expect(rig.got).toEqual([1, 2, 3]);
    rig.refusal = null;
    await rig.clock.advance(699);
    expect(rig.got).toEqual([1, 2, 3]);
    await rig.clock.advance(1);
    expect(rig.got).toEqual([1, 2, 3, 4, 5]);
  });

  test("does not ask for ever when refused", async () => {
    const rig = new Rig({ lo: 1, hi: 3 });
    rig.last = 5;
    rig.refusal = new ApiProblem(problem("not_a_member", 403));
    rig.journal.onHead(5, 1);
    await rig.clock.advance(60_000);
    expect(rig.reads).toBe(1);
  });

  test("whatever the cuts, losses, repeats and order: no gap and no duplicate", async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("post" as const), count: fc.integer({ min: 1, max: 30 }), keep: fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }), shuffle: fc.boolean(), repeat: fc.boolean() }),
      fc.record({ do: fc.constant("cut" as const) }),
      fc.record({ do: fc.constant("join" as const) }),
      fc.record({ do: fc.constant("break" as const), count: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ do: fc.constant("rest" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(step, { maxLength: 40 }), async (kept, steps) => {
        const rig = new Rig(kept ? { lo: 1, hi: 2 } : null);
        rig.last = kept ? 2 : 0;
        rig.tail = 7;
        rig.journal.onHead(rig.last, 1);
        for (const one of steps) {
          if (one.do === "cut") rig.live = false;
          else if (one.do === "break") rig.breaks = one.count;
          else if (one.do === "rest") await settle(2);
          else if (one.do === "join") {
            rig.live = true;
            rig.journal.onHead(rig.last, 1);
          } else {
            const posted = span(rig.last + 1, rig.last + one.count);
            rig.last += one.count;
            if (!rig.live) continue;
            let heard = posted.filter((_, at) => one.keep[at] === true);
            if (one.repeat) heard = [...heard, ...heard];
            if (one.shuffle) heard.reverse();
            for (const seq of heard) rig.journal.onLive(entry(seq));
          }
        }
        rig.live = true;
        rig.breaks = 0;
        await settle(2);
        rig.journal.onHead(rig.last, 1);
        await settle(20);
        const { window } = rig.journal;
        expect(window?.hi ?? 0).toBe(rig.last);
        expect(rig.got).toEqual(span(window?.lo ?? 1, rig.last));
      }),
      { numRuns: 200 },
    );
  }, 60_000);
});

test("the run without gap at the end of a page", () => {
  expect(contiguousEnd([1, 2, 5, 6].map(entry)).map((one) => one.seq)).toEqual([5, 6]);
  expect(contiguousEnd([])).toEqual([]);
});
