// The one place where content becomes the bytes that travel and back. Asynchronous, as it is once a worker encrypts.

import type { ConversationId } from "./public";
import type { Entry, Protection } from "./wire";
import { fromBase64Url } from "./bytes";

export interface Seal {
  /** Content bytes to what is posted. */
  seal(conversation: ConversationId, protection: Protection, content: Uint8Array): Promise<Uint8Array>;
  /** What stands in the journal to content bytes; null when erased. Rejects when it cannot be opened. */
  open(conversation: ConversationId, entry: Entry): Promise<Uint8Array | null>;
}

/** `open` conversations: what travels is the content itself. */
export const clearSeal: Seal = {
  async seal(_conversation, protection, content) {
    if (protection !== "open") throw new Error(`this client cannot write in a conversation that is ${protection}`);
    return content;
  },
  async open(_conversation, entry) {
    return entry.content == null ? null : fromBase64Url(entry.content);
  },
};
