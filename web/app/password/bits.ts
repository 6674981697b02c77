/** CNIL bits of a password (deliberation 2022-100): length × log2 of the alphabet it is drawn from. The server counts the same. */
const KINDS: readonly { readonly test: RegExp; readonly size: number }[] = [
  { test: /[a-z]/, size: 26 },
  { test: /[A-Z]/, size: 26 },
  { test: /[0-9]/, size: 10 },
  { test: /[^a-zA-Z0-9]/, size: 37 },
];

export type Strength = { readonly bits: number; readonly length: number; readonly kinds: number };

export function strength(password: string): Strength {
  const length = [...password].length;
  const present = KINDS.filter(({ test }) => test.test(password));
  const alphabet = present.reduce((sum, { size }) => sum + size, 0);
  return { bits: length === 0 ? 0 : Math.floor(length * Math.log2(alphabet)), length, kinds: present.length };
}
