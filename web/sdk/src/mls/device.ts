// The worker of an account's secrets, as the rest of the sdk uses it. It loads its WebAssembly when it is opened: open it when keys or
// a sealed conversation are needed, not before.

import type { Readable } from "../public";
import { Value } from "../readable";
import type { Backend, Device, Identity, LogCopy, Vault } from "../sealed/ports";
import { wipeKeyStore } from "./keystore";
import type { Asked, Asynchronous, Operation, Refusal, Told } from "./protocol";
import { MlsRefusal } from "./refusal";

export type { Refusal } from "./protocol";
export { MlsRefusal } from "./refusal";

/** Where the worker stands in this tab. Operations may be asked for in any state: they wait, except in `closed`. */
export type Stand =
  /** It loads. */
  | { readonly status: "starting" }
  /** Another tab holds the keys: this one gets them when that one closes. (For a moment also where none does.) */
  | { readonly status: "waiting" }
  | { readonly status: "ready" }
  /** The worker fell, or what is kept cannot be read. The next operation tries again from what is kept. */
  | { readonly status: "failed"; readonly refusal: Refusal }
  | { readonly status: "closed" };

/**
 * The worker. Operations run one after the other, in the order asked. Each resolves after everything that it changed is on disk, in
 * one transaction with what is written beside it, so its result may be sent at once. Each rejects with MlsRefusal:
 * - nothing changed: codes of policy `group_…` (crates/group-policy, refusal.rs), of MLS `mls_…` (crates/mls-client, error.rs) and of
 *   the key log `log_…` (crates/mls-wasm, key_log.rs);
 * - `mls_store`: it may have been kept or not, which the next operation finds out (`epoch`, or `mls_commit_pending`);
 * - `mls_fatal`: likewise, and the worker is made anew by the next operation;
 * - `mls_closed`: after `close`.
 *
 * How a conversation uses the device:
 * 1. `create`, give the GroupInfo to the server; or `join` with the Welcome.
 * 2. Handshakes and sealed entries of the journal, in order and each once: `receive`. After a commit send `statement("merged", …)`;
 *    where a commit is refused, `statement("refused", …)` with the epoch's name as the journal has it.
 * 3. To change the group: `commit` and send it. When it comes back by the journal, `receive` confirms it (`from: null`); when another
 *    was first or the server refused, `withdraw`. While it waits, also after a restart, `seal` and `commit` are refused with
 *    `mls_commit_pending`.
 * 4. `seal`, post with the epoch's name. Own messages come back as `own`: keep the content when sealing.
 * 5. `settled` when the journal says that an epoch is final; `goBack` when it says that a chain is dropped; `forget` at the end.
 */
export interface Mls extends Backend {
  readonly stand: Readable<Stand>;
  /** Asks the browser not to clear what is kept when space is short. False: it may. */
  persist(): Promise<boolean>;
}

/** The part of Worker that is used. */
export interface WorkerLike {
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(asked: Asked): void;
  terminate(): void;
}

function browserWorker(): WorkerLike {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "rempart-mls" });
}

/** Forgets all secrets of an account in this browser profile, whichever tab holds them: at sign-out. Close this tab's worker first. */
export function wipeMls(account: string): Promise<void> {
  return wipeKeyStore(indexedDB, account);
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: MlsRefusal): void;
}

/** Opens the worker for an account of this browser profile. `make` is for tests. */
export function openMls(account: string, make: () => WorkerLike = browserWorker): Mls {
  const stand = new Value<Stand>({ status: "starting" });
  const waiting = new Map<number, Waiting>();
  let last = 0;
  let worker: WorkerLike | null = null;

  function end(status: Stand, { code, message }: Refusal): void {
    worker?.terminate();
    worker = null;
    const all = [...waiting.values()];
    waiting.clear();
    stand.set(status);
    for (const one of all) one.reject(new MlsRefusal(code, message));
  }

  function fail(refusal: Refusal): void {
    end({ status: "failed", refusal }, refusal);
  }

  function hear(told: Told): void {
    if (told.tell === "stand") {
      if (told.stand.status === "failed") fail(told.stand.refusal);
      else stand.set(told.stand);
      return;
    }
    const one = waiting.get(told.id);
    waiting.delete(told.id);
    if (told.tell === "done") {
      one?.resolve(told.value);
      return;
    }
    one?.reject(new MlsRefusal(told.refusal.code, told.refusal.message));
    if (told.fatal) fail(told.refusal);
  }

  function begin(): WorkerLike {
    const made = make();
    made.onmessage = (event) => {
      if (worker === made) hear(event.data as Told);
    };
    // The script did not load, or threw outside of any operation.
    made.onerror = (event) => {
      if (worker === made) fail({ code: "mls_fatal", message: event.message });
    };
    worker = made;
    stand.set({ status: "starting" });
    made.postMessage({ ask: "begin", account });
    return made;
  }

  const operations = new Proxy({} as Asynchronous, {
    get: (_, op: Operation) => (...args: readonly unknown[]) => {
      if (stand.value.status === "closed") return Promise.reject(new MlsRefusal("mls_closed", "the device is closed"));
      return new Promise((resolve, reject) => {
        const to = worker ?? begin();
        const id = ++last;
        waiting.set(id, { resolve, reject });
        to.postMessage({ ask: "run", id, op, args });
      });
    },
  });

  const vault: Vault = {
    get: async (key) => (await operations.vaultGet([key]))[0] ?? null,
    getAll: (keys) => operations.vaultGet(keys),
    list: (prefix) => operations.vaultList(prefix),
    write: (beside) => operations.vaultWrite(beside),
  };
  const log: LogCopy = {
    next: () => operations.logNext(),
    take: (leaves, note, key, now) => operations.logTake(leaves, note, key, now),
    view: (now) => operations.logView(now),
    compare: (one, other) => operations.logCompare(one, other),
  };

  begin();
  return {
    stand,
    vault,
    log,
    async device() {
      const seat = await operations.device();
      return seat && deviceOf(operations, seat);
    },
    async enrol(who, seed, beside) {
      return deviceOf(operations, await operations.enrol(who, seed, beside));
    },
    discard: (keep) => operations.discard(keep),
    async persist() {
      return (await navigator.storage?.persist?.()) ?? false;
    },
    close() {
      end({ status: "closed" }, { code: "mls_closed", message: "the device was closed" });
    },
  };
}

/** The operations that `Device` has. */
const DEVICE = [
  "create", "commit", "withdraw", "join", "receive", "seal", "epoch", "leaves", "statement", "settled", "goBack", "forget", "keyPackages",
  "identityEntry", "deviceEntry", "revocationEntry",
] as const satisfies readonly (Exclude<keyof Device, "seat"> & Operation)[];

function deviceOf(operations: Asynchronous, seat: Identity): Device {
  const of = Object.fromEntries(DEVICE.map((op) => [op, operations[op]])) as Pick<Asynchronous, (typeof DEVICE)[number]>;
  return { seat, ...of };
}
