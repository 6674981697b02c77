// This device's copy of the key log, between the WebAssembly and the store.

import type { KeyStore } from "./keystore";
import type { Operations } from "./protocol";
import { MlsRefusal } from "./refusal";
import type { LogCopy } from "./wasm/rempart_mls";

/** Where the copy is kept. */
export const KEY_LOG = "worker/key-log";
const EMPTY = { identities: [], devices: [] };

type Taken = ReturnType<Operations["logTake"]>;

export class KeyLog {
  /** Undefined: not read yet. Null: nothing was followed yet. */
  private copy: LogCopy | null | undefined = undefined;

  constructor(
    private readonly made: typeof LogCopy,
    private readonly store: KeyStore,
    private readonly call: <T>(act: () => T) => T,
  ) {}

  async next(): Promise<number> {
    return (await this.current())?.next() ?? 0;
  }

  async take(leaves: readonly Uint8Array[], note: string, key: string, now: number): Promise<Taken> {
    const copy = (await this.current()) ?? this.first(key);
    const taken = this.call(() => copy.take(leaves, note, key));
    this.copy = copy;
    if (taken.current) {
      try {
        await this.store.write(null, { [KEY_LOG]: copy.keep() });
      } catch (failure) {
        // What is new must be told again.
        this.forget();
        throw failure;
      }
    }
    return { ...taken, view: this.call(() => copy.view(now)) };
  }

  async view(now: number): Promise<Taken["view"]> {
    const copy = await this.current();
    return copy === null ? EMPTY : this.call(() => copy.view(now));
  }

  async compare(one: string, other: string): Promise<ReturnType<Operations["logCompare"]>> {
    const copy = await this.current();
    return copy === null ? null : this.call(() => copy.compare(one, other));
  }

  /** Memory goes; the store is read again. */
  forget(): void {
    this.copy?.free();
    this.copy = undefined;
  }

  private async current(): Promise<LogCopy | null> {
    if (this.copy === undefined) {
      const [kept] = await this.store.get([KEY_LOG]);
      this.copy = kept == null ? null : this.call(() => this.made.open(kept));
    }
    return this.copy;
  }

  /** The first contact is trusted; it is a log of keys all the same. */
  private first(key: string): LogCopy {
    const origin = key.slice(0, Math.max(0, key.indexOf("+")));
    if (!origin.endsWith("/keys")) throw new MlsRefusal("log_key", "the key of the key log is not one of a key log");
    return this.call(() => this.made.begin(origin, key));
  }
}
