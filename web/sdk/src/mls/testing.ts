// For tests: the real WebAssembly and the real store over a database in memory, in this process instead of a worker.

import { readFileSync } from "node:fs";
import type { AccountId } from "../public";
import type { Beliefs, Device, DeviceId } from "../sealed/ports";
import { openMls, type Mls, type WorkerLike } from "./device";
import { Engine, type Module } from "./engine";
import { openKeyStore, type KeyStore } from "./keystore";
import type { Asked, Told } from "./protocol";
import { serve, type Scope } from "./serve";
import { initSync, Installation, LogCopy } from "./wasm/rempart_mls";

/** The classes of the WebAssembly as built by `cargo xtask wasm`. */
export function wasm(): Module {
  initSync({ module: readFileSync(new URL("./wasm/rempart_mls_bg.wasm", import.meta.url)) });
  return { Installation, LogCopy };
}

/** A worker in this process. What is said is copied, as between threads. `around` puts something before the store. */
export function inProcess(factory: IDBFactory, module: Module = wasm(), around: (store: KeyStore) => KeyStore = (store) => store): WorkerLike {
  // What a worker has said before it closes arrives; one that is terminated is not heard any more.
  let closed = false;
  let terminated = false;
  const page: WorkerLike = {
    onmessage: null,
    onerror: null,
    postMessage(asked: Asked) {
      const data = structuredClone(asked);
      queueMicrotask(() => closed || scope.onmessage?.({ data }));
    },
    terminate: () => void (closed = terminated = true),
  };
  const scope: Scope = {
    onmessage: null,
    postMessage(told: Told) {
      const data = structuredClone(told);
      queueMicrotask(() => terminated || page.onmessage?.({ data } as MessageEvent));
    },
    close: () => void (closed = true),
  };
  serve(scope, async (account) => Engine.open(module, around(await openKeyStore(factory, account))));
  return page;
}

/** An installation: its database and how it is opened. */
export class Place {
  mls: Mls;
  device: Device | null = null;

  constructor(
    readonly account: AccountId,
    readonly id: DeviceId,
    readonly seed: Uint8Array,
    readonly factory: IDBFactory,
    private readonly around: (store: KeyStore) => KeyStore = (store) => store,
  ) {
    this.mls = this.open();
  }

  private open(): Mls {
    return openMls(this.account, () => inProcess(this.factory, wasm(), this.around));
  }

  get own(): Device {
    if (this.device === null) throw new Error("not enrolled");
    return this.device;
  }

  async enrol(): Promise<this> {
    this.device = await this.mls.enrol({ account: this.account, device: this.id, now: Date.now() }, this.seed, {});
    return this;
  }

  /** The tab is closed and opened again. */
  async again(): Promise<void> {
    this.mls.close();
    this.mls = this.open();
    this.device = await this.mls.device();
  }
}

/** What everybody believes of these; the first's account is the owner. */
export function beliefs(of: readonly Place[]): Beliefs {
  const keys = new Map(of.map((place) => [place.account, place.own.seat.accountKey]));
  return {
    directory: [...keys].map(([account, key]) => ({ account, key })),
    entitled: [...keys.keys()].map((account, i) => ({ account, rank: i === 0 ? "owner" : "member" })),
    certified: [],
    serverKey: new Uint8Array(32).fill(0x5e),
    now: Date.now(),
  };
}
