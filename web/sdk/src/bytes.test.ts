import fc from "fast-check";
import { expect, test } from "vitest";
import { fromBase64Url, toBase64Url, uuidMaker } from "./bytes";

test("base64url there and back, as others write it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = toBase64Url(bytes);
      expect(text).toBe(Buffer.from(bytes).toString("base64url"));
      expect([...fromBase64Url(text)]).toEqual([...bytes]);
    }),
  );
  expect(toBase64Url(new Uint8Array(100_000)).length).toBe(133_334);
  expect(() => fromBase64Url("%")).toThrow();
});

test("UUIDv7 grow, also within a millisecond and when the clock goes back", () => {
  let now = 1_795_349_598_000;
  const next = uuidMaker(() => now, (bytes) => bytes.fill(0xff));
  const made: string[] = [];
  for (let at = 0; at < 10_000; at++) {
    if (at === 3_000) now -= 50;
    if (at === 6_000) now += 5;
    made.push(next());
  }
  expect(made[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect([...made].sort()).toEqual(made);
  expect(new Set(made).size).toBe(made.length);
});
