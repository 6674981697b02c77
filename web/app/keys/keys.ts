/** The account's keys in React: how they stand, what one can do, and what devices are called. */
import type { ApiProblem, ConversationView, KeysActions, KeysState, Readable } from "@sdk";

import { useClient, useReadable } from "../client";
import { t } from "../i18n";

export type Keys = Readable<KeysState> & KeysActions;

export const useKeys = (): Keys => useClient().keys;
export const useKeysState = (): KeysState => useReadable(useClient().keys);

/** Why sealed conversations cannot be opened on this device at all. */
export type Lock = "needs_keyring" | "unavailable" | "revoked";

export const lockOf = ({ status }: KeysState): Lock | null => (status === "needs_keyring" || status === "unavailable" || status === "revoked" ? status : null);

/** Lines of a phrase that is a list. */
export const lines = (words: string): readonly string[] => words.split("\n");

/** A device by the name of its session; one that has none any more is called by the beginning of its id. */
export const deviceName = (device: string, sessions: readonly { readonly device: string; readonly name: string }[]): string =>
  sessions.find((one) => one.device === device)?.name ?? t("devices.unnamed", { id: device.slice(-4) });

/** Members whose key changed: those whom an administrator replaced first. */
export function changedMembers(state: KeysState, members: Iterable<string>): readonly { readonly account: string; readonly reset: boolean }[] {
  const found: { account: string; reset: boolean }[] = [];
  for (const account of members) {
    const change = state.changed.get(account);
    if (change) found.push({ account, reset: change.reset });
  }
  return found.sort((one, other) => Number(other.reset) - Number(one.reset));
}

/** Why nothing can be sent in a sealed conversation now, in words. */
export function blockedWords(view: ConversationView, state: KeysState, members: Iterable<string>): string | null {
  if (view.protection === "open") return null;
  if (state.status === "alarm" || view.sealed === "alarm") return t("alarm.blocked");
  return changedMembers(state, members).length > 0 ? t("changed.blocked") : null;
}

/** Whom a refusal names, when it does: the ids are separated by spaces. */
export const accountsOf = (problem: ApiProblem): readonly string[] => (problem.detail ?? "").split(/\s+/).filter((id) => /^[0-9a-f-]{36}$/.test(id));

/** Who of these has no keys yet, as far as this device's copy of the key log says. */
export async function withoutKeys(keys: KeysActions, accounts: readonly string[]): Promise<readonly string[]> {
  const compared = await Promise.all(accounts.map((account) => keys.compare(account)));
  return accounts.filter((_, i) => compared[i] === null);
}

const SIGNS = /[\s\-–—·._]/gu;

/** What is wrong with a recovery code as it is typed, in words; null when it could be one. Empty is no fault yet. */
export function codeFault(typed: string): string | null {
  const plain = typed.toUpperCase().replaceAll(SIGNS, "");
  const strange = [...plain].find((sign) => !/[0-9A-TV-Z]/.test(sign));
  if (strange !== undefined) return t("enter.codeBad", { sign: strange });
  const missing = 32 - plain.length;
  if (plain.length === 0 || missing === 0) return null;
  return missing > 0 ? t("enter.codeMore", { n: missing }) : t("enter.codeLess", { n: -missing });
}
