// Sealed conversations as the account sees them: light, in every tab. What is heavy is loaded by the tab that drives; the others read
// what it keeps, and pass on to it what the person does about keys.

import { keysActions, NO_KEYS, type KeysActions, type KeysState } from "../keys/state";
import { ApiProblem, NetworkError } from "../problem";
import type { ConversationId, Readable, SealedState } from "../public";
import { Value } from "../readable";
import { clearSeal, type Seal, type ToSeal, type Unsealed } from "../seal";
import type { Entry, Problem, Protection } from "../wire";
import type { Backend, VaultReader } from "./ports";
import { decodeKept, keyOf, unb64, type Author, type GroupRecord, type Written } from "./record";
import type { Runtime, RuntimePorts } from "./runtime";

/** How long an entry that just came is waited for before it is shown as not opened yet. */
const PATIENCE_MS = 600;
const ACTION_MS = 60_000;

/** What the platform gives; null where it keeps nothing or has no workers. */
export interface SealedHost {
  reader(account: string): Promise<VaultReader>;
  backend(account: string): Promise<Backend>;
  /** Forgets everything kept of an account's keys, whichever tab has them. */
  wipe(account: string): Promise<void>;
}

export interface SidePorts extends Omit<RuntimePorts, "opened" | "changed" | "joined" | "dropped"> {
  readonly host: SealedHost | null;
  /** Contents can be read that could not be. */
  reopen(conversation: ConversationId, dropped: boolean): void;
  /** How it stands changed: what waits may be sent. */
  changed(conversation: ConversationId): void;
  /** Devices came in that know no title. */
  joined(conversation: ConversationId, seq: number, mine: boolean): void;
  /** To the other tabs. */
  tell(message: unknown): void;
}

type Action = keyof KeysActions;
type ToTabs =
  | { readonly type: "sealed"; readonly say: "opened"; readonly conversation: ConversationId; readonly dropped: boolean }
  | { readonly type: "sealed"; readonly say: "keys"; readonly state: KeysState }
  | { readonly type: "sealed"; readonly say: "ask" }
  | { readonly type: "sealed"; readonly say: "do"; readonly id: string; readonly action: Action; readonly args: readonly unknown[] }
  | { readonly type: "sealed"; readonly say: "done"; readonly id: string; readonly value?: unknown; readonly problem?: Problem };

export class SealedSide implements Seal {
  readonly keys: Readable<KeysState> & KeysActions;
  readonly #state = new Value<KeysState>(NO_KEYS);
  readonly #ports: SidePorts;
  #runtime: Runtime | null = null;
  #reader: Promise<VaultReader | null> | null = null;
  readonly #asked = new Map<string, { resolve(value: unknown): void; reject(error: Error): void; timer: unknown }>();
  #closed = false;

  constructor(ports: SidePorts) {
    this.#ports = ports;
    if (ports.host === null) this.#state.set({ ...NO_KEYS, status: "unavailable" });
    const act = <A extends Action>(action: A) => ((...args: readonly unknown[]) => this.#act(action, args)) as KeysActions[A];
    this.keys = {
      subscribe: this.#state.subscribe,
      getSnapshot: this.#state.getSnapshot,
      ...keysActions(act),
    };
    ports.tell({ type: "sealed", say: "ask" } satisfies ToTabs);
  }

  /** This tab drives. */
  lead(): void {
    const { host } = this.#ports;
    if (host === null || this.#closed) return;
    this.#lead(host).catch((error: unknown) => {
      this.#state.set({ ...NO_KEYS, status: "unavailable" });
      this.#fault(error);
    });
  }

  async #lead(host: SealedHost): Promise<void> {
    const [{ Runtime: Made }, backend] = await Promise.all([import("./runtime"), host.backend(this.#ports.account)]);
    if (this.#closed) {
      backend.close();
      return;
    }
    const runtime = await Made.open(
      {
        ...this.#ports,
        opened: (conversation) => this.#opened(conversation, false),
        dropped: (conversation) => this.#opened(conversation, true),
      },
      backend,
    );
    this.#runtime = runtime;
    const show = () => {
      this.#state.set(runtime.keys.state.value);
      this.#ports.tell({ type: "sealed", say: "keys", state: runtime.keys.state.value } satisfies ToTabs);
    };
    runtime.keys.state.subscribe(show);
    show();
    for (const { conversation } of this.#ports.conversations()) this.#opened(conversation, false);
  }

  close(): void {
    this.#closed = true;
    this.#runtime?.close();
    this.#runtime = null;
  }

  /** What tells the key log that this device gives up its keys, to be published at sign-out; null where it has none here. */
  async farewell(): Promise<Uint8Array | null> {
    const device = this.#runtime?.keys.device ?? null;
    return device === null ? null : device.revocationEntry(this.#ports.device);
  }

  /** After `close`: forgets the keys and everything opened. */
  async wipe(): Promise<void> {
    await this.#ports.host?.wipe(this.#ports.account);
  }

  // ── What the account hears ──

  live(): void {
    this.#runtime?.live();
  }
  onEntry(conversation: ConversationId, entry: Entry): void {
    this.#runtime?.engine?.onEntry(conversation, entry);
  }
  onHead(conversation: ConversationId, head: number): void {
    this.#runtime?.engine?.onHead(conversation, head);
  }
  onWelcome(): void {
    this.#runtime?.engine?.welcomes().catch((error: unknown) => this.#fault(error));
  }
  onKeys(): void {
    this.#runtime?.heard();
  }
  drop(conversation: ConversationId): void {
    this.#runtime?.engine?.drop(conversation);
  }
  /** Makes the group of a conversation that was just created here. */
  start(conversation: ConversationId): void {
    this.#runtime?.engine?.start(conversation).catch((error: unknown) => this.#fault(error));
  }

  state(conversation: ConversationId, protection: Protection): SealedState | null {
    if (protection === "open") return null;
    if (this.#runtime === null) return "elsewhere";
    const record = this.#runtime.engine?.record(conversation) ?? null;
    if (record === null) return "waiting";
    if (record.alarm !== null || this.#state.value.alarm !== null) return "alarm";
    return record.state === "in" && record.refused === null ? "ready" : "lost";
  }

  // ── Seal ──

  async seal(item: ToSeal): Promise<{ bytes: Uint8Array; epoch: string | null }> {
    if (item.protection === "open") return clearSeal.seal(item);
    if (item.protection === "recorded") throw new Error("this client cannot write in recorded conversations");
    const engine = this.#runtime?.engine ?? null;
    if (engine === null) throw new NetworkError("this device has no keys yet");
    return engine.seal(item.conversation, item.clientId, item.content, item.refersTo, item.blobs);
  }

  async refused(item: ToSeal, problem: ApiProblem): Promise<boolean> {
    if (item.protection === "open") return false;
    return (await this.#runtime?.engine?.refused(item.conversation, problem)) ?? false;
  }

  async open(conversation: ConversationId, protection: Protection, entry: Entry): Promise<Unsealed> {
    if (protection === "open" || entry.kind !== "content") return clearSeal.open(conversation, protection, entry);
    if (entry.content == null) return { state: "erased" };
    const found = await this.#look(conversation, entry);
    if (found !== null) return found;
    const engine = this.#runtime?.engine ?? null;
    if (engine === null || engine.record(conversation) === null) return { state: "waiting" };
    const came = await Promise.race([engine.reached(conversation, entry.seq), new Promise<false>((resolve) => this.#ports.after(PATIENCE_MS, () => resolve(false)))]);
    return (came ? await this.#look(conversation, entry) : null) ?? { state: "waiting" };
  }

  async #look(conversation: ConversationId, entry: Entry): Promise<Unsealed | null> {
    try {
      return await this.#kept(conversation, entry);
    } catch (error) {
      // The store was cleared and made anew.
      this.#reader = null;
      this.#fault(error);
      return null;
    }
  }

  async #kept(conversation: ConversationId, entry: Entry): Promise<Unsealed | null> {
    const reader = await this.#vault();
    if (reader === null) return { state: "locked" };
    const record = await this.#record(reader, conversation);
    if (record?.dropped.includes(entry.epoch ?? "") === true) return { state: "dropped" };
    const [opened, author] = await reader.getAll([keyOf.opened(conversation, entry.seq), keyOf.author(conversation, entry.seq)]);
    if (opened != null) {
      // Whose it is shown to be is whose it was when it was opened, whatever the server says now.
      const by = author == null ? null : decodeKept<Author>(author);
      if (by !== null && by.account === entry.account && by.device === entry.device) return { state: "clear", content: opened };
      this.#runtime?.engine?.distrust(conversation);
      return { state: "locked" };
    }
    if (entry.device === this.#ports.device && entry.account === this.#ports.account) {
      const written = await reader.get(keyOf.written(conversation, entry.client_id));
      if (written !== null) return { state: "clear", content: unb64(decodeKept<Written>(written).content) };
    }
    return record !== null && entry.seq <= record.cursor ? { state: "locked" } : null;
  }

  async #record(reader: VaultReader, conversation: ConversationId): Promise<GroupRecord | null> {
    const engine = this.#runtime?.engine;
    if (engine !== null && engine !== undefined) return engine.record(conversation);
    const kept = await reader.get(keyOf.record(conversation));
    return kept === null ? null : decodeKept<GroupRecord>(kept);
  }

  #vault(): Promise<VaultReader | null> {
    this.#reader ??= this.#ports.host === null ? Promise.resolve(null) : this.#ports.host.reader(this.#ports.account);
    return this.#reader;
  }

  // ── Between tabs ──

  hear(message: unknown): void {
    const said = message as ToTabs;
    switch (said.say) {
      case "opened":
        this.#ports.reopen(said.conversation, said.dropped);
        return;
      case "keys":
        if (this.#runtime === null) this.#state.set(said.state);
        return;
      case "ask":
        if (this.#runtime !== null) this.#ports.tell({ type: "sealed", say: "keys", state: this.#state.value } satisfies ToTabs);
        return;
      case "do":
        if (this.#runtime !== null) this.#doFor(this.#runtime, said);
        return;
      case "done": {
        const waiting = this.#asked.get(said.id);
        this.#asked.delete(said.id);
        this.#ports.cancel(waiting?.timer);
        if (said.problem === undefined) waiting?.resolve(said.value);
        else waiting?.reject(new ApiProblem(said.problem));
      }
    }
  }

  #doFor(runtime: Runtime, { id, action, args }: Extract<ToTabs, { say: "do" }>): void {
    this.#call(runtime, action, args)
      .then((value) => this.#ports.tell({ type: "sealed", say: "done", id, value } satisfies ToTabs))
      .catch((error: unknown) => {
        const problem = error instanceof ApiProblem ? error.toProblem() : fault();
        this.#ports.tell({ type: "sealed", say: "done", id, problem } satisfies ToTabs);
      });
  }

  #call(runtime: Runtime, action: Action, args: readonly unknown[]): Promise<unknown> {
    const run = runtime.keys[action] as (...args: readonly unknown[]) => Promise<unknown>;
    return run.apply(runtime.keys, [...args]);
  }

  #act(action: Action, args: readonly unknown[]): Promise<unknown> {
    if (this.#runtime !== null) return this.#call(this.#runtime, action, args);
    const id = this.#ports.uuid();
    return new Promise((resolve, reject) => {
      const timer = this.#ports.after(ACTION_MS, () => {
        this.#asked.delete(id);
        reject(new NetworkError("the tab that holds the keys did not answer", { timeout: true }));
      });
      this.#asked.set(id, { resolve, reject, timer });
      this.#ports.tell({ type: "sealed", say: "do", id, action, args } satisfies ToTabs);
    });
  }

  #opened(conversation: ConversationId, dropped: boolean): void {
    this.#ports.reopen(conversation, dropped);
    this.#ports.tell({ type: "sealed", say: "opened", conversation, dropped } satisfies ToTabs);
  }

  #fault(error: unknown): void {
    if (!this.#closed && !(error instanceof NetworkError)) this.#ports.fault(error);
  }
}

function fault(): Problem {
  return { type: "urn:rempart:problem:keys_fault", code: "keys_fault", status: 500, title: "The keys could not be changed.", detail: null, field: null, retry_after_ms: null, incident: null };
}
