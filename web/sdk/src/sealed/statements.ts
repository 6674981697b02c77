// What the server says of a group in the journal: a `group` content.

import { fromBase64Url } from "../bytes";
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
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(new TextDecoder().decode(fromBase64Url(entry.content))) as Record<string, unknown>;
  } catch {
    return { event: "unknown" };
  }
  const { event } = fields;
  const epochRef = typeof fields.epoch_ref === "string" ? fields.epoch_ref : (entry.epoch ?? null);
  if ((event === "started" || event === "final" || event === "dropped") && epochRef !== null) return { event, epochRef };
  if (event === "alarm") return { event, device: typeof fields.device === "string" ? fields.device : null };
  return { event: "unknown" };
}
