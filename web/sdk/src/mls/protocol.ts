// What the page asks of the worker, and what it is told. No operation hands out the device's private keys.

import type { ClientId } from "../public";
import type {
  Beliefs, Beside, Changes, Comparison, DeviceId, Identity, Joined, LogChange, LogView, Opened, Outgoing, Seat,
} from "../sealed/ports";

/** Who a new device is. `now`: milliseconds since 1970. */
export interface Enrolment {
  readonly account: string;
  readonly device: DeviceId;
  readonly now: number;
}

/** Every operation of the worker, as `Backend` of ../sealed/ports.ts says what each does. */
export interface Operations {
  device(): Identity | null;
  enrol(who: Enrolment, seed: Uint8Array, beside: Beside): Identity;
  discard(keep: readonly string[]): void;

  create(group: Uint8Array, beliefs: Beliefs, beside: Beside): Uint8Array;
  commit(group: Uint8Array, changes: Changes, beliefs: Beliefs, keep: { readonly key: string; readonly clientId: ClientId }): Outgoing;
  withdraw(group: Uint8Array, beside: Beside): void;
  join(welcome: Uint8Array, beliefs: Beliefs): Joined;
  receive(
    group: Uint8Array,
    messages: readonly { readonly message: Uint8Array; readonly keep: string | null; readonly from?: DeviceId }[],
    beliefs: Beliefs,
    beside: { readonly taken: Beside; readonly refused: Beside },
  ): readonly Opened[];
  seal(group: Uint8Array, content: Uint8Array): Uint8Array;
  epoch(group: Uint8Array): { readonly epoch: number; readonly epochRef: Uint8Array; readonly member: boolean };
  leaves(group: Uint8Array): readonly Seat[];
  statement(verdict: "merged" | "refused", group: Uint8Array, epochRef: Uint8Array): Uint8Array;
  settled(group: Uint8Array, epoch: number, beside: Beside): void;
  goBack(group: Uint8Array, epochRef: Uint8Array, beside: Beside): void;
  forget(group: Uint8Array, beside: Beside): void;
  keyPackages(oneTime: number, lastResort: boolean, now: number): readonly Uint8Array[];
  identityEntry(): Uint8Array;
  deviceEntry(): Uint8Array;
  revocationEntry(device: DeviceId): Uint8Array;

  vaultGet(keys: readonly string[]): readonly (Uint8Array | null)[];
  vaultList(prefix: string): readonly (readonly [string, Uint8Array])[];
  vaultWrite(beside: Beside): void;

  logNext(): number;
  logTake(
    leaves: readonly Uint8Array[], note: string, key: string, now: number,
  ): { readonly current: boolean; readonly changes: readonly LogChange[]; readonly view: LogView };
  logView(now: number): LogView;
  logCompare(one: string, other: string): Comparison | null;
}

export type Operation = keyof Operations;

/** Operations as promises. */
export type Asynchronous = {
  readonly [O in Operation]: (...args: Parameters<Operations[O]>) => Promise<ReturnType<Operations[O]>>;
};

/** Why an operation did not happen. Codes are stable: `mls_…`, `group_…`, `log_…`. Words are English, for a log. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** Where the worker stands; see `Stand` in device.ts. */
export type WorkerStand =
  | { readonly status: "waiting" }
  | { readonly status: "ready" }
  | { readonly status: "failed"; readonly refusal: Refusal };

/** Page to worker. The first message is `begin`. */
export type Asked =
  | { readonly ask: "begin"; readonly account: string }
  | { readonly ask: "run"; readonly id: number; readonly op: Operation; readonly args: readonly unknown[] };

/** Worker to page. After a `fatal` one nothing more comes: the worker must be made anew. */
export type Told =
  | { readonly tell: "stand"; readonly stand: WorkerStand }
  | { readonly tell: "done"; readonly id: number; readonly value: unknown }
  | { readonly tell: "refused"; readonly id: number; readonly refusal: Refusal; readonly fatal: boolean };
