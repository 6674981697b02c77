// The fold against the golden files that the Rust one is held to: in order, and in every other order of arrival.

import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromBase64Url } from "../bytes";
import type { EntryKind, MemberRole } from "../wire";
import { Fold, type OpenEntry } from "./fold";

const GOLDEN = new URL("../../../../crates/content/golden/", import.meta.url);

interface GoldenEntry {
  seq: number;
  kind: EntryKind;
  account: string | null;
  time: number;
  refers_to: number | null;
  /** An object: its JSON is the content. A string: it is the content. Null: erased. */
  content?: unknown;
  /** base64url, where the content is not UTF-8. */
  bytes?: string;
}
interface Golden {
  name: string;
  seed: Record<string, MemberRole>;
  entries: GoldenEntry[];
  view: unknown;
}

function bytesOf(entry: GoldenEntry): Uint8Array | null {
  if (entry.bytes !== undefined) return fromBase64Url(entry.bytes);
  if (entry.content == null) return null;
  return new TextEncoder().encode(typeof entry.content === "string" ? entry.content : JSON.stringify(entry.content));
}

function open(entry: GoldenEntry): OpenEntry {
  return {
    seq: entry.seq,
    kind: entry.kind,
    account: entry.account,
    time: new Date(entry.time).toISOString(),
    refersTo: entry.refers_to,
    content: bytesOf(entry),
  };
}

/** The fold's view as the golden files write it. */
function plain(fold: Fold): unknown {
  const millis = (time: string | null) => (time === null ? null : Date.parse(time));
  return {
    details: fold.details(),
    members: Object.fromEntries(fold.members()),
    messages: fold.messages().map((message) => ({
      seq: message.seq,
      account: message.account,
      time: millis(message.time),
      text: message.text,
      mentions: message.mentions,
      files: message.files.map((file) => ({ width: null, height: null, thumbnail: null, ...file })),
      reply_to: message.replyTo,
      revised: millis(message.revised),
      redacted: message.redacted === null ? null : { by: message.redacted.by, time: millis(message.redacted.time) },
      erased: message.erased,
      unsupported: message.unsupported,
      reactions: Object.fromEntries(message.reactions),
    })),
  };
}

const files = readdirSync(GOLDEN).filter((file) => file.endsWith(".json"));

test("there are golden files", () => expect(files.length).toBeGreaterThan(30));

describe.each(files)("%s", (file) => {
  const golden = JSON.parse(readFileSync(new URL(file, GOLDEN), "utf8")) as Golden;
  const entries = golden.entries.map(open);
  const seed = new Map(Object.entries(golden.seed));

  test(golden.name, () => {
    const fold = new Fold(seed);
    for (const entry of entries) {
      fold.apply(entry);
      // Reading between two entries must not fix what a later one changes.
      fold.messages();
    }
    expect(plain(fold)).toEqual(golden.view);
  });

  // One that is given twice, the second time erased, was once whole: there the order tells.
  const once = new Set(entries.map((entry) => entry.seq)).size === entries.length;
  if (!once) return;

  test("and in any order, with duplicates", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: Math.max(0, entries.length - 1) })), fc.shuffledSubarray(entries, { minLength: entries.length }), (twice, order) => {
        const fold = new Fold(seed);
        const again = twice.flatMap((at) => entries[at] ?? []);
        for (const entry of [...again, ...order]) {
          fold.apply(entry);
          fold.messages();
        }
        expect(plain(fold)).toEqual(golden.view);
      }),
      { numRuns: 30 },
    );
  });
});
