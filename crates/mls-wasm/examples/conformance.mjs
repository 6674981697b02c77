// Runs the MLS working group's vectors in WebAssembly: node conformance.mjs MODULE VECTORS BASELINE. As strict as the native one.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gunzipSync } from "node:zlib";

const [module, vectors, baseline] = process.argv.slice(2);
const { names, run } = createRequire(import.meta.url)(module);
const lines = readFileSync(baseline, "utf8").split("\n").filter((line) => line !== "" && !line.startsWith("#"));
const expected = new Map(lines.map((line) => [line.split(" ")[0], Number(line.split(" ")[1])]));
const wrong = [];
for (const name of names().split("\n")) {
  const cases = gunzipSync(readFileSync(`${vectors}/${name}.json.gz`)).toString("utf8");
  const [passed, ...words] = run(name, cases).split("\n");
  console.log(`wasm: ${words.join("\n")}`);
  if (Number(passed) !== expected.get(name)) wrong.push(`${name}: ${passed} pass, ${expected.get(name)} natively`);
}
for (const one of wrong) console.error(`conformance: ${one}`);
process.exit(wrong.length === 0 ? 0 : 1);
