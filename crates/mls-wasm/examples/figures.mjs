// What a group costs in WebAssembly: node figures.mjs [MEMBERS…], after `cargo xtask wasm`. Milliseconds of wall clock, one thread, without
// writing to a store.
import { readFileSync } from "node:fs";
import { initSync, Installation } from "../../../web/sdk/src/mls/wasm/rempart_mls.js";

const binary = readFileSync(new URL("../../../web/sdk/src/mls/wasm/rempart_mls_bg.wasm", import.meta.url));
const sizes = process.argv.slice(2).map(Number);
const group = new Uint8Array(16).fill(1);
const id = (kind, n) => `0190b3c4-5d6e-7f80-8${kind}23-${String(n).padStart(12, "0")}`;

function timed(run) {
  const from = performance.now();
  const out = run();
  return [performance.now() - from, out];
}

function kept(device) {
  if (device.takeBatch() !== null) device.written();
}

const [load] = timed(() => initSync({ module: binary }));
console.log(`compile and start: ${load.toFixed(0)} ms`);
for (const suite of ["hybrid", "classical"]) {
  for (const members of sizes.length > 0 ? sizes : [2, 50, 100]) {
    const now = Date.now();
    const devices = [];
    const enrol = (n) => {
      const device = Installation.enrol({ account: id(1, n), device: id(2, n), guest: false, now }, new Uint8Array(32).fill(n % 251 + 1));
      kept(device);
      devices.push(device);
      return device;
    };
    const [enrolment, owner] = timed(() => enrol(0));
    for (let n = 1; n < members; n++) enrol(n);
    const beliefs = {
      directory: devices.map((device) => ({ account: device.identity().account, key: device.identity().accountKey })),
      entitled: devices.map((device) => ({ account: device.identity().account, rank: "owner" })),
      certified: [],
      serverKey: new Uint8Array(32),
      now,
    };
    const step = (device, run) => {
      const [ms, out] = timed(() => run(device));
      kept(device);
      return [ms, out];
    };
    const packages = devices.slice(1).map((device) => step(device, (d) => d.keyPackages(suite, 1, false, now)));
    const [create] = step(owner, (d) => d.create(group, suite, null, beliefs));
    const [add, added] = step(owner, (d) => d.commit(group, { add: packages.map(([, made]) => made[0]) }, beliefs));
    step(owner, (d) => d.confirm(group));
    const last = devices[members - 1];
    const [join] = step(last, (d) => d.join(added.welcome, beliefs));
    const [renew, renewed] = step(owner, (d) => d.commit(group, {}, beliefs));
    step(owner, (d) => d.confirm(group));
    const [receive] = step(last, (d) => d.receive(group, [renewed.commit], beliefs));
    const [seal, sealed] = step(last, (d) => d.seal(group, new TextEncoder().encode("x".repeat(200))));
    const [open, opened] = step(owner, (d) => d.receive(group, [sealed], beliefs));
    if (opened[0].ok?.type !== "content") throw new Error("the message was not opened");
    const figures = { enrolment, "key package": packages[0][0], create, "add all": add, join, renew, "receive it": receive, seal, open };
    const text = Object.entries(figures).map(([what, ms]) => `${what} ${ms.toFixed(1)}`).join(", ");
    console.log(`${suite}, ${members}: ${text} ms; commit ${renewed.commit.length}, welcome ${added.welcome.length} bytes`);
    for (const device of devices) device.free();
  }
}
