// Fails when what a first visit must run (the entry chunk and all it imports at once) passes 250 kB gzip, or when
// the page breaks the content security policy: an inline script or style, or another host. The worker's WebAssembly, which is
// loaded when keys are needed, has a limit of its own.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 250_000;
const WASM_LIMIT = 900_000;
const dist = new URL("./dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));
const seen = new Set();
function take(key) {
  const chunk = manifest[key];
  if (!chunk || seen.has(chunk.file)) return;
  seen.add(chunk.file);
  for (const next of chunk.imports ?? []) take(next);
}
take("index.html");
const scripts = [...seen].filter((file) => file.endsWith(".js"));
let total = 0;
for (const file of scripts) {
  const size = gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
  total += size;
  console.log(`${(size / 1000).toFixed(1).padStart(8)} kB  ${file}`);
}
console.log(`${(total / 1000).toFixed(1).padStart(8)} kB  initial script, gzip (limit ${LIMIT / 1000} kB)`);

const assets = new URL("assets/", dist);
const modules = readdirSync(assets).filter((file) => file.endsWith(".wasm"));
let wasm = 0;
for (const file of modules) wasm += gzipSync(readFileSync(new URL(file, assets)), { level: 9 }).length;
console.log(`${(wasm / 1000).toFixed(1).padStart(8)} kB  WebAssembly, gzip (limit ${WASM_LIMIT / 1000} kB)`);

const page = readFileSync(new URL("index.html", dist), "utf8");
const faults = [];
if (scripts.length === 0) faults.push("no script was found in the build");
if (modules.length !== 1) faults.push(`the build has ${modules.length} WebAssembly modules, not one`);
if (wasm > WASM_LIMIT) faults.push(`the WebAssembly is ${wasm - WASM_LIMIT} bytes over the limit`);
if (total > LIMIT) faults.push(`the initial script is ${total - LIMIT} bytes over the limit`);
if (/<script(?![^>]*\bsrc=)[^>]*>/i.test(page)) faults.push("index.html holds an inline script");
if (/<style|\sstyle=/i.test(page)) faults.push("index.html holds an inline style");
if (/(src|href)="(https?:)?\/\//i.test(page)) faults.push("index.html names another host");
for (const fault of faults) console.error(`error: ${fault}`);
process.exit(faults.length === 0 ? 0 : 1);
