// What the server says of a group in the journal: a `group` content (crates/content).

import { fromBase64Url } from "../bytes";
import type { Entry } from "../wire";

export type GroupWord =
  | { readonly what: "final"; readonly epochs: readonly string[] }
  /** Everything after `to` is dropped. */
  | { readonly what: "dropped"; readonly to: string; readonly epochs: readonly string[] }
  /** Someone contradicted what others say of an epoch; nothing is to be done. */
  | { readonly what: "other" };

const OTHER: GroupWord = { what: "other" };

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

/** Reads a `group` entry. Never throws. */
export function readGroupWord(entry: Entry): GroupWord {
  if (entry.content == null) return OTHER;
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(new TextDecoder().decode(fromBase64Url(entry.content))) as Record<string, unknown>;
  } catch {
    return OTHER;
  }
  const { what, epochs, to } = fields;
  if (!isNames(epochs)) return OTHER;
  if (what === "final") return { what, epochs };
  return what === "dropped" && typeof to === "string" ? { what, to, epochs } : OTHER;
}
