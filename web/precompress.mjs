// Compresses the built client once, so that the server only hands bytes out: a .br and a .gz beside each file worth it.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const worth = /\.(html|js|css|json|svg|txt|wasm|webmanifest)$/;
for (const entry of readdirSync("dist", { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (!entry.isFile() || !worth.test(entry.name)) continue;
  const plain = readFileSync(path);
  const twins = {
    br: brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } }),
    gz: gzipSync(plain, { level: 9 }),
  };
  for (const [ending, bytes] of Object.entries(twins)) {
    if (bytes.length < plain.length * 0.95) writeFileSync(`${path}.${ending}`, bytes);
  }
}
