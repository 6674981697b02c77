// What the key log says, followed whole: who has which identity key, which devices are whose. Each head is compared with what is known.

import type { AccountId } from "../public";
import { ApiProblem, NetworkError } from "../problem";
import { fromBase64Url } from "../bytes";
import { codeOf, type Beliefs, type DeviceId, type KeyDirectory, type LogChange, type LogCopy, type LogView, type Vault } from "../sealed/ports";
import { decodeKept, encodeKept } from "../sealed/record";
import type { KeyLogPage } from "../wire";

const PAGE = 1_000;
/** Heads in a row that cover what does not come with them: the server may have grown in between, not every time. */
const EMPTY_PAGES = 3;
/** Where the alarm is kept. */
export const ALARM = "keys/alarm";

export interface DirectoryPorts {
  readonly log: LogCopy;
  readonly vault: Vault;
  now(): number;
  page(after: number, limit: number): Promise<KeyLogPage>;
  /** What is new since the last time; the first time, everything. The view has it already. */
  changed(changes: readonly LogChange[]): void;
  /** The server shows what it must not: a code of the check that failed. */
  alarm(code: string): void;
}

export class FollowedDirectory implements KeyDirectory {
  serverKey: Uint8Array = new Uint8Array(32);
  readonly #ports: DirectoryPorts;
  #alarm: string | null = null;
  #identities: Beliefs["directory"] = [];
  readonly #byAccount = new Map<AccountId, LogView["identities"][number]>();
  readonly #owners = new Map<DeviceId, AccountId>();
  readonly #live = new Map<AccountId, DeviceId[]>();
  #view: LogView = { identities: [], devices: [] };
  #refreshing: Promise<void> | null = null;
  #again = false;

  constructor(ports: DirectoryPorts) {
    this.#ports = ports;
  }

  async load(): Promise<void> {
    const { vault, log, now } = this.#ports;
    const alarm = await vault.get(ALARM);
    if (alarm !== null) this.#alarm = decodeKept<string>(alarm);
    this.#show(await log.view(now()));
  }

  get alarmed(): boolean {
    return this.#alarm !== null;
  }
  get alarmCode(): string | null {
    return this.#alarm;
  }
  get view(): LogView {
    return this.#view;
  }
  identities(): Beliefs["directory"] {
    return this.#identities;
  }
  identity(account: AccountId): Uint8Array | null {
    return this.#byAccount.get(account)?.key ?? null;
  }
  /** The identity with its serial. */
  entry(account: AccountId): LogView["identities"][number] | null {
    return this.#byAccount.get(account) ?? null;
  }
  devices(account: AccountId): readonly DeviceId[] {
    return this.#live.get(account) ?? [];
  }
  owner(device: DeviceId): AccountId | null {
    return this.#owners.get(device) ?? null;
  }

  /** Follows the log to its end. Who asks while it is followed gets what comes after the asking. */
  refresh(): Promise<void> {
    if (this.#refreshing !== null) {
      this.#again = true;
      return this.#refreshing;
    }
    this.#refreshing = this.#follow().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #follow(): Promise<void> {
    const { log, now, page, changed } = this.#ports;
    let empty = 0;
    for (let faults = 0; faults < 3; ) {
      const after = await log.next();
      const { leaves, checkpoint } = await page(after, PAGE);
      if (checkpoint === null || checkpoint === undefined) {
        // A log that was there does not vanish.
        if (after > 0) await this.#raise("log_shrunk");
        return;
      }
      try {
        const taken = await log.take(leaves.map(fromBase64Url), checkpoint.note, checkpoint.key, now());
        if (!taken.current) {
          empty = leaves.length === 0 ? empty + 1 : 0;
          if (empty < EMPTY_PAGES) continue;
          await this.#raise("log_withheld");
          return;
        }
        this.#show(taken.view);
        if (taken.changes.length > 0) changed(taken.changes);
        if (!this.#again) return;
        this.#again = false;
      } catch (error) {
        if (error instanceof ApiProblem || error instanceof NetworkError) throw error;
        const code = codeOf(error);
        if (!code.startsWith("log_")) throw error;
        if (code !== "log_order") {
          await this.#raise(code);
          return;
        }
        faults += 1;
      }
    }
  }

  async #raise(code: string): Promise<void> {
    this.#alarm = code;
    await this.#ports.vault.write({ [ALARM]: encodeKept(code) });
    this.#ports.alarm(code);
  }

  #show(view: LogView): void {
    this.#view = view;
    this.#identities = view.identities.map(({ account, key }) => ({ account, key }));
    this.#byAccount.clear();
    for (const identity of view.identities) this.#byAccount.set(identity.account, identity);
    this.#owners.clear();
    this.#live.clear();
    for (const { account, device, live } of view.devices) {
      this.#owners.set(device, account);
      if (live) this.#live.set(account, [...(this.#live.get(account) ?? []), device]);
    }
  }
}
