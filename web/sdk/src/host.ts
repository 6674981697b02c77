// What the sdk needs of the platform, so that tests can give a simulated one.

import type { SealedHost } from "./sealed/side";

export type Timer = unknown;

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  after(ms: number, run: () => void): Timer;
  cancel(timer: Timer): void;
}

/** The part of WebSocket that is used. */
export interface Socket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

/** Speaks to the other tabs of the same account. */
export interface Channel {
  post(message: unknown): void;
  onmessage: ((message: unknown) => void) | null;
  close(): void;
}

export interface Host {
  readonly origin: string;
  readonly clock: Clock;
  readonly indexedDB: IDBFactory | null;
  readonly deviceName: string;
  /** Keys and sealed conversations; null where nothing can be kept or there are no workers. */
  readonly sealed: SealedHost | null;
  fetch(url: string, init: RequestInit): Promise<Response>;
  socket(url: string): Socket;
  /** Fills with random bytes. */
  random(bytes: Uint8Array): void;
  /** Between 0 and 1, for jitter. */
  jitter(): number;
  sha256(bytes: ArrayBuffer): Promise<ArrayBuffer>;
  channel(name: string): Channel | null;
  /** Runs `held` once this tab holds the lock, until `signal` aborts. */
  lock(name: string, signal: AbortSignal, held: () => void): void;
  /** Tells of changes of the platform. Gives back the way to stop. */
  watch(events: { online(): void; offline(): void; visible(): void; input(): void }): () => void;
}

function deviceName(): string {
  if (typeof navigator === "undefined") return "Rempart";
  const agent = navigator.userAgent;
  const browser = /Edg\//.test(agent) ? "Edge" : /Firefox\//.test(agent) ? "Firefox" : /Chrome\//.test(agent) ? "Chrome" : /Safari\//.test(agent) ? "Safari" : "Web";
  const system = /Android/.test(agent) ? "Android"
    : /iPhone|iPad/.test(agent) ? "iOS"
    : /Windows/.test(agent) ? "Windows"
    : /Mac OS/.test(agent) ? "macOS"
    : /Linux/.test(agent) ? "Linux" : "";
  return system === "" ? browser : `${browser} – ${system}`;
}

/** Loaded when keys are needed: none of it is in the first script. */
function browserSealed(factory: IDBFactory): SealedHost {
  return {
    reader: async (account) => (await import("./sealed/backend")).openReader(factory, account),
    backend: async (account) => (await import("./sealed/backend")).openBackend(account),
    wipe: async (account) => (await import("./sealed/backend")).wipe(account),
  };
}

/** The browser. */
export function browserHost(): Host {
  return {
    origin: location.origin,
    clock: {
      now: () => Date.now(),
      after: (ms, run) => setTimeout(run, ms),
      cancel: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
    },
    indexedDB: typeof indexedDB === "undefined" ? null : indexedDB,
    deviceName: deviceName(),
    sealed: typeof indexedDB === "undefined" || typeof Worker === "undefined" || !("locks" in navigator) ? null : browserSealed(indexedDB),
    fetch: (url, init) => fetch(url, init),
    socket: (url) => new WebSocket(url) as unknown as Socket,
    random: (bytes) => void crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>),
    jitter: () => Math.random(),
    sha256: (bytes) => crypto.subtle.digest("SHA-256", bytes),
    channel(name) {
      if (typeof BroadcastChannel === "undefined") return null;
      const inner = new BroadcastChannel(name);
      const channel: Channel = { post: (message) => inner.postMessage(message), onmessage: null, close: () => inner.close() };
      inner.onmessage = (event: MessageEvent<unknown>) => channel.onmessage?.(event.data);
      return channel;
    },
    lock(name, signal, held) {
      if (!("locks" in navigator)) {
        held();
        return;
      }
      navigator.locks
        .request(name, { signal }, () => {
          held();
          return new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
        })
        .catch((error: unknown) => {
          if (!signal.aborted) throw error;
        });
    },
    watch(events) {
      const visible = () => {
        if (document.visibilityState === "visible") events.visible();
      };
      const inputs = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"] as const;
      addEventListener("online", events.online);
      addEventListener("offline", events.offline);
      document.addEventListener("visibilitychange", visible);
      for (const input of inputs) addEventListener(input, events.input, { passive: true, capture: true });
      return () => {
        removeEventListener("online", events.online);
        removeEventListener("offline", events.offline);
        document.removeEventListener("visibilitychange", visible);
        for (const input of inputs) removeEventListener(input, events.input, { capture: true });
      };
    },
  };
}
