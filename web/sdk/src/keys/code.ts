// Words that people copy: base32 (Crockford's alphabet, without letters that look like digits), in groups of four.

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

export function toBase32(bytes: Uint8Array): string {
  let out = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held & 0x1f) << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += ALPHABET[(held >> bits) & 0x1f] ?? "";
    }
  }
  if (bits > 0) out += ALPHABET[(held << (5 - bits)) & 0x1f] ?? "";
  return out;
}

/** Reads what somebody typed: case, spaces and hyphens do not matter, O is 0, I and L are 1. Null when it is something else. */
export function fromBase32(text: string, length: number): Uint8Array | null {
  const plain = text.toUpperCase().replaceAll(/[\s\-–—·.]/gu, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  if (plain.length !== Math.ceil((length * 8) / 5)) return null;
  const out = new Uint8Array(length);
  let at = 0;
  let bits = 0;
  let held = 0;
  for (const character of plain) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) return null;
    held = ((held & 0xff) << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = (held >> bits) & 0xff;
    }
  }
  // What is left over must be nothing.
  return at === length && (held & ((1 << bits) - 1)) === 0 ? out : null;
}

export function inGroups(text: string): string {
  return text.match(/.{1,4}/g)?.join("-") ?? "";
}
