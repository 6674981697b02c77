// The worker that holds the device's keys. Made by device.ts, one a tab; only the one with the lock reads the database.

import { Engine } from "./engine";
import { openKeyStore } from "./keystore";
import { serve, type Scope } from "./serve";
import init, { Installation, LogCopy } from "./wasm/rempart_mls";

/** Waits for the lock, which is held until the worker ends. */
function lock(account: string): Promise<void> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(`rempart-mls:${account}`, () => {
        resolve();
        return new Promise<never>(() => undefined);
      })
      .catch(reject);
  });
}

serve(self as unknown as Scope, async (account) => {
  const address = new URL("./wasm/rempart_mls_bg.wasm", import.meta.url);
  await Promise.all([init({ module_or_path: address }), lock(account)]);
  return Engine.open({ Installation, LogCopy }, await openKeyStore(indexedDB, account));
});
