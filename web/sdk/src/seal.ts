// The one place where content becomes the bytes that travel and back.

import type { ApiProblem } from "./problem";
import type { ClientId, ConversationId } from "./public";
import type { Entry, Protection } from "./wire";
import { fromBase64Url } from "./bytes";

/** Something to write: its content's bytes, and what the server is told of it. */
export interface ToSeal {
  readonly conversation: ConversationId;
  readonly protection: Protection;
  readonly clientId: ClientId;
  readonly content: Uint8Array;
  readonly refersTo: number | null;
  readonly blobs: readonly string[];
}

/** What an entry held. `waiting`: not opened yet; `locked`: it cannot be opened here; `dropped`: it does not count. */
export type Unsealed =
  | { readonly state: "clear"; readonly content: Uint8Array }
  | { readonly state: "erased" | "waiting" | "locked" | "dropped" };

export interface Seal {
  /** Content bytes to what is posted. Rejects with NetworkError when that has to wait. */
  seal(item: ToSeal): Promise<{ readonly bytes: Uint8Array; readonly epoch: string | null }>;
  /** The server refused what was sealed; true when it can be sealed and sent again. */
  refused(item: ToSeal, problem: ApiProblem): Promise<boolean>;
  /** What stands in the journal to what it held. Never rejects. */
  open(conversation: ConversationId, protection: Protection, entry: Entry): Promise<Unsealed>;
}

/** `open` conversations: what travels is the content itself. */
export const clearSeal: Seal = {
  async seal({ protection, content }) {
    if (protection !== "open") throw new Error(`this client cannot write in a conversation that is ${protection}`);
    return { bytes: content, epoch: null };
  },
  async refused() {
    return false;
  },
  async open(_conversation, _protection, entry) {
    if (entry.content == null) return { state: "erased" };
    return { state: "clear", content: fromBase64Url(entry.content) };
  },
};
