// Small things said now and then, each with its own pace: delivered and read marks, typing, being there.

import type { Clock, Timer } from "./host";
import type { AccountId, ConversationId, MarksView } from "./public";
import { Derived } from "./readable";
import type { Mark } from "./wire";

/** Sends the newest number per conversation, at most once in `paceMs`; numbers only grow. */
export class Latest {
  readonly #clock: Clock;
  readonly #paceMs: number;
  readonly #send: (id: ConversationId, seq: number) => Promise<unknown>;
  readonly #state = new Map<ConversationId, { wanted: number; sent: number; timer: Timer; busy: boolean }>();

  constructor(clock: Clock, paceMs: number, send: (id: ConversationId, seq: number) => Promise<unknown>) {
    this.#clock = clock;
    this.#paceMs = paceMs;
    this.#send = send;
  }

  say(id: ConversationId, seq: number): void {
    const state = this.#state.get(id) ?? { wanted: 0, sent: 0, timer: null, busy: false };
    this.#state.set(id, state);
    if (seq <= state.wanted && state.wanted <= state.sent) return;
    state.wanted = Math.max(state.wanted, seq);
    if (state.wanted > state.sent && !state.busy) void this.#flush(id, state);
  }

  /** Says again what did not get through. */
  again(): void {
    for (const [id, state] of this.#state) if (state.wanted > state.sent && !state.busy) void this.#flush(id, state);
  }

  drop(id: ConversationId): void {
    this.#clock.cancel(this.#state.get(id)?.timer);
    this.#state.delete(id);
  }

  async #flush(id: ConversationId, state: { wanted: number; sent: number; timer: Timer; busy: boolean }): Promise<void> {
    state.busy = true;
    const seq = state.wanted;
    let passed = true;
    try {
      await this.#send(id, seq);
      state.sent = Math.max(state.sent, seq);
    } catch {
      // Said again at the next welcome.
      passed = false;
    }
    state.timer = this.#clock.after(this.#paceMs, () => {
      state.busy = false;
      if (passed && state.wanted > state.sent) void this.#flush(id, state);
    });
  }
}

const SAID_AGAIN_MS = 3_000;
const LASTS_MS = 6_000;

/** Who writes where. */
export class Typing {
  readonly #clock: Clock;
  readonly #me: AccountId;
  readonly #send: (id: ConversationId, typing: boolean) => void;
  readonly #writing = new Map<ConversationId, Map<AccountId, Timer>>();
  readonly #views = new Map<ConversationId, Derived<readonly AccountId[]>>();
  readonly #said = new Map<ConversationId, number>();

  constructor(clock: Clock, me: AccountId, send: (id: ConversationId, typing: boolean) => void) {
    this.#clock = clock;
    this.#me = me;
    this.#send = send;
  }

  view(id: ConversationId): Derived<readonly AccountId[]> {
    let view = this.#views.get(id);
    if (view === undefined) {
      view = new Derived<readonly AccountId[]>(() => [...(this.#writing.get(id)?.keys() ?? [])]);
      this.#views.set(id, view);
    }
    return view;
  }

  heard(id: ConversationId, account: AccountId, typing: boolean): void {
    if (account === this.#me) return;
    const writing = this.#writing.get(id) ?? new Map<AccountId, Timer>();
    const had = writing.has(account);
    this.#clock.cancel(writing.get(account));
    if (typing) writing.set(account, this.#clock.after(LASTS_MS, () => this.heard(id, account, false)));
    else writing.delete(account);
    this.#writing.set(id, writing);
    if (had !== typing) this.#views.get(id)?.changed();
  }

  /** Everybody stopped, as far as is known here. */
  silence(): void {
    for (const [id, writing] of this.#writing) {
      for (const timer of writing.values()) this.#clock.cancel(timer);
      writing.clear();
      this.#views.get(id)?.changed();
    }
    this.#said.clear();
  }

  say(id: ConversationId, typing: boolean): void {
    const now = this.#clock.now();
    const said = this.#said.get(id);
    if (typing) {
      if (said !== undefined && now - said < SAID_AGAIN_MS) return;
      this.#said.set(id, now);
      this.#send(id, true);
    } else if (said !== undefined) {
      this.#said.delete(id);
      // After this long the others have stopped showing it by themselves.
      if (now - said < LASTS_MS) this.#send(id, false);
    }
  }
}

const NO_MARKS: MarksView = { byAccount: new Map(), deliveredToAll: 0, readByAll: 0, readBySome: 0 };

/** Who has received and read how far, of conversations that somebody looks at. */
export class MarksBook {
  readonly #me: AccountId;
  readonly #ask: (id: ConversationId) => Promise<readonly Mark[]>;
  readonly #marks = new Map<ConversationId, Map<AccountId, Mark>>();
  readonly #views = new Map<ConversationId, Derived<MarksView>>();
  readonly #asked = new Set<ConversationId>();

  constructor(me: AccountId, ask: (id: ConversationId) => Promise<readonly Mark[]>) {
    this.#me = me;
    this.#ask = ask;
  }

  view(id: ConversationId): Derived<MarksView> {
    let view = this.#views.get(id);
    if (view === undefined) {
      view = new Derived<MarksView>(() => this.#compute(id), (watched) => watched && this.#fetch(id));
      this.#views.set(id, view);
    }
    return view;
  }

  heard(id: ConversationId, marks: readonly Mark[]): void {
    const known = this.#marks.get(id) ?? new Map<AccountId, Mark>();
    for (const mark of marks) {
      const former = known.get(mark.account);
      known.set(mark.account, {
        account: mark.account,
        delivered: Math.max(mark.delivered, mark.read, former?.delivered ?? 0),
        read: Math.max(mark.read, former?.read ?? 0),
      });
    }
    this.#marks.set(id, known);
    this.#views.get(id)?.changed();
  }

  /** A new line: what changed meanwhile was not heard. Also when members changed. */
  refresh(only?: ConversationId): void {
    if (only === undefined) this.#asked.clear();
    else this.#asked.delete(only);
    for (const [id, view] of this.#views) if (view.watched && (only === undefined || only === id)) this.#fetch(id);
  }

  #fetch(id: ConversationId): void {
    if (this.#asked.has(id)) return;
    this.#asked.add(id);
    this.#ask(id)
      .then((marks) => {
        const members = new Set(marks.map((mark) => mark.account));
        for (const account of this.#marks.get(id)?.keys() ?? []) if (!members.has(account)) this.#marks.get(id)?.delete(account);
        this.heard(id, marks);
      })
      .catch(() => this.#asked.delete(id));
  }

  #compute(id: ConversationId): MarksView {
    const others = [...(this.#marks.get(id)?.values() ?? [])].filter((mark) => mark.account !== this.#me);
    if (others.length === 0) return NO_MARKS;
    return {
      byAccount: new Map(others.map(({ account, delivered, read }) => [account, { delivered, read }])),
      deliveredToAll: Math.min(...others.map((mark) => mark.delivered)),
      readByAll: Math.min(...others.map((mark) => mark.read)),
      readBySome: Math.max(...others.map((mark) => mark.read)),
    };
  }
}

export const AWAY_MS = 10 * 60_000;

/** Whether the person is at this device: not after ten minutes without a touch. */
export class Activity {
  readonly #clock: Clock;
  readonly #send: (active: boolean) => void;
  #timer: Timer = null;
  #last: number;
  #active = true;
  #running = false;

  constructor(clock: Clock, send: (active: boolean) => void) {
    this.#clock = clock;
    this.#send = send;
    this.#last = clock.now();
  }

  get active(): boolean {
    return this.#active;
  }

  start(): void {
    this.#running = true;
    this.#last = this.#clock.now();
    this.#arm(AWAY_MS);
  }

  stop(): void {
    this.#running = false;
    this.#clock.cancel(this.#timer);
  }

  touch(): void {
    if (!this.#running) return;
    this.#last = this.#clock.now();
    if (this.#active) return;
    this.#active = true;
    this.#send(true);
    this.#arm(AWAY_MS);
  }

  /** A new line: the server takes a new session for somebody who is there. */
  sayAgain(): void {
    if (!this.#active) this.#send(false);
  }

  // One timer that looks at the clock, instead of one set again at each move of the pointer.
  #arm(ms: number): void {
    this.#clock.cancel(this.#timer);
    this.#timer = this.#clock.after(ms, () => {
      const rest = this.#last + AWAY_MS - this.#clock.now();
      if (rest > 0) {
        this.#arm(rest);
        return;
      }
      this.#active = false;
      this.#send(false);
    });
  }
}
