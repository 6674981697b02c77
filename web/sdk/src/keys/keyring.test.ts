import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromBase32, toBase32 } from "./code";
import { makeLinkKeys, makeRecoveryCode, openFromLink, openKeyring, sealForLink, sealKeyring, shortCode } from "./keyring";

const ACCOUNT = "0190b3c4-0000-7000-8000-00000000000a";
const OTHER = "0190b3c4-0000-7000-8000-00000000000b";
const DEVICE = "0190b3c4-0000-7000-8000-0000000000d1";
const seed = Uint8Array.from({ length: 32 }, (_, at) => at);
const random = (bytes: Uint8Array) => void crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);

describe("base32", () => {
  test("comes back, however it was typed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (bytes) => {
        const text = toBase32(bytes);
        expect(text).toHaveLength(32);
        expect(fromBase32(text, 20)).toEqual(bytes);
        const typed = ` ${text.toLowerCase().replaceAll("0", "o").replaceAll("1", "l").match(/.{1,5}/g)?.join(" - ") ?? ""}`;
        expect(fromBase32(typed, 20)).toEqual(bytes);
      }),
    );
  });
  test("what is no code is none", () => {
    for (const wrong of ["", "ABCD", "U".repeat(32), "0".repeat(33), "é".repeat(32)]) expect(fromBase32(wrong, 20)).toBeNull();
    // Bits left over that are not zero.
    expect(fromBase32("ZZ", 1)).toBeNull();
  });
});

describe("the keyring", () => {
  test("opens with its code and account, and with nothing else", async () => {
    const code = makeRecoveryCode(random);
    expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){7}[0-9A-HJKMNP-TV-Z]{4}$/);
    const sealed = await sealKeyring({ seed }, code, ACCOUNT);
    expect((await openKeyring(sealed, code.toLowerCase(), ACCOUNT))?.seed).toEqual(seed);
    expect(await openKeyring(sealed, makeRecoveryCode(random), ACCOUNT)).toBeNull();
    expect(await openKeyring(sealed, code, OTHER)).toBeNull();
    expect(await openKeyring(sealed, "not a code", ACCOUNT)).toBeNull();
    for (const at of [0, 1, sealed.length - 1]) {
      const changed = sealed.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(await openKeyring(changed, code, ACCOUNT)).toBeNull();
    }
  });

  test("goes to the device whose key it is, and to no other", async () => {
    const asking = await makeLinkKeys();
    const other = await makeLinkKeys();
    if (asking === null || other === null) throw new Error("this runtime has no X25519");
    const sealed = await sealForLink({ seed }, asking.public, ACCOUNT);
    if (sealed === null) throw new Error("not sealed");
    expect((await openFromLink(sealed, asking, ACCOUNT))?.seed).toEqual(seed);
    expect(await openFromLink(sealed, other, ACCOUNT)).toBeNull();
    expect(await openFromLink(sealed, asking, OTHER)).toBeNull();
    expect(await openFromLink(sealed.slice(0, 20), asking, ACCOUNT)).toBeNull();
    expect(await sealForLink({ seed }, new Uint8Array(5), ACCOUNT)).toBeNull();
  });

  test("the short code names key, account and device", async () => {
    const keys = await makeLinkKeys();
    const other = await makeLinkKeys();
    if (keys === null || other === null) throw new Error("this runtime has no X25519");
    const code = await shortCode(keys.public, ACCOUNT, DEVICE);
    expect(code).toMatch(/^.{4}-.{4}-.{4}$/);
    expect(await shortCode(keys.public, ACCOUNT, DEVICE)).toBe(code);
    expect(await shortCode(other.public, ACCOUNT, DEVICE)).not.toBe(code);
    expect(await shortCode(keys.public, OTHER, DEVICE)).not.toBe(code);
    expect(await shortCode(keys.public, ACCOUNT, ACCOUNT)).not.toBe(code);
  });
});
