// What the server says of a group in the journal: a `group` content.

import { fromBase64Url } from "../bytes";
import { readContent } from "../fold/content";
import type { Entry } from "../wire";

export type GroupWord =
  | { readonly event: "started"; readonly epochRef: string }
  | { readonly event: "final"; readonly epochRef: string }
  /** The chain after `epochRef` is dropped. */
  | { readonly event: "dropped"; readonly epochRef: string }
  | { readonly event: "alarm"; readonly device: string | null }
  | { readonly event: "unknown" };

/** Reads a `group` entry. Never throws. */
export function readGroupWord(entry: Entry): GroupWord {
  if (entry.content == null) return { event: "unknown" };
  const content = readContent(fromBase64Url(entry.content));
  if (content.type !== "group") return { event: "unknown" };
  switch (content.what) {
    case "started":
      return { event: "started", epochRef: content.epoch };
    case "final": {
      const last = content.epochs.at(-1);
      return last === undefined ? { event: "unknown" } : { event: "final", epochRef: last };
    }
    case "dropped":
      return { event: "dropped", epochRef: content.to };
    case "alarm":
      return { event: "alarm", device: content.device };
  }
}
