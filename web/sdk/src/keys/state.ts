// What a person is shown of their keys, and what they can do about them.

import type { AccountId } from "../public";

/** How this device stands. */
export type KeysStatus =
  /** Not known yet, or nobody is signed in. */
  | "starting"
  /** This browser keeps nothing or has no workers: sealed conversations cannot be read here. */
  | "unavailable"
  /** The account has keys and this device does not: a recovery code or another device is needed. */
  | "needs_keyring"
  | "ready"
  /** This device was revoked. */
  | "revoked"
  /** The key log shows what it must not: nothing is sent in sealed conversations. */
  | "alarm";

export interface OwnDevice {
  readonly device: string;
  readonly current: boolean;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Not added from this device, and nobody has said yet that it is theirs. */
  readonly unexpected: boolean;
}

export interface KeysState {
  readonly status: KeysStatus;
  /** The recovery code, as long as it is to be noted; null once it was, or where this device does not know it. */
  readonly recoveryCode: string | null;
  /** The person was asked and wants to do it later. */
  readonly recoveryPostponed: boolean;
  /** In `needs_keyring`: what to compare on the other device. `unsupported`: this browser cannot. */
  readonly link: { readonly code: string; readonly state: "waiting" | "refused" } | "unsupported" | null;
  /** New devices of the account that ask for its keys. */
  readonly requests: readonly { readonly device: string; readonly name: string; readonly code: string; readonly expires: string }[];
  readonly devices: readonly OwnDevice[];
  /** People whose identity key changed and was not accepted yet. `reset`: an administrator replaced it. */
  readonly changed: ReadonlyMap<AccountId, { readonly reset: boolean }>;
  /** People whose key was compared. */
  readonly verified: ReadonlySet<AccountId>;
  /** The check of the key log that failed. */
  readonly alarm: string | null;
}

export const NO_KEYS: KeysState = {
  status: "starting", recoveryCode: null, recoveryPostponed: false, link: null, requests: [], devices: [], changed: new Map(), verified: new Set(), alarm: null,
};

/** What a person can do. Each rejects with ApiProblem or NetworkError; refusals made here have the codes named. */
export interface KeysActions {
  /** `recovery_code_malformed`, `recovery_code_wrong`, `recovery_none`. */
  recover(code: string): Promise<void>;
  /** Asks the account's other devices; `link.code` is then shown on both. */
  askLink(): Promise<void>;
  /** Hands the keys to a new device whose code the person compared, or refuses. */
  answerLink(device: string, accept: boolean): Promise<void>;
  /** The person has noted the recovery code: this device forgets it. */
  recoveryNoted(): Promise<void>;
  recoveryLater(): Promise<void>;
  /** Makes a new recovery code; the old one is worth nothing from then on. */
  renewRecovery(): Promise<void>;
  /** An unexpected device is the person's own. */
  acceptDevice(device: string): Promise<void>;
  /** Ends a device of one's own. */
  revokeDevice(device: string): Promise<void>;
  /** The new identity key of somebody is accepted: the one of this fingerprint, as `compare` gave it. `key_changed_again`. */
  acceptChanged(account: AccountId, fingerprint: string): Promise<void>;
  /** `fingerprint`: of the key that was compared. `key_changed_again`. */
  setVerified(account: AccountId, verified: boolean, fingerprint: string): Promise<void>;
  /** What to compare with somebody; null while one of the two has no keys. */
  compare(account: AccountId): Promise<{ readonly number: string; readonly code: string; readonly fingerprint: string } | null>;
}

/** Every action, each made by `act`: written once for all that pass them on. */
export function keysActions(act: <A extends keyof KeysActions>(action: A) => KeysActions[A]): KeysActions {
  return {
    recover: act("recover"),
    askLink: act("askLink"),
    answerLink: act("answerLink"),
    recoveryNoted: act("recoveryNoted"),
    recoveryLater: act("recoveryLater"),
    renewRecovery: act("renewRecovery"),
    acceptDevice: act("acceptDevice"),
    revokeDevice: act("revokeDevice"),
    acceptChanged: act("acceptChanged"),
    setVerified: act("setVerified"),
    compare: act("compare"),
  };
}
