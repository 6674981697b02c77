// The line: one WebSocket with commands, answers and what the server says unasked. It goes down and comes back by itself.

import type { Clock, Host, Socket, Timer } from "./host";
import type { ConnectionState } from "./public";
import type { Answer, Frame, Op, Params, Problem, Welcome } from "./wire";
import { ApiProblem, NetworkError } from "./problem";
import { Value } from "./readable";

const ANSWER_MS = 20_000;
const OPEN_MS = 15_000;
const SILENCE_MS = 30_000;
const PING_MS = 10_000;
const HASTY_PING_MS = 4_000;
const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 30_000;
const STEADY_MS = 10_000;
const CLOSED_SIGNED_OUT = 4003;

export type Push = Exclude<Frame, { op: "ok" } | { op: "refused" }>;

export interface FeedEvents {
  /** The last number of the account's journal that the client has. */
  accountSeq(): number;
  welcome(welcome: Welcome): void;
  push(frame: Push): void;
  /** A connection was refused, or failed before it was open: whether there still is a session. */
  signedIn(): Promise<boolean>;
  /** The server ended the session. */
  signedOut(): void;
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
  timer: Timer;
  abort: (() => void) | null;
}

/** How long to wait before the given try (0 is the first), with jitter so that clients do not come back together. */
export function retryDelay(tries: number, jitter: number): number {
  const full = Math.min(RETRY_MOST_MS, RETRY_FIRST_MS * 2 ** Math.min(tries, 16));
  return Math.round(full / 2 + (full / 2) * jitter);
}

export class Feed {
  readonly state = new Value<ConnectionState>({ status: "idle" });
  readonly #host: Host;
  readonly #clock: Clock;
  readonly #events: FeedEvents;
  readonly #waiting = new Map<string, Waiting>();
  #socket: Socket | null = null;
  #tries = 0;
  #next = 1;
  #retry: Timer = null;
  #silence: Timer = null;
  #opening: Timer = null;
  #offlineSince: number | null = null;

  constructor(host: Host, events: FeedEvents) {
    this.#host = host;
    this.#clock = host.clock;
    this.#events = events;
  }

  get live(): boolean {
    return this.state.value.status === "live";
  }

  start(): void {
    const { status } = this.state.value;
    if (status === "idle" || status === "signed_out") {
      this.#tries = 0;
      this.#connect();
    }
  }

  /** Closes for good, until `start`. */
  stop(state: ConnectionState = { status: "idle" }): void {
    this.#clock.cancel(this.#retry);
    this.#offlineSince = null;
    this.#drop();
    this.state.set(state);
  }

  /** The network came back, or somebody asks: try at once, and doubt the line that is there. */
  retryNow(): void {
    const { status } = this.state.value;
    if (status === "offline") {
      this.#clock.cancel(this.#retry);
      this.#tries = 0;
      this.#connect();
    } else if (status === "live") {
      this.#ping(HASTY_PING_MS);
    }
  }

  /** Asks over the line; rejects with NetworkError when there is none or it breaks. */
  request<O extends Op>(op: O, params: Params<O>, options: { signal?: AbortSignal } = {}): Promise<Answer<O>> {
    if (!this.live) return Promise.reject(new NetworkError("there is no line to the server"));
    return this.#ask(op, params, ANSWER_MS, options.signal) as Promise<Answer<O>>;
  }

  #ask(op: string, params: unknown, deadline: number, signal?: AbortSignal): Promise<unknown> {
    const socket = this.#socket;
    if (socket === null) return Promise.reject(new NetworkError("there is no line to the server"));
    if (signal?.aborted) return Promise.reject(new DOMException("given up", "AbortError"));
    const id = String(this.#next++);
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(deadline, () => {
        this.#settle(id)?.reject(new NetworkError("the server did not answer in time", { timeout: true }));
      });
      let abort: (() => void) | null = null;
      if (signal !== undefined) {
        const onAbort = () => this.#settle(id)?.reject(new DOMException("given up", "AbortError"));
        signal.addEventListener("abort", onAbort, { once: true });
        abort = () => signal.removeEventListener("abort", onAbort);
      }
      this.#waiting.set(id, { resolve, reject, timer, abort });
      try {
        socket.send(JSON.stringify({ id, op, params }));
      } catch (cause) {
        this.#settle(id)?.reject(new NetworkError("the line broke", { cause }));
      }
    });
  }

  #settle(id: string): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(id);
    this.#clock.cancel(waiting.timer);
    waiting.abort?.();
    return waiting;
  }

  #connect(): void {
    this.state.set({ status: "connecting", attempt: this.#tries + 1 });
    const url = `${this.#host.origin.replace(/^http/, "ws")}/api/v1/feed`;
    let opened = false;
    let socket: Socket;
    try {
      socket = this.#host.socket(url);
    } catch {
      this.#lost(false, 1006);
      return;
    }
    this.#socket = socket;
    this.#opening = this.#clock.after(OPEN_MS, () => {
      if (this.#socket === socket) this.#lost(opened, 1006);
    });
    socket.onopen = () => {
      if (this.#socket !== socket) return;
      opened = true;
      this.#hello(socket);
    };
    socket.onmessage = (event) => {
      if (this.#socket === socket) this.#receive(event.data);
    };
    socket.onclose = (event) => {
      if (this.#socket === socket) this.#lost(opened, event.code);
    };
    socket.onerror = null;
  }

  #hello(socket: Socket): void {
    const id = String(this.#next++);
    // Settled while the frame is read, not a turn later: the frames that follow the welcome must find it done.
    this.#waiting.set(id, {
      timer: this.#clock.after(ANSWER_MS, () => {
        if (this.#socket === socket) this.#lost(true, 1006);
      }),
      abort: null,
      resolve: (answer) => {
        this.#clock.cancel(this.#opening);
        this.#offlineSince = null;
        this.state.set({ status: "live", since: this.#clock.now() });
        this.#listen();
        this.#events.welcome(answer as Welcome);
      },
      reject: (error) => {
        if (this.#socket !== socket) return;
        if (error instanceof ApiProblem && error.status === 401) this.#lost(true, CLOSED_SIGNED_OUT);
        // Refused for another reason, such as a duty that came up: ask what holds.
        else this.#lost(!(error instanceof ApiProblem), 1006);
      },
    });
    socket.send(JSON.stringify({ id, op: "hello", params: { account_seq: this.#events.accountSeq() } }));
  }

  #receive(data: unknown): void {
    if (this.live) this.#listen();
    if (typeof data !== "string") return;
    let frame: Frame;
    try {
      frame = JSON.parse(data) as Frame;
    } catch {
      this.#lost(true, 1006);
      return;
    }
    if (frame.op === "ok") this.#settle(frame.id)?.resolve(frame.answer);
    else if (frame.op === "refused") this.#settle(frame.id)?.reject(new ApiProblem(frame.problem as Problem));
    else if (this.live) this.#events.push(frame);
  }

  /** The line is alive now; ask it when it stays silent. */
  #listen(): void {
    this.#clock.cancel(this.#silence);
    this.#silence = this.#clock.after(SILENCE_MS, () => this.#ping(PING_MS));
  }

  #ping(deadline: number): void {
    const socket = this.#socket;
    this.#clock.cancel(this.#silence);
    this.#ask("ping", {}, deadline).catch((error: unknown) => {
      // Any answer, also a refusal, shows that the line is alive.
      if (this.#socket === socket && error instanceof NetworkError) this.#lost(true, 1006);
    });
  }

  #lost(opened: boolean, code: number): void {
    const state = this.state.value;
    const now = this.#clock.now();
    // Only a line that held makes us hasty again: a server that falls as soon as it is asked is given more and more time.
    if (state.status === "live" && now - state.since >= STEADY_MS) this.#tries = 0;
    this.#drop();
    if (code === CLOSED_SIGNED_OUT) {
      this.state.set({ status: "signed_out" });
      this.#events.signedOut();
      return;
    }
    const delay = retryDelay(this.#tries, this.#host.jitter());
    this.#tries += 1;
    this.#offlineSince ??= now;
    this.state.set({ status: "offline", since: this.#offlineSince, retryAt: now + delay });
    this.#clock.cancel(this.#retry);
    this.#retry = this.#clock.after(delay, () => this.#connect());
    // A browser does not tell why an upgrade was refused.
    if (!opened) {
      void this.#events.signedIn().then((signedIn) => {
        if (signedIn || this.state.value.status === "live") return;
        if (this.state.value.status === "idle" || this.state.value.status === "signed_out") return;
        this.stop({ status: "signed_out" });
        this.#events.signedOut();
      });
    }
  }

  #drop(): void {
    this.#clock.cancel(this.#silence);
    this.#clock.cancel(this.#opening);
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      try {
        socket.close();
      } catch {
        // It was closed already.
      }
    }
    const waiting = [...this.#waiting.keys()];
    for (const id of waiting) this.#settle(id)?.reject(new NetworkError("the line broke"));
  }
}
