// The same store for browsers that keep nothing (private windows, full disks): everything is gone with the page.

import type { ClientId, ComposerDraft, ConversationId } from "./public";
import type { Loaded, Store, StoredConversation, StoredOutboxItem, Window } from "./store";
import { widen } from "./store";
import type { Entry, Person } from "./wire";

export class MemoryStore implements Store {
  #accountSeq = 0;
  readonly #conversations = new Map<ConversationId, StoredConversation>();
  readonly #windows = new Map<ConversationId, Window>();
  readonly #entries = new Map<ConversationId, Map<number, Entry>>();
  readonly #people = new Map<string, Person>();
  readonly #drafts = new Map<ConversationId, ComposerDraft>();
  readonly #outbox = new Map<ClientId, StoredOutboxItem>();

  async load(): Promise<Loaded> {
    return {
      accountSeq: this.#accountSeq,
      conversations: [...this.#conversations.values()],
      windows: new Map(this.#windows),
      people: [...this.#people.values()],
      drafts: new Map(this.#drafts),
      outbox: await this.outbox(),
    };
  }
  async setAccountSeq(seq: number): Promise<void> {
    this.#accountSeq = seq;
  }
  async putConversation(stored: StoredConversation): Promise<void> {
    this.#conversations.set(stored.conversation.conversation, stored);
  }
  async dropConversation(id: ConversationId): Promise<void> {
    for (const kept of [this.#conversations, this.#windows, this.#entries, this.#drafts]) kept.delete(id);
    for (const item of [...this.#outbox.values()]) if (item.conversation === id) this.#outbox.delete(item.clientId);
  }
  async putEntries(id: ConversationId, entries: readonly Entry[]): Promise<void> {
    const [first, last] = [entries[0], entries.at(-1)];
    if (first === undefined || last === undefined) return;
    const next = widen(this.#windows.get(id), { lo: first.seq, hi: last.seq });
    if (next === null) return;
    const kept = next.replaces ? new Map<number, Entry>() : (this.#entries.get(id) ?? new Map<number, Entry>());
    for (const entry of entries) kept.set(entry.seq, entry);
    this.#entries.set(id, kept);
    this.#windows.set(id, { lo: next.lo, hi: next.hi });
  }
  async readEntries(id: ConversationId, before: number, limit: number): Promise<readonly Entry[]> {
    const kept = this.#entries.get(id);
    const found: Entry[] = [];
    for (let seq = Math.max(0, before - limit); seq < before; seq++) {
      const entry = kept?.get(seq);
      if (entry !== undefined) found.push(entry);
    }
    return found;
  }
  async eraseEntry(id: ConversationId, seq: number): Promise<void> {
    const kept = this.#entries.get(id);
    const entry = kept?.get(seq);
    if (entry !== undefined) kept?.set(seq, { ...entry, content: null, salt: null });
  }
  async putPeople(people: readonly Person[]): Promise<void> {
    for (const person of people) this.#people.set(person.account, person);
  }
  async setDraft(id: ConversationId, draft: ComposerDraft | null): Promise<void> {
    if (draft === null) this.#drafts.delete(id);
    else this.#drafts.set(id, draft);
  }
  async outbox(): Promise<readonly StoredOutboxItem[]> {
    return [...this.#outbox.values()].sort((a, b) => (a.clientId < b.clientId ? -1 : 1));
  }
  async putOutbox(item: StoredOutboxItem): Promise<void> {
    this.#outbox.set(item.clientId, item);
  }
  async deleteOutbox(clientId: ClientId): Promise<void> {
    this.#outbox.delete(clientId);
  }
  close(): void {}
  async wipe(): Promise<void> {
    this.#accountSeq = 0;
    for (const kept of [this.#conversations, this.#windows, this.#entries, this.#people, this.#drafts, this.#outbox]) kept.clear();
  }
  async wipeReceived(): Promise<void> {
    for (const kept of [this.#conversations, this.#windows, this.#entries, this.#people]) kept.clear();
  }
}
