// The device's state and what is kept beside it, in IndexedDB. Values are encrypted under an AES-GCM key that WebCrypto does not give
// out and that lies in the same database: a copy of values alone is not plain, a person who runs code in the profile is not stopped.

import type { Beside } from "../sealed/ports";
import type { Batch, Entries } from "./wasm/rempart_mls";

/** Where the worker keeps things. */
export interface KeyStore {
  /** The whole state of the device. */
  read(): Promise<Entries>;
  /** Writes a batch of the device's state and what goes beside it, whole or not at all, durably. After a failure only reading says which. */
  write(batch: Batch | null, beside: Beside): Promise<void>;
  /** What is kept beside; null where there is nothing. */
  get(keys: readonly string[]): Promise<readonly (Uint8Array | null)[]>;
  /** Everything beside whose key begins with `prefix`, by key. */
  list(prefix: string): Promise<readonly (readonly [string, Uint8Array])[]>;
  /** Forgets all of it but what is beside under `keep`. The key stays, for other tabs that read. */
  clear(keep: readonly string[]): Promise<void>;
}

const ENTRIES = "entries";
const BESIDE = "beside";
const KEYS = "keys";
const VALUES = "values";
const VERSION = 1;
const NONCE = 12;

type Bytes = Uint8Array<ArrayBuffer>;

function settled(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("the transaction was given up"));
  });
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the request failed"));
  });
}

/** A copy in memory of its own, as WebCrypto and IndexedDB want it. */
function own(bytes: Uint8Array): Bytes {
  return Uint8Array.from(bytes);
}

/** What a value beside is bound to: no key of the device's state begins so. */
function placeBeside(key: string): Bytes {
  return new TextEncoder().encode(`beside/${key}`) as Bytes;
}

/** The name of an account's database. */
export function databaseName(account: string): string {
  return `rempart-mls:${account}`;
}

/** Forgets everything kept of an account, from any tab: the one that has it open lets go. */
export async function wipeKeyStore(factory: IDBFactory, account: string): Promise<void> {
  await answer(factory.deleteDatabase(databaseName(account)));
}

/** Opens the database of an account, and makes it and its key where there is none. Any tab may read; only the one with the lock writes. */
export async function openKeyStore(factory: IDBFactory, account: string): Promise<KeyStore> {
  const opening = factory.open(databaseName(account), VERSION);
  opening.onupgradeneeded = () => {
    for (const name of [ENTRIES, BESIDE, KEYS]) opening.result.createObjectStore(name);
  };
  const database = await answer(opening);
  // Another tab wipes it at sign-out.
  database.onversionchange = () => database.close();
  const key = await wrapping();

  /** Two tabs may come at once: the first one's key is both's. */
  async function wrapping(): Promise<CryptoKey> {
    const kept = await answer(database.transaction(KEYS).objectStore(KEYS).get(VALUES) as IDBRequest<CryptoKey | undefined>);
    if (kept !== undefined) return kept;
    const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const transaction = database.transaction(KEYS, "readwrite", { durability: "strict" });
    const done = settled(transaction);
    const store = transaction.objectStore(KEYS);
    const first = await answer(store.get(VALUES) as IDBRequest<CryptoKey | undefined>);
    if (first === undefined) store.add(made, VALUES);
    await done;
    return first ?? made;
  }

  /** Bound to its place: a value that was moved to another key does not open. */
  async function seal(place: Bytes, value: Uint8Array): Promise<Bytes> {
    const iv = crypto.getRandomValues(new Uint8Array(NONCE));
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: place }, key, own(value));
    const out = new Uint8Array(NONCE + sealed.byteLength);
    out.set(iv);
    out.set(new Uint8Array(sealed), NONCE);
    return out;
  }

  async function open(place: Bytes, kept: Bytes): Promise<Uint8Array> {
    const iv = kept.subarray(0, NONCE);
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: place }, key, kept.subarray(NONCE)));
  }

  /** Keys and values of a store, of one transaction. */
  async function all<K>(name: string, range?: IDBKeyRange): Promise<readonly (readonly [K, Bytes])[]> {
    const store = database.transaction(name).objectStore(name);
    const [keys, values] = await Promise.all([
      answer(store.getAllKeys(range) as unknown as IDBRequest<K[]>),
      answer(store.getAll(range) as IDBRequest<Bytes[]>),
    ]);
    return keys.map((at, i) => [at, values[i] ?? new Uint8Array()] as const);
  }

  return {
    async read() {
      const kept = await all<ArrayBuffer>(ENTRIES);
      return Promise.all(
        kept.map(async ([at, value]): Promise<readonly [Uint8Array, Uint8Array]> => {
          const place = new Uint8Array(at);
          return [place, await open(place, value)];
        }),
      );
    },
    async write(batch, beside) {
      // A transaction ends when nobody asks it for anything: everything is sealed before it begins.
      const [entries, values] = await Promise.all([
        Promise.all((batch?.put ?? []).map(async ([at, value]) => [own(at), await seal(own(at), value)] as const)),
        Promise.all(
          Object.entries(beside).map(async ([at, value]) => [at, value === null ? null : await seal(placeBeside(at), value)] as const),
        ),
      ]);
      const transaction = database.transaction([ENTRIES, BESIDE], "readwrite", { durability: "strict" });
      const done = settled(transaction);
      const state = transaction.objectStore(ENTRIES);
      for (const [at, value] of entries) state.put(value, at);
      for (const at of batch?.delete ?? []) state.delete(own(at));
      const store = transaction.objectStore(BESIDE);
      for (const [at, value] of values) {
        if (value === null) store.delete(at);
        else store.put(value, at);
      }
      await done;
    },
    async get(keys) {
      const store = database.transaction(BESIDE).objectStore(BESIDE);
      const kept = await Promise.all(keys.map((at) => answer(store.get(at) as IDBRequest<Bytes | undefined>)));
      return Promise.all(kept.map((value, i) => (value === undefined ? null : open(placeBeside(keys[i] ?? ""), value))));
    },
    async list(prefix) {
      // Keys are ASCII, so everything that begins so lies before this.
      const kept = await all<string>(BESIDE, IDBKeyRange.bound(prefix, `${prefix}\uffff`));
      return Promise.all(kept.map(async ([at, value]) => [at, await open(placeBeside(at), value)] as const));
    },
    async clear(keep) {
      const transaction = database.transaction([ENTRIES, BESIDE], "readwrite", { durability: "strict" });
      const done = settled(transaction);
      transaction.objectStore(ENTRIES).clear();
      const beside = transaction.objectStore(BESIDE);
      const there = await answer(beside.getAllKeys() as IDBRequest<string[]>);
      for (const at of there) if (!keep.includes(at)) beside.delete(at);
      await done;
    },
  };
}
