// What is kept on this device, per account: entries, conversations, people, drafts, outbox. A transaction ends before its promise resolves.

import type { AccountId, ClientId, ComposerDraft, ConversationId, DetailsView, OutboxContent } from "./public";
import type { Conversation, Entry, Me, Person, Problem } from "./wire";

/** The entries kept of a conversation: all from `lo` to `hi`, without gap. */
export interface Window {
  readonly lo: number;
  readonly hi: number;
}

/** The newest details known, and up to which entry they were looked for. */
export interface KnownDetails {
  readonly details: DetailsView;
  readonly seq: number;
}

export interface StoredConversation {
  readonly conversation: Conversation;
  readonly details: KnownDetails | null;
}

export interface StoredOutboxItem {
  readonly clientId: ClientId;
  readonly conversation: ConversationId;
  readonly created: number;
  readonly content: OutboxContent;
  readonly problem: Problem | null;
}

export interface Loaded {
  readonly accountSeq: number;
  readonly conversations: readonly StoredConversation[];
  readonly windows: ReadonlyMap<ConversationId, Window>;
  readonly people: readonly Person[];
  readonly drafts: ReadonlyMap<ConversationId, ComposerDraft>;
  readonly outbox: readonly StoredOutboxItem[];
}

export interface Store {
  load(): Promise<Loaded>;
  setAccountSeq(seq: number): Promise<void>;
  putConversation(stored: StoredConversation): Promise<void>;
  /** Forgets the conversation and its entries. */
  dropConversation(id: ConversationId): Promise<void>;
  /**
   * Keeps entries that follow each other. They widen what is kept where they touch it, replace it where they are newer and do not
   * touch it, and are left out where they are older and do not touch it: what is kept never has a gap, whichever tab writes.
   */
  putEntries(id: ConversationId, entries: readonly Entry[]): Promise<void>;
  /** Kept entries below `before`, the newest `limit` of them, oldest first. */
  readEntries(id: ConversationId, before: number, limit: number): Promise<readonly Entry[]>;
  /** Forgets the body of an entry. */
  eraseEntry(id: ConversationId, seq: number): Promise<void>;
  putPeople(people: readonly Person[]): Promise<void>;
  setDraft(id: ConversationId, draft: ComposerDraft | null): Promise<void>;
  outbox(): Promise<readonly StoredOutboxItem[]>;
  putOutbox(item: StoredOutboxItem): Promise<void>;
  deleteOutbox(clientId: ClientId): Promise<void>;
  close(): void;
  /** Forgets everything. The store is closed after it. */
  wipe(): Promise<void>;
  /** Forgets what came from the server; keeps what the person wrote and nobody has received. The store is closed after it. */
  wipeReceived(): Promise<void>;
}

/** What is kept of this browser profile, whoever is signed in. */
export interface Profile {
  readonly device: string | null;
  readonly me: Me | null;
  /** Signed out here while the server could not be told. */
  readonly leaving: boolean;
}

const STORES = ["meta", "conversations", "windows", "entries", "people", "drafts", "outbox"] as const;

function done(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("the transaction was given up"));
  });
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the request failed"));
  });
}

function open(factory: IDBFactory, name: string, upgrade: (database: IDBDatabase) => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, 1);
    request.onupgradeneeded = () => upgrade(request.result);
    request.onerror = () => reject(request.error ?? new Error("the database did not open"));
    request.onsuccess = () => {
      const database = request.result;
      // Another tab wipes it at sign-out.
      database.onversionchange = () => database.close();
      resolve(database);
    };
  });
}

/** Deletes a database; waits for tabs that still have it open to let go. */
function remove(factory: IDBFactory, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = factory.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error ?? new Error("the database was not deleted"));
  });
}

function entryRange(id: ConversationId): IDBKeyRange {
  return IDBKeyRange.bound([id, 0], [id, Number.MAX_SAFE_INTEGER]);
}

const NAME = "rempart:";
const PROFILE = "rempart";

export class ProfileStore {
  readonly #factory: IDBFactory | null;
  #kept: Profile = { device: null, me: null, leaving: false };
  constructor(factory: IDBFactory | null) {
    this.#factory = factory;
  }

  get kept(): Profile {
    return this.#kept;
  }

  async load(): Promise<Profile> {
    await this.#with("readonly", async (store) => {
      const kept = (await result(store.get("profile"))) as Profile | undefined;
      if (kept !== undefined) this.#kept = kept;
    });
    return this.#kept;
  }

  async save(profile: Partial<Profile>): Promise<void> {
    this.#kept = { ...this.#kept, ...profile };
    await this.#with("readwrite", async (store) => {
      store.put(this.#kept, "profile");
    });
  }

  async #with(mode: IDBTransactionMode, run: (store: IDBObjectStore) => Promise<void>): Promise<void> {
    if (this.#factory === null) return;
    const database = await open(this.#factory, PROFILE, (made) => made.createObjectStore("kept"));
    try {
      const transaction = database.transaction("kept", mode);
      const ended = done(transaction);
      await run(transaction.objectStore("kept"));
      await ended;
    } finally {
      database.close();
    }
  }
}

export class IndexedStore implements Store {
  readonly #factory: IDBFactory;
  readonly #name: string;
  readonly #database: IDBDatabase;

  private constructor(factory: IDBFactory, name: string, database: IDBDatabase) {
    this.#factory = factory;
    this.#name = name;
    this.#database = database;
  }

  static async open(factory: IDBFactory, account: AccountId): Promise<IndexedStore> {
    const name = `${NAME}${account}`;
    const database = await open(factory, name, (made) => {
      for (const store of STORES) made.createObjectStore(store);
    });
    return new IndexedStore(factory, name, database);
  }

  async load(): Promise<Loaded> {
    const transaction = this.#database.transaction(["meta", "conversations", "windows", "people", "drafts", "outbox"]);
    const all = async (name: string): Promise<[string, unknown][]> => {
      const store = transaction.objectStore(name);
      const [keys, values] = await Promise.all([result(store.getAllKeys()), result(store.getAll())]);
      return keys.map((key, at) => [String(key), values[at]]);
    };
    const [meta, conversations, windows, people, drafts, outbox] = await Promise.all([
      all("meta"), all("conversations"), all("windows"), all("people"), all("drafts"), all("outbox"),
    ]);
    return {
      accountSeq: Number(new Map(meta).get("account_seq") ?? 0),
      conversations: conversations.map(([, value]) => value as StoredConversation),
      windows: new Map(windows.map(([id, value]) => [id, value as Window])),
      people: people.map(([, value]) => value as Person),
      drafts: new Map(drafts.map(([id, value]) => [id, value as ComposerDraft])),
      outbox: outbox.map(([, value]) => value as StoredOutboxItem),
    };
  }

  async setAccountSeq(seq: number): Promise<void> {
    await this.#write("meta", (store) => store.put(seq, "account_seq"));
  }

  async putConversation(stored: StoredConversation): Promise<void> {
    await this.#write("conversations", (store) => store.put(stored, stored.conversation.conversation));
  }

  async dropConversation(id: ConversationId): Promise<void> {
    const transaction = this.#database.transaction(["conversations", "windows", "entries", "drafts", "outbox"], "readwrite");
    const ended = done(transaction);
    for (const name of ["conversations", "windows", "drafts"]) transaction.objectStore(name).delete(id);
    transaction.objectStore("entries").delete(entryRange(id));
    for (const item of (await result(transaction.objectStore("outbox").getAll())) as StoredOutboxItem[]) {
      if (item.conversation === id) transaction.objectStore("outbox").delete(item.clientId);
    }
    await ended;
  }

  async putEntries(id: ConversationId, entries: readonly Entry[]): Promise<void> {
    const [first, last] = [entries[0], entries.at(-1)];
    if (first === undefined || last === undefined) return;
    const transaction = this.#database.transaction(["windows", "entries"], "readwrite");
    const ended = done(transaction);
    const windows = transaction.objectStore("windows");
    const store = transaction.objectStore("entries");
    const kept = (await result(windows.get(id))) as Window | undefined;
    const next = widen(kept, { lo: first.seq, hi: last.seq });
    if (next !== null) {
      if (next.replaces) store.delete(entryRange(id));
      for (const entry of entries) store.put(entry, [id, entry.seq]);
      windows.put({ lo: next.lo, hi: next.hi } satisfies Window, id);
    }
    await ended;
  }

  async readEntries(id: ConversationId, before: number, limit: number): Promise<readonly Entry[]> {
    const transaction = this.#database.transaction("entries");
    const lowest = Math.max(0, before - limit);
    return result(transaction.objectStore("entries").getAll(IDBKeyRange.bound([id, lowest], [id, before], false, true))) as Promise<Entry[]>;
  }

  async eraseEntry(id: ConversationId, seq: number): Promise<void> {
    const transaction = this.#database.transaction("entries", "readwrite");
    const ended = done(transaction);
    const store = transaction.objectStore("entries");
    const entry = (await result(store.get([id, seq]))) as Entry | undefined;
    if (entry !== undefined) store.put({ ...entry, content: null, salt: null } satisfies Entry, [id, seq]);
    await ended;
  }

  async putPeople(people: readonly Person[]): Promise<void> {
    await this.#write("people", (store) => {
      for (const person of people) store.put(person, person.account);
    });
  }

  async setDraft(id: ConversationId, draft: ComposerDraft | null): Promise<void> {
    await this.#write("drafts", (store) => (draft === null ? store.delete(id) : store.put(draft, id)));
  }

  async outbox(): Promise<readonly StoredOutboxItem[]> {
    return result(this.#database.transaction("outbox").objectStore("outbox").getAll()) as Promise<StoredOutboxItem[]>;
  }

  async putOutbox(item: StoredOutboxItem): Promise<void> {
    // Durable, or a crash of the system would lose what the person believes to be kept.
    await this.#write("outbox", (store) => store.put(item, item.clientId), { durability: "strict" });
  }

  async deleteOutbox(clientId: ClientId): Promise<void> {
    await this.#write("outbox", (store) => store.delete(clientId));
  }

  close(): void {
    this.#database.close();
  }

  async wipe(): Promise<void> {
    this.#database.close();
    await remove(this.#factory, this.#name);
  }

  async wipeReceived(): Promise<void> {
    // Another connection: this one was closed when the account was left.
    const again = await IndexedStore.open(this.#factory, this.#name.slice(NAME.length));
    const received = ["meta", "conversations", "windows", "entries", "people"];
    const transaction = again.#database.transaction(received, "readwrite");
    for (const name of received) transaction.objectStore(name).clear();
    await done(transaction);
    again.close();
  }

  async #write(name: string, run: (store: IDBObjectStore) => void, options?: IDBTransactionOptions): Promise<void> {
    const transaction = this.#database.transaction(name, "readwrite", options);
    const ended = done(transaction);
    run(transaction.objectStore(name));
    await ended;
  }
}

/** What a window becomes with these entries, or null when they are to be left out. */
export function widen(kept: Window | undefined, put: Window): (Window & { readonly replaces: boolean }) | null {
  if (kept === undefined) return { ...put, replaces: false };
  const touches = put.lo <= kept.hi + 1 && put.hi >= kept.lo - 1;
  if (touches) return { lo: Math.min(kept.lo, put.lo), hi: Math.max(kept.hi, put.hi), replaces: false };
  return put.lo > kept.hi ? { ...put, replaces: true } : null;
}
