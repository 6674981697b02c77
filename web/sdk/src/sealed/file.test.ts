import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { DamagedFile } from "../problem";
import { CHUNK, openFile, sealFile } from "./file";

const key = crypto.getRandomValues(new Uint8Array(32));
const hex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));
const bytesOf = async (blob: Blob) => new Uint8Array(await blob.arrayBuffer());
/** As a network gives it: in pieces of no particular size. */
function stream(bytes: Uint8Array, piece = 70_001): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(to) {
      if (at >= bytes.length) to.close();
      else to.enqueue(bytes.slice(at, (at += piece)));
    },
  });
}
const filled = (length: number) => new Uint8Array(length).map((_, at) => (at * 31) % 251);

test("the engine's own vector, both ways", async () => {
  const vectors = JSON.parse(readFileSync(new URL("../../../../crates/capsule/vectors/capsule.json", import.meta.url), "utf8")) as { file: { key: string; plain: string; sealed: string } };
  const { key: fileKey, plain, sealed } = vectors.file;
  expect(await bytesOf(await sealFile(new Blob([hex(plain)]), hex(fileKey)))).toEqual(hex(sealed));
  expect(await bytesOf(await openFile(stream(hex(sealed), 5), hex(fileKey), "text/plain"))).toEqual(hex(plain));
});

test.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 5])("a file of %i bytes comes back", async (length) => {
  const plain = filled(length);
  const sealed = await bytesOf(await sealFile(new Blob([plain]), key));
  expect(sealed.length).toBe(33 + length + 16 * Math.max(1, Math.ceil(length / CHUNK)));
  const opened = await openFile(stream(sealed), key, "image/png");
  expect(opened.type).toBe("image/png");
  expect(Buffer.compare(await bytesOf(opened), plain)).toBe(0);
});

describe("what is not wholly the file is none of it", () => {
  const made = async () => bytesOf(await sealFile(new Blob([filled(2 * CHUNK + 5)]), key));
  const refused = (bytes: Uint8Array, by = key) => expect(openFile(stream(bytes), by, "")).rejects.toBeInstanceOf(DamagedFile);
  const chunk = CHUNK + 16;

  test("another key, another suite, a changed byte", async () => {
    const sealed = await made();
    await refused(sealed, crypto.getRandomValues(new Uint8Array(32)));
    for (const at of [0, 1, 33, sealed.length - 1]) {
      const changed = sealed.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      await refused(changed);
    }
  });

  test("cut off at a chunk's end, exchanged, repeated, with something after it", async () => {
    const sealed = await made();
    const head = sealed.subarray(0, 33);
    const [one, two, end] = [sealed.subarray(33, 33 + chunk), sealed.subarray(33 + chunk, 33 + 2 * chunk), sealed.subarray(33 + 2 * chunk)];
    for (const parts of [[head], [head, one, two], [head, two, one, end], [head, one, one, two, end], [head, one, end], [head, one, two, end, end]]) {
      await refused(new Uint8Array(Buffer.concat(parts)));
    }
  });
});
