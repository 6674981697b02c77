/**
 * CNIL bits of a password (deliberation 2022-100): length × log2 of the alphabet its characters come from, rounded down.
 * Word for word what the server counts: a part said several times, a run of one character and a sequence such as `abcd`
 * count once. Whoever administers needs more of them.
 */
import type { Role } from "@sdk";

const KINDS: readonly { readonly test: RegExp; readonly size: number }[] = [
  { test: /[a-z]/, size: 26 },
  { test: /[A-Z]/, size: 26 },
  { test: /[0-9]/, size: 10 },
  { test: /[ -/:-@[-`{-~]/, size: 33 },
  { test: /[^\u0000-\u007f]/u, size: 40 },
];
const LONGEST = 256;
const PRIVILEGED_BITS = 80;

export type Strength = { readonly bits: number; readonly length: number; readonly kinds: number };

/** The shortest beginning whose repetition makes the text. */
function toldOnce(text: readonly string[]): readonly string[] {
  for (let n = 1; n <= text.length / 2; n += 1) if (text.every((char, i) => char === text[i % n])) return text.slice(0, n);
  return text;
}

/** Length where characters that follow from the two before them are not counted. */
function runs(text: readonly string[]): number {
  const codes = text.map((char) => char.codePointAt(0) ?? 0);
  let followed = 0;
  for (let i = 2; i < codes.length; i += 1) {
    const first = (codes[i - 1] ?? 0) - (codes[i - 2] ?? 0);
    if ((codes[i] ?? 0) - (codes[i - 1] ?? 0) === first && Math.abs(first) <= 1) followed += 1;
  }
  return codes.length - followed;
}

export function strength(password: string): Strength {
  const text = [...password];
  const once = toldOnce(text);
  const present = KINDS.filter(({ test }) => once.some((char) => test.test(char)));
  const alphabet = present.reduce((sum, { size }) => sum + size, 0);
  const bits = alphabet < 2 ? 0 : Math.floor(Math.min(runs(once), LONGEST) * Math.log2(alphabet));
  return { bits, length: text.length, kinds: present.length };
}

/** Bits that a password of this role must have here. */
export const requiredBits = (ordinary: number, role: Role): number => (role === "owner" || role === "admin" ? Math.max(ordinary, PRIVILEGED_BITS) : ordinary);
