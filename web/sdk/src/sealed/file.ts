// Files of sealed conversations: sealed before they leave, opened after they came. The format is that of the `capsule` engine.
//
// file   = suite 1 ‖ com 32 ‖ chunks, each AES-256-GCM with its tag last; every chunk but the last holds 1 MiB
// com    = HKDF-SHA-256(key, no salt, "rempart file 1 commit", 32)
// chunk key 32 ‖ prefix 7 = HKDF-SHA-256(key, no salt, "rempart file 1 chunks", 39)
// nonce  = prefix ‖ number u32 ‖ last u8

import { DamagedFile } from "../problem";
import { sameBytes } from "./record";

type Bytes = Uint8Array<ArrayBuffer>;

export const CHUNK = 1 << 20;
const TAG = 16;
const HEADER = 33;
const SUITE = 1;

interface Cipher {
  readonly com: Bytes;
  readonly key: CryptoKey;
  readonly prefix: Bytes;
}

async function cipherOf(fileKey: Uint8Array): Promise<Cipher> {
  const from = await crypto.subtle.importKey("raw", fileKey as Bytes, "HKDF", false, ["deriveBits"]);
  const derive = async (info: string, length: number): Promise<Bytes> =>
    new Uint8Array(await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: new TextEncoder().encode(info) }, from, length * 8));
  const [com, derived] = await Promise.all([derive("rempart file 1 commit", 32), derive("rempart file 1 chunks", 39)]);
  const key = await crypto.subtle.importKey("raw", derived.slice(0, 32), "AES-GCM", false, ["encrypt", "decrypt"]);
  return { com, key, prefix: derived.slice(32) };
}

function nonce(prefix: Bytes, number: number, last: boolean): Bytes {
  const iv = new Uint8Array(12);
  iv.set(prefix);
  new DataView(iv.buffer).setUint32(7, number);
  iv[11] = last ? 1 : 0;
  return iv;
}

/** Seals a file under a key that seals nothing else. One chunk is in memory at a time. */
export async function sealFile(file: Blob, fileKey: Uint8Array): Promise<Blob> {
  const { com, key, prefix } = await cipherOf(fileKey);
  const parts: (Blob | Bytes)[] = [Uint8Array.of(SUITE), com];
  const chunks = Math.max(1, Math.ceil(file.size / CHUNK));
  for (let number = 0; number < chunks; number++) {
    const plain = await file.slice(number * CHUNK, (number + 1) * CHUNK).arrayBuffer();
    const iv = nonce(prefix, number, number === chunks - 1);
    // As a Blob, so that the browser may put it on disk.
    parts.push(new Blob([await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, plain)]));
  }
  return new Blob(parts, { type: "application/octet-stream" });
}

/** Opens a sealed file as it comes. Rejects with DamagedFile for anything that is not wholly what was sealed. */
export async function openFile(sealed: ReadableStream<Uint8Array>, fileKey: Uint8Array, mediaType: string): Promise<Blob> {
  const { com, key, prefix } = await cipherOf(fileKey);
  const parts: Blob[] = [];
  let number = 0;
  const open = async (chunk: Bytes, last: boolean): Promise<void> => {
    if (chunk.length < TAG || (chunk.length === TAG && number > 0)) throw new DamagedFile("a part is missing");
    try {
      parts.push(new Blob([await crypto.subtle.decrypt({ name: "AES-GCM", iv: nonce(prefix, number, last) }, key, chunk)]));
    } catch {
      throw new DamagedFile(`part ${number} is damaged or out of place`);
    }
    number += 1;
  };
  const taken = new Taken(sealed);
  const header = await taken.take(HEADER);
  if (header[0] !== SUITE || !sameBytes(header.subarray(1), com)) throw new DamagedFile("the file was not sealed with this key");
  for (;;) {
    const chunk = await taken.take(CHUNK + TAG);
    const last = await taken.ended();
    await open(chunk, last);
    if (last) break;
  }
  return new Blob(parts, { type: mediaType });
}

/** Takes bytes from a stream in pieces of one's own size. */
class Taken {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #held: Uint8Array[] = [];
  #length = 0;
  #over = false;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  async #fill(length: number): Promise<void> {
    while (this.#length < length && !this.#over) {
      const { value, done } = await this.#reader.read();
      if (done) {
        this.#over = true;
      } else {
        this.#held.push(value);
        this.#length += value.length;
      }
    }
  }

  /** As many bytes, or what is left. */
  async take(length: number): Promise<Bytes> {
    await this.#fill(length);
    const out = new Uint8Array(Math.min(length, this.#length));
    let at = 0;
    while (at < out.length) {
      const first = this.#held[0];
      if (first === undefined) break;
      const part = first.subarray(0, out.length - at);
      out.set(part, at);
      at += part.length;
      if (part.length === first.length) this.#held.shift();
      else this.#held[0] = first.subarray(part.length);
    }
    this.#length -= out.length;
    return out;
  }

  async ended(): Promise<boolean> {
    await this.#fill(1);
    return this.#length === 0;
  }
}
