// What the person said of people and of their own devices, and what follows from it with what the key log says now. Nothing depends
// on having been there when the log changed: what was accepted is kept, and compared with what there is.

import { toBase64Url } from "../bytes";
import type { AccountId } from "../public";
import type { DeviceId, LogChange, LogView } from "../sealed/ports";

/** As it is kept. */
export interface Words {
  /** The serial of the identity key that counts as somebody's; 0 for those who are not named, as everybody begins with it. */
  readonly accepted: readonly (readonly [AccountId, number])[];
  /** The identity key that was compared. */
  readonly verified: readonly (readonly [AccountId, string])[];
  /** Whose key an administrator replaced, since it was accepted. The log's last entry says it of the last change only. */
  readonly reset: readonly AccountId[];
  /** Devices of the account that are no surprise. */
  readonly known: readonly DeviceId[];
}

export interface Standing {
  readonly changed: ReadonlyMap<AccountId, { readonly reset: boolean }>;
  readonly verified: ReadonlySet<AccountId>;
}

type Identity = LogView["identities"][number];

/** The first contact is believed: everybody is who the log says, and the account's devices are its own. */
export function firstContact(view: LogView, me: AccountId): Words {
  return {
    accepted: view.identities.filter(({ serial }) => serial > 0).map(({ account, serial }) => [account, serial]),
    verified: [],
    reset: [],
    known: view.devices.filter((one) => one.account === me).map((one) => one.device),
  };
}

export function standing(words: Words, view: LogView): Standing {
  const accepted = new Map(words.accepted);
  const compared = new Map(words.verified);
  const reset = new Set(words.reset);
  const changed = new Map<AccountId, { readonly reset: boolean }>();
  const verified = new Set<AccountId>();
  for (const identity of view.identities) {
    const { account } = identity;
    if (identity.serial !== (accepted.get(account) ?? 0)) changed.set(account, { reset: identity.reset || reset.has(account) });
    else if (compared.get(account) === toBase64Url(identity.key)) verified.add(account);
  }
  return { changed, verified };
}

/** An identity key is somebody's; whether it was compared. */
export function accept(words: Words, identity: Identity, compared: boolean): Words {
  const { account, serial, key } = identity;
  const others = <T>(entries: readonly (readonly [AccountId, T])[]) => entries.filter(([one]) => one !== account);
  return {
    ...words,
    accepted: serial === 0 ? others(words.accepted) : [...others(words.accepted), [account, serial]],
    verified: compared ? [...others(words.verified), [account, toBase64Url(key)]] : others(words.verified),
    reset: words.reset.filter((one) => one !== account),
  };
}

export function unverify(words: Words, account: AccountId): Words {
  return { ...words, verified: words.verified.filter(([one]) => one !== account) };
}

export function know(words: Words, device: DeviceId): Words {
  return words.known.includes(device) ? words : { ...words, known: [...words.known, device] };
}

/** Resets are remembered until the key is accepted: a change after them must not make them look smaller. */
export function withResets(words: Words, changes: readonly LogChange[]): Words {
  const more = changes.flatMap((one) => (one.news === "identity" && one.reset && !words.reset.includes(one.account) ? [one.account] : []));
  return more.length === 0 ? words : { ...words, reset: [...new Set([...words.reset, ...more])] };
}
