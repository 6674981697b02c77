// The account's keyring: the seed of its identity key, sealed so that the server cannot read it. Two ways to it: the recovery code
// that the person noted, and another device of the account (by a one-time key whose short code both screens show).

import { fromBase64Url, toBase64Url } from "../bytes";
import type { AccountId } from "../public";
import { fromBase32, inGroups, toBase32 } from "./code";

const VERSION = 1;
const NONCE = 12;
const CODE = 20;
const POINT = 32;
/** Bits of the short code: so many that the server cannot make a key of its own with the same within a request's life. */
const SHORT = 60;

type Bytes = Uint8Array<ArrayBuffer>;

/** The account's secrets. */
export interface Keyring {
  /** Seed of the Ed25519 identity key, 32 bytes. */
  readonly seed: Uint8Array;
}

function text(value: string): Bytes {
  return new TextEncoder().encode(value) as Bytes;
}

function join(...parts: readonly Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A new recovery code, 160 random bits in groups of four. */
export function makeRecoveryCode(random: (bytes: Uint8Array) => void): string {
  const bytes = new Uint8Array(CODE);
  random(bytes);
  return inGroups(toBase32(bytes));
}

async function aead(secret: Uint8Array, salt: Uint8Array, info: string): Promise<CryptoKey> {
  const from = await crypto.subtle.importKey("raw", secret as Bytes, "HKDF", false, ["deriveKey"]);
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: salt as Bytes, info: text(info) },
    from,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );
}

async function sealWith(key: CryptoKey, aad: Bytes, plain: Uint8Array): Promise<Bytes> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData: aad }, key, plain as Bytes);
  return join(nonce, new Uint8Array(sealed));
}

async function openWith(key: CryptoKey, aad: Bytes, sealed: Uint8Array): Promise<Bytes | null> {
  try {
    const iv = sealed.slice(0, NONCE);
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: aad }, key, sealed.slice(NONCE)));
  } catch {
    return null;
  }
}

function write(keyring: Keyring): Bytes {
  return text(JSON.stringify({ v: 1, seed: toBase64Url(keyring.seed) }));
}

function read(bytes: Uint8Array): Keyring | null {
  try {
    const { v, seed } = JSON.parse(new TextDecoder().decode(bytes)) as { v?: unknown; seed?: unknown };
    if (v !== 1 || typeof seed !== "string") return null;
    const raw = fromBase64Url(seed);
    return raw.length === 32 ? { seed: raw } : null;
  } catch {
    return null;
  }
}

const RING = "rempart keyring 1";

/** The keyring under the recovery code: version ‖ nonce ‖ AES-256-GCM, key from HKDF-SHA-256(code, account). */
export async function sealKeyring(keyring: Keyring, code: string, account: AccountId): Promise<Uint8Array> {
  const secret = fromBase32(code, CODE);
  if (secret === null) throw new Error("not a recovery code");
  const key = await aead(secret, text(account), RING);
  return join(Uint8Array.of(VERSION), await sealWith(key, text(`${RING}\n${account}`), write(keyring)));
}

/** Null when the code is not the one, or the bytes are not a keyring of this account. */
export async function openKeyring(sealed: Uint8Array, code: string, account: AccountId): Promise<Keyring | null> {
  const secret = fromBase32(code, CODE);
  if (secret === null || sealed[0] !== VERSION) return null;
  const plain = await openWith(await aead(secret, text(account), RING), text(`${RING}\n${account}`), sealed.slice(1));
  return plain === null ? null : read(plain);
}

const LINK = "rempart link 1";

/** A new device's side of a link. The private key never leaves this object. */
export interface LinkKeys {
  readonly public: Uint8Array;
  readonly pair: CryptoKeyPair;
}

/** Null where the browser has no X25519. */
export async function makeLinkKeys(): Promise<LinkKeys | null> {
  try {
    const pair = (await crypto.subtle.generateKey({ name: "X25519" }, false, ["deriveBits"])) as CryptoKeyPair;
    return { public: new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)), pair };
  } catch {
    return null;
  }
}

/** What both screens show: three groups of four. */
export async function shortCode(publicKey: Uint8Array, account: AccountId, device: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", join(text(`${LINK}\n${account}\n${device}\n`), publicKey)));
  return inGroups(toBase32(hash.slice(0, Math.ceil(SHORT / 8))).slice(0, SHORT / 5));
}

async function agreed(mine: CryptoKey, theirs: Uint8Array, asking: Uint8Array, answering: Uint8Array): Promise<CryptoKey> {
  const other = await crypto.subtle.importKey("raw", theirs as Bytes, { name: "X25519" }, true, []);
  const secret = new Uint8Array(await crypto.subtle.deriveBits({ name: "X25519", public: other }, mine, 256));
  return aead(secret, join(asking, answering), LINK);
}

/** The keyring for a new device: version ‖ one-time public key ‖ nonce ‖ AES-256-GCM. Null where this browser cannot. */
export async function sealForLink(keyring: Keyring, publicKey: Uint8Array, account: AccountId): Promise<Uint8Array | null> {
  const own = await makeLinkKeys();
  if (own === null || publicKey.length !== POINT) return null;
  const key = await agreed(own.pair.privateKey, publicKey, publicKey, own.public);
  return join(Uint8Array.of(VERSION), own.public, await sealWith(key, text(`${LINK}\n${account}`), write(keyring)));
}

/** Null when it was not sealed for these keys. */
export async function openFromLink(sealed: Uint8Array, keys: LinkKeys, account: AccountId): Promise<Keyring | null> {
  if (sealed[0] !== VERSION || sealed.length < 1 + POINT + NONCE) return null;
  const theirs = sealed.slice(1, 1 + POINT);
  try {
    const key = await agreed(keys.pair.privateKey, theirs, keys.public, theirs);
    const plain = await openWith(key, text(`${LINK}\n${account}`), sealed.slice(1 + POINT));
    return plain === null ? null : read(plain);
  } catch {
    return null;
  }
}
