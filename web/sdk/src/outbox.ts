// What was written here and is not confirmed yet. Kept on disk before it is sent, sent with one client id however often, in order
// per conversation, by one tab of the profile.

import { toBase64Url } from "./bytes";
import { writeContent, type Content } from "./fold/content";
import type { Clock } from "./host";
import { ApiProblem, CancelledError, NetworkError } from "./problem";
import type { ClientId, ConversationId, OutboxContent, OutboxItem, Sent, Time } from "./public";
import { Value } from "./readable";
import type { Seal, ToSeal } from "./seal";
import type { Store, StoredOutboxItem } from "./store";
import type { PostEntry, Protection, Receipt } from "./wire";
import { retryDelay } from "./feed";

/** How often something refused for its keys is sealed again. */
const RESEALS = 10;

export interface OutboxPorts {
  readonly clock: Clock;
  readonly store: Store;
  readonly seal: Seal;
  jitter(): number;
  uuid(): ClientId;
  live(): boolean;
  protection(id: ConversationId): Protection | null;
  post(entry: PostEntry): Promise<Receipt>;
  /** The items of this conversation changed. */
  changed(id: ConversationId): void;
  /** The other tabs should look at the store again. */
  tell(): void;
  fault(error: unknown): void;
}

interface Done {
  resolve(sent: { seq: number; time: Time }): void;
  reject(error: Error): void;
}

export class Outbox {
  readonly items = new Value<readonly OutboxItem[]>([]);
  readonly #ports: OutboxPorts;
  readonly #done = new Map<ClientId, Done>();
  readonly #sending = new Set<ConversationId>();
  /** Asked of the server at least once: it may have arrived even when no answer came. */
  readonly #tried = new Set<ClientId>();
  #leader = false;
  #closed = false;

  constructor(ports: OutboxPorts, stored: readonly StoredOutboxItem[]) {
    this.#ports = ports;
    this.items.set(inOrder(stored.map(fromStored)));
    // What an earlier page tried is not known.
    for (const item of stored) this.#tried.add(item.clientId);
  }

  of(id: ConversationId): readonly OutboxItem[] {
    return this.items.value.filter((item) => item.conversation === id);
  }

  async add(conversation: ConversationId, content: OutboxContent): Promise<Sent> {
    const item: OutboxItem = {
      clientId: this.#ports.uuid(),
      conversation,
      created: this.#ports.clock.now(),
      content,
      state: { status: "pending", attempts: 0 },
    };
    await this.#ports.store.putOutbox(toStored(item));
    const done = new Promise<{ seq: number; time: Time }>((resolve, reject) => this.#done.set(item.clientId, { resolve, reject }));
    // Whoever does not wait for the outcome sees it in the outbox.
    done.catch(() => undefined);
    this.items.set(inOrder([...this.items.value, item]));
    this.#ports.changed(conversation);
    this.#ports.tell();
    this.pump();
    return { clientId: item.clientId, done };
  }

  /** This tab is the one that sends. */
  lead(): void {
    this.#leader = true;
    this.pump();
  }

  close(): void {
    this.#closed = true;
  }

  /** Another tab changed what is stored. */
  async reload(): Promise<void> {
    const stored = await this.#ports.store.outbox();
    const here = new Map(this.items.value.map((item) => [item.clientId, item]));
    const next: OutboxItem[] = [];
    for (const one of stored) {
      const known = here.get(one.clientId);
      here.delete(one.clientId);
      const fresh = fromStored(one);
      next.push(known === undefined || known.state.status !== fresh.state.status ? fresh : known);
      if (fresh.state.status === "failed") this.#settle(one.clientId)?.reject(fresh.state.problem);
    }
    // What is sent stays until its entry comes; what another tab sent or gave up is gone from the store.
    for (const item of here.values()) if (item.state.status === "sent" || this.#sending.has(item.conversation)) next.push(item);
    this.items.set(inOrder(next));
    for (const id of new Set([...here.values(), ...next].map((item) => item.conversation))) this.#ports.changed(id);
    this.pump();
  }

  async retry(clientId: ClientId): Promise<void> {
    const item = this.#find(clientId);
    if (item?.state.status !== "failed") return;
    const again: OutboxItem = { ...item, state: { status: "pending", attempts: 0 } };
    await this.#ports.store.putOutbox(toStored(again));
    this.#replace(again);
    this.#ports.tell();
    this.pump();
  }

  async cancel(clientId: ClientId): Promise<boolean> {
    const item = this.#find(clientId);
    if (item === undefined || item.state.status === "sent") return false;
    if (item.state.status === "pending" && this.#tried.has(clientId)) return false;
    await this.#forget(item);
    this.#settle(clientId)?.reject(new CancelledError("taken back before it was sent"));
    return true;
  }

  /** The entry has come back in the journal: it is sent, whatever the answer was. */
  confirm(clientId: ClientId, seq: number, time: Time): void {
    const item = this.#find(clientId);
    this.#settle(clientId)?.resolve({ seq, time });
    if (item === undefined) return;
    this.#forget(item).catch(this.#ports.fault);
  }

  /** Everything up to this number of the conversation is folded: what was sent below it is shown by its entry. */
  folded(id: ConversationId, seq: number): void {
    const over = this.items.value.filter((item) => item.conversation === id && item.state.status === "sent" && item.state.seq <= seq);
    if (over.length === 0) return;
    this.items.set(this.items.value.filter((item) => !over.includes(item)));
    this.#ports.changed(id);
  }

  dropConversation(id: ConversationId): void {
    for (const item of this.of(id)) this.#settle(item.clientId)?.reject(new CancelledError("the conversation is gone"));
    this.items.set(this.items.value.filter((item) => item.conversation !== id));
  }

  pump(): void {
    if (!this.#leader || this.#closed || !this.#ports.live()) return;
    for (const id of new Set(this.items.value.filter((item) => item.state.status === "pending").map((item) => item.conversation))) {
      if (!this.#sending.has(id)) {
        this.#sending.add(id);
        this.#drain(id)
          .catch((error: unknown) => {
            this.#ports.fault(error);
            return false;
          })
          .then((empty) => {
            this.#sending.delete(id);
            // Something may have been added in this very moment.
            if (empty) this.pump();
          });
      }
    }
  }

  /** True when nothing waits any more; false when there is no line. */
  async #drain(id: ConversationId): Promise<boolean> {
    while (!this.#closed && this.#ports.live()) {
      const item = this.of(id).find((one) => one.state.status === "pending");
      if (item === undefined) return true;
      const again = await this.#send(item);
      if (again === null) return false;
      if (again > 0) await new Promise<void>((resolve) => this.#ports.clock.after(again, resolve));
    }
    return false;
  }

  /** How long to wait before going on; null when there is no line. */
  async #send(item: OutboxItem): Promise<number | null> {
    const attempts = item.state.status === "pending" ? item.state.attempts : 0;
    let sealing: ToSeal | null = null;
    try {
      const protection = this.#ports.protection(item.conversation);
      if (protection === null) throw goneProblem();
      const { bytes, refersTo, blobs } = encode(item.content);
      sealing = { conversation: item.conversation, protection, clientId: item.clientId, content: bytes, refersTo, blobs };
      const { bytes: content, epoch } = await this.#ports.seal.seal(sealing);
      this.#tried.add(item.clientId);
      const receipt = await this.#ports.post({
        conversation: item.conversation,
        client_id: item.clientId,
        content: toBase64Url(content),
        epoch,
        refers_to: refersTo,
        blobs: [...blobs],
      });
      await this.#ports.store.deleteOutbox(item.clientId);
      // Its entry may have come before the answer, and have taken it out already.
      if (this.#find(item.clientId) !== undefined) {
        this.#replace({ ...item, state: { status: "sent", seq: receipt.seq, time: receipt.time } });
      }
      this.#settle(item.clientId)?.resolve({ seq: receipt.seq, time: receipt.time });
      this.#ports.tell();
      return 0;
    } catch (thrown) {
      if (this.#find(item.clientId) === undefined) return 0;
      let error: unknown = thrown;
      if (thrown instanceof ApiProblem && sealing !== null && attempts < RESEALS) {
        // The keys were renewed, or have to be: nobody has to be asked.
        const again = await this.#ports.seal.refused(sealing, thrown).catch((fault: unknown) => {
          error = fault;
          return false;
        });
        if (again) {
          this.#replace({ ...item, state: { status: "pending", attempts: attempts + 1 } });
          return 0;
        }
      }
      if (error instanceof ApiProblem && !error.transient) {
        const failed: OutboxItem = { ...item, state: { status: "failed", problem: error } };
        await this.#ports.store.putOutbox(toStored(failed));
        this.#replace(failed);
        this.#settle(item.clientId)?.reject(error);
        this.#ports.tell();
        return 0;
      }
      this.#replace({ ...item, state: { status: "pending", attempts: attempts + 1 } });
      if (error instanceof ApiProblem) return error.retryAfterMs ?? retryDelay(attempts + 1, this.#ports.jitter());
      if (error instanceof NetworkError) return error.timeout ? retryDelay(attempts, this.#ports.jitter()) : null;
      throw error;
    }
  }

  #find(clientId: ClientId): OutboxItem | undefined {
    return this.items.value.find((item) => item.clientId === clientId);
  }

  #replace(item: OutboxItem): void {
    this.items.set(this.items.value.map((one) => (one.clientId === item.clientId ? item : one)));
    this.#ports.changed(item.conversation);
  }

  async #forget(item: OutboxItem): Promise<void> {
    this.items.set(this.items.value.filter((one) => one.clientId !== item.clientId));
    this.#ports.changed(item.conversation);
    await this.#ports.store.deleteOutbox(item.clientId);
    this.#ports.tell();
  }

  #settle(clientId: ClientId): Done | undefined {
    const done = this.#done.get(clientId);
    this.#done.delete(clientId);
    return done;
  }
}

function inOrder(items: readonly OutboxItem[]): readonly OutboxItem[] {
  return [...items].sort((a, b) => (a.clientId < b.clientId ? -1 : a.clientId > b.clientId ? 1 : 0));
}

function fromStored(stored: StoredOutboxItem): OutboxItem {
  const { problem, ...rest } = stored;
  return { ...rest, state: problem === null ? { status: "pending", attempts: 0 } : { status: "failed", problem: new ApiProblem(problem) } };
}

function toStored(item: OutboxItem): StoredOutboxItem {
  const { state, ...rest } = item;
  return { ...rest, problem: state.status === "failed" ? state.problem.toProblem() : null };
}

function goneProblem(): ApiProblem {
  return new ApiProblem({
    type: "urn:rempart:problem:not_a_member",
    code: "not_a_member",
    status: 403,
    title: "You are no longer a member of this conversation.",
    detail: null,
    field: null,
    retry_after_ms: null,
    incident: null,
  });
}

/** The content's bytes, what they are about, and the blobs that they name. The same for each try. */
export function encode(content: OutboxContent): { bytes: Uint8Array; refersTo: number | null; blobs: readonly string[] } {
  const written = (value: Exclude<Content, { type: "unsupported" | "invalid" | "membership" | "group" }>) => writeContent(value);
  switch (content.type) {
    case "message": {
      const blobs = content.files.flatMap((file: (typeof content.files)[number]) => (file.thumbnail === undefined ? [file.blob] : [file.blob, file.thumbnail.blob]));
      return {
        bytes: written({ type: "message", text: content.text, mentions: content.mentions, files: content.files }),
        refersTo: content.replyTo,
        blobs: [...new Set(blobs)],
      };
    }
    case "revision":
      return { bytes: written({ type: "revision", text: content.text, mentions: content.mentions }), refersTo: content.seq, blobs: [] };
    case "redaction":
      return { bytes: written({ type: "redaction" }), refersTo: content.seq, blobs: [] };
    case "reaction":
      return { bytes: written({ type: "reaction", reaction: content.reaction, on: content.on }), refersTo: content.seq, blobs: [] };
    case "details": {
      const { title, topic, avatar } = content;
      return { bytes: written({ type: "details", details: { title, topic, avatar } }), refersTo: null, blobs: avatar === null ? [] : [avatar] };
    }
  }
}

