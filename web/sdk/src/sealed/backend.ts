// The browser's worker and store as the engine wants them.

import { openKeyStore } from "../mls/keystore";
import { openMls, wipeMls } from "../mls/device";
import type { Backend, VaultReader } from "./ports";

export const wipe = (account: string): Promise<void> => wipeMls(account);

export async function openBackend(account: string): Promise<Backend> {
  const mls = openMls(account);
  // What is lost cannot be fetched again: whoever can, keeps it when space is short.
  void mls.persist();
  return mls;
}

/** Reads beside the worker, from any tab. */
export async function openReader(factory: IDBFactory, account: string): Promise<VaultReader> {
  const store = await openKeyStore(factory, account);
  return {
    get: async (key) => (await store.get([key]))[0] ?? null,
    getAll: (keys) => store.get(keys),
    list: (prefix) => store.list(prefix),
  };
}
