// The cursor of one conversation: whatever arrives, twice, late, out of order or not at all, what goes on from here is the journal
// without gap and without duplicate. What is held is always one window, `lo` to `hi`.

import type { Clock } from "./host";
import { ApiProblem } from "./problem";
import type { Window } from "./store";
import type { Entry, JournalPage } from "./wire";

const PAGE = 200;
/** Further behind than this, the window begins anew at the end instead of being filled up. */
const FAR = 2_000;
/** Live entries held while what comes before them is fetched. */
const AHEAD = 1_000;
const FAULT_MS = 2_000;

export interface JournalPorts {
  readonly clock: Clock;
  /** Reads a page; rejects with ApiProblem or NetworkError. */
  read(range: { after: number } | { before: number }, limit: number): Promise<JournalPage>;
  /** How many entries the first page should have. */
  tail(): number;
  live(): boolean;
  /** Entries after all before, in order. */
  append(entries: readonly Entry[]): void;
  /** The window begins anew with these. */
  reset(entries: readonly Entry[]): void;
  changed(): void;
}

export class Journal {
  readonly #ports: JournalPorts;
  #window: Window | null;
  #head = 0;
  #floor = 1;
  #asked = false;
  #pulling = false;
  readonly #ahead = new Map<number, Entry>();

  constructor(ports: JournalPorts, window: Window | null) {
    this.#ports = ports;
    this.#window = window;
    if (window !== null) this.#head = window.hi;
  }

  get window(): Window | null {
    return this.#window;
  }
  get hi(): number {
    return this.#window?.hi ?? 0;
  }
  get head(): number {
    return this.#head;
  }
  get hasOlder(): boolean {
    return this.#window !== null && this.#window.lo > this.#floor;
  }
  /** Nothing that the server is known to have is missing at the end. */
  get caughtUp(): boolean {
    return this.#window !== null && this.#window.hi >= this.#head;
  }

  /** The server's last number, and the first that may be read. */
  onHead(head: number, floor: number): void {
    this.#head = Math.max(this.#head, head);
    this.#floor = Math.max(1, floor);
    if (this.#window === null && this.#head < this.#floor) this.#window = { lo: this.#floor, hi: this.#floor - 1 };
    void this.#pull();
  }

  onLive(entry: Entry): void {
    this.#head = Math.max(this.#head, entry.seq);
    this.#take([entry]);
    void this.#pull();
  }

  /** The window's lower end moved: older entries were put before it. */
  extendDown(lo: number): void {
    if (this.#window !== null) this.#window = { lo: Math.min(lo, this.#window.lo), hi: this.#window.hi };
  }

  /** The server gives nothing below the window. */
  noOlder(): void {
    if (this.#window !== null) this.#floor = this.#window.lo;
  }

  /** The lower part of the window is let go. */
  trim(lo: number): void {
    if (this.#window !== null && lo > this.#window.lo && lo <= this.#window.hi) this.#window = { lo, hi: this.#window.hi };
  }

  #take(entries: readonly Entry[]): void {
    if (this.#window === null) {
      for (const entry of entries) this.#ahead.set(entry.seq, entry);
      this.#bound();
      return;
    }
    let { hi } = this.#window;
    for (const entry of entries) if (entry.seq > hi) this.#ahead.set(entry.seq, entry);
    const next: Entry[] = [];
    for (let entry = this.#ahead.get(hi + 1); entry !== undefined; entry = this.#ahead.get(hi + 1)) {
      this.#ahead.delete(entry.seq);
      next.push(entry);
      hi = entry.seq;
    }
    this.#bound();
    if (next.length === 0) return;
    this.#window = { lo: this.#window.lo, hi };
    this.#ports.append(next);
  }

  #bound(): void {
    // They are in the journal and will be read from there.
    if (this.#ahead.size > AHEAD) this.#ahead.clear();
  }

  async #pull(): Promise<void> {
    this.#asked = true;
    if (this.#pulling) return;
    this.#pulling = true;
    try {
      while (this.#asked) {
        this.#asked = false;
        await this.#fill();
      }
    } catch (error) {
      const wait = error instanceof ApiProblem && error.transient ? (error.retryAfterMs ?? FAULT_MS) : null;
      if (wait !== null) this.#ports.clock.after(wait, () => void this.#pull());
    } finally {
      this.#pulling = false;
      this.#ports.changed();
    }
  }

  async #fill(): Promise<void> {
    while (this.#ports.live() && !this.caughtUp) {
      const window = this.#window;
      if (window === null || this.#head - window.hi > FAR) {
        await this.#fromTail();
        if (this.#window === null) return;
        continue;
      }
      const page = await this.#ports.read({ after: window.hi }, PAGE);
      this.#head = Math.max(this.#head, page.last_seq);
      this.#take(page.entries);
      if (this.hi > window.hi) continue;
      const first = page.entries[0];
      // What follows our end is not readable any more (removed and added again): begin anew at the end.
      if (first !== undefined && first.seq > window.hi + 1) await this.#fromTail();
      return;
    }
  }

  async #fromTail(): Promise<void> {
    const page = await this.#ports.read({ before: this.#head + 1 }, Math.min(PAGE, Math.max(1, this.#ports.tail())));
    this.#head = Math.max(this.#head, page.last_seq);
    const run = contiguousEnd(page.entries);
    const [first, last] = [run[0], run.at(-1)];
    if (first === undefined || last === undefined || last.seq <= this.hi) return;
    this.#window = { lo: first.seq, hi: last.seq };
    for (const seq of [...this.#ahead.keys()]) if (seq <= last.seq) this.#ahead.delete(seq);
    this.#ports.reset(run);
    this.#take([]);
  }
}

/** The longest run without gap at the end of a page. */
export function contiguousEnd(entries: readonly Entry[]): readonly Entry[] {
  let at = entries.length - 1;
  while (at > 0 && (entries[at]?.seq ?? 0) === (entries[at - 1]?.seq ?? 0) + 1) at -= 1;
  return entries.slice(Math.max(at, 0));
}
