import fc from "fast-check";
import { expect, test } from "vitest";
import { Fold, type OpenEntry } from "./fold";
import { LIMITS, readContent, writeContent } from "./content";

const account = fc.uuid({ version: 7 });
const blob = fc.stringMatching(/^[0-9a-f]{64}$/);

test("what is written is read again", () => {
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 200 }).filter((one) => one.isWellFormed() && /\P{White_Space}/u.test(one));
  const file = fc.record({ blob, name: fc.stringMatching(/^[a-z0-9. ]{1,40}$/), size: fc.nat(), media_type: fc.constant("image/png") });
  const content = fc.oneof(
    fc.record({ type: fc.constant("message" as const), text, mentions: fc.array(account, { maxLength: 5 }), files: fc.array(file, { maxLength: 3 }) }),
    fc.record({ type: fc.constant("revision" as const), text, mentions: fc.array(account, { maxLength: 5 }) }),
    fc.constant({ type: "redaction" as const }),
    fc.record({ type: fc.constant("reaction" as const), reaction: fc.constantFrom("seen", "👍"), on: fc.boolean() }),
    fc.record({ type: fc.constant("details" as const), details: fc.record({ title: text.map((one) => one.slice(0, 20).toWellFormed()), topic: fc.option(text.map((one) => one.slice(0, 20).toWellFormed())), avatar: fc.option(blob) }) }),
  );
  fc.assert(
    fc.property(content, (one) => {
      expect(readContent(writeContent(one))).toEqual(one);
    }),
  );
});

test("half of an emoji does not spoil the message", () => {
  expect(readContent(writeContent({ type: "message", text: "ah \ud83d", mentions: [], files: [] }))).toMatchObject({ text: "ah \ufffd" });
});

test("whatever the bytes, reading does not throw", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void readContent(bytes)));
  fc.assert(fc.property(fc.json(), (json) => void readContent(new TextEncoder().encode(json))));
  expect(readContent(new Uint8Array(LIMITS.content + 1)).type).toBe("unsupported");
});

test("a hundred thousand messages, in pages from the newest to the oldest, stay quick", () => {
  const bytes = writeContent({ type: "message", text: "bonjour", mentions: [], files: [] });
  const entry = (seq: number): OpenEntry => ({
    seq, kind: "content", account: "0190b3c4-0000-7000-8000-00000000000a", time: "", refersTo: seq % 7 === 0 ? seq - 3 : null, content: bytes,
  });
  const fold = new Fold();
  const before = performance.now();
  for (let page = 1_000; page > 0; page--) {
    for (let seq = (page - 1) * 100 + 1; seq <= page * 100; seq++) fold.apply(entry(seq));
    if (page % 50 === 0) fold.messages();
  }
  expect(fold.messages()).toHaveLength(100_000);
  // Generous: a fold that looks at everything for each entry takes minutes.
  expect(performance.now() - before).toBeLessThan(20_000);
}, 30_000);
