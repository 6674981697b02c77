// Values that change, with immutable snapshots.

import type { Readable } from "./public";

class Listeners {
  readonly #set = new Set<() => void>();
  get size(): number {
    return this.#set.size;
  }
  add(listener: () => void): () => void {
    // Wrapped so that the same function given twice is two listeners.
    const own = () => listener();
    this.#set.add(own);
    return () => this.#set.delete(own);
  }
  call(): void {
    for (const listener of [...this.#set]) listener();
  }
}

/** A value that is set. */
export class Value<T> implements Readable<T> {
  #value: T;
  readonly #listeners = new Listeners();
  constructor(value: T) {
    this.#value = value;
  }
  readonly subscribe = (listener: () => void): (() => void) => this.#listeners.add(listener);
  readonly getSnapshot = (): T => this.#value;
  get value(): T {
    return this.#value;
  }
  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    this.#listeners.call();
  }
}

/** A value that is computed when it is asked for after a change. Listeners are told once per turn of the event loop. */
export class Derived<T> implements Readable<T> {
  #value: T | undefined;
  #stale = true;
  #told = true;
  readonly #listeners = new Listeners();
  readonly #compute: (former: T | undefined) => T;
  readonly #watched: ((watched: boolean) => void) | undefined;

  constructor(compute: (former: T | undefined) => T, watched?: (watched: boolean) => void) {
    this.#compute = compute;
    this.#watched = watched;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    const remove = this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#watched?.(true);
    let removed = false;
    return () => {
      if (removed) return;
      removed = true;
      remove();
      if (this.#listeners.size === 0) this.#watched?.(false);
    };
  };

  readonly getSnapshot = (): T => {
    if (this.#stale) {
      this.#stale = false;
      this.#value = this.#compute(this.#value);
    }
    return this.#value as T;
  };

  get watched(): boolean {
    return this.#listeners.size > 0;
  }

  /** What it is computed from has changed. */
  readonly changed = (): void => {
    this.#stale = true;
    if (!this.#told) return;
    this.#told = false;
    queueMicrotask(() => {
      this.#told = true;
      this.#listeners.call();
    });
  };
}

/** Passes on another value, which may be exchanged; while there is none, a fallback. */
export class Relay<T> implements Readable<T> {
  readonly #fallback: T;
  readonly #listeners = new Listeners();
  #source: Readable<T> | null = null;
  #leave: (() => void) | null = null;

  constructor(fallback: T) {
    this.#fallback = fallback;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    const remove = this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#join();
    let removed = false;
    return () => {
      if (removed) return;
      removed = true;
      remove();
      if (this.#listeners.size > 0) return;
      this.#leave?.();
      this.#leave = null;
    };
  };

  readonly getSnapshot = (): T => (this.#source === null ? this.#fallback : this.#source.getSnapshot());

  attach(source: Readable<T> | null): void {
    if (source === this.#source) return;
    this.#leave?.();
    this.#leave = null;
    this.#source = source;
    if (this.#listeners.size > 0) this.#join();
    this.#listeners.call();
  }

  #join(): void {
    this.#leave = this.#source?.subscribe(() => this.#listeners.call()) ?? null;
  }
}
