// What the worker does: one operation after the other; each is written before its result goes out.

import { toBase64Url } from "../bytes";
import type { Beside, Opened } from "../sealed/ports";
import { encodeKept, type KeptCommit } from "../sealed/record";
import type { KeyStore } from "./keystore";
import { KEY_LOG, KeyLog } from "./log";
import type { Asynchronous, Operation, Operations } from "./protocol";
import { Fatal, MlsRefusal, refusalOf, words } from "./refusal";
import type { Installation, LogCopy } from "./wasm/rempart_mls";

/** The classes that the WebAssembly brings. */
export interface Module {
  readonly Installation: typeof Installation;
  readonly LogCopy: typeof LogCopy;
}

const SUITE = "hybrid";
const NOTHING: Beside = {};

/** The device's state between the WebAssembly and the store. */
export class Engine {
  private last: Promise<unknown> = Promise.resolve();
  private installation: Installation | null = null;
  /** Memory is not what is kept: it must be read again first. */
  private stale = true;
  private fallen: Fatal | null = null;
  private readonly log: KeyLog;
  private readonly operations: Asynchronous;

  private constructor(
    private readonly module: Module,
    private readonly store: KeyStore,
  ) {
    this.log = new KeyLog(module.LogCopy, store, (act) => this.call(act));
    this.operations = this.all();
  }

  /** Takes up what is kept. */
  static async open(module: Module, store: KeyStore): Promise<Engine> {
    const engine = new Engine(module, store);
    await engine.load();
    return engine;
  }

  /**
   * Runs an operation after those before it. Rejects with MlsRefusal (nothing changed, unless its words say so) or Fatal (this engine
   * is of no more use; what is kept is whole).
   */
  run<O extends Operation>(op: O, args: Parameters<Operations[O]>): Promise<ReturnType<Operations[O]>> {
    const next = this.last.then(async () => {
      if (this.fallen !== null) throw this.fallen;
      if (this.stale) await this.load();
      const act = this.operations[op] as (...args: Parameters<Operations[O]>) => Promise<ReturnType<Operations[O]>>;
      return act(...args);
    });
    this.last = next.catch(() => undefined);
    return next;
  }

  private all(): Asynchronous {
    const at = async <T>(act: (device: Installation) => T): Promise<T> => this.call(() => act(this.enrolled()));
    const { log, store } = this;
    return {
      device: async () => (this.installation === null ? null : this.seat(this.installation)),
      enrol: async (who, seed, beside) => {
        if (this.installation !== null) throw new MlsRefusal("mls_enrolled", "a device is enrolled here already");
        const made = this.call(() => this.module.Installation.enrol({ ...who, guest: false }, seed));
        await this.keep(made, beside);
        this.installation = made;
        return this.seat(made);
      },
      discard: async (keep) => {
        log.forget();
        // What was seen of the log outlives every device: a server that could have it forgotten could begin another log.
        await this.kept(() => store.clear([KEY_LOG, ...keep]));
        await this.load();
      },

      create: (group, beliefs, beside) => this.step((device) => device.create(group, SUITE, null, beliefs), () => beside),
      commit: (group, changes, beliefs, { key, clientId }) =>
        this.step(
          (device) => device.commit(group, changes, beliefs),
          ({ commit, welcome }) => {
            const kept: KeptCommit = { clientId, commit: toBase64Url(commit), welcome: welcome && toBase64Url(welcome) };
            return { [key]: encodeKept(kept) };
          },
        ),
      withdraw: (group, beside) => this.step((device) => device.withdraw(group), () => beside),
      join: (welcome, beliefs) => this.step((device) => device.join(welcome, beliefs), () => NOTHING),
      receive: (group, messages, beliefs, beside) =>
        this.step(
          (device) => device.receive(group, messages.map(({ message }) => message), beliefs) as readonly Opened[],
          (opened) => (opened.some((one) => "ok" in one) ? { ...contents(messages, opened), ...beside.taken } : beside.refused),
        ),
      seal: (group, content) => this.step((device) => device.seal(group, content), () => NOTHING),
      epoch: (group) => at((device) => device.epoch(group)),
      leaves: (group) => at((device) => device.leaves(group)),
      statement: (verdict, group, epochRef) => at((device) => device.statement(verdict, group, epochRef)),
      settled: (group, epoch, beside) => this.step((device) => device.settled(group, epoch), () => beside),
      goBack: (group, epochRef, beside) => this.step((device) => device.goBack(group, epochRef), () => beside),
      forget: (group, beside) => this.step((device) => device.forget(group), () => beside),
      keyPackages: (oneTime, lastResort, now) => this.step((device) => device.keyPackages(SUITE, oneTime, lastResort, now), () => NOTHING),
      identityEntry: () => at((device) => device.identityEntry()),
      deviceEntry: () => at((device) => device.deviceEntry()),
      revocationEntry: (device) => at((own) => own.revocationEntry(device)),

      vaultGet: (keys) => this.kept(() => store.get(keys)),
      vaultList: (prefix) => this.kept(() => store.list(prefix)),
      vaultWrite: (beside) => this.kept(() => store.write(null, beside)),

      logNext: () => this.kept(() => log.next()),
      logTake: (leaves, note, key, now) => this.kept(() => log.take(leaves, note, key, now)),
      logView: (now) => this.kept(() => log.view(now)),
      logCompare: (one, other) => this.kept(() => log.compare(one, other)),
    };
  }

  private enrolled(): Installation {
    if (this.installation === null) throw new MlsRefusal("mls_not_enrolled", "no device has been enrolled here");
    return this.installation;
  }

  private seat(of: Installation): NonNullable<ReturnType<Operations["device"]>> {
    const { account, device, deviceKey, accountKey } = this.call(() => of.identity());
    if (accountKey === null) throw new MlsRefusal("mls_no_account_key", "the account's identity key is not held here");
    return { account, device, deviceKey, accountKey };
  }

  /** One operation that changes the device's state, and what is written with it. */
  private async step<T>(act: (device: Installation) => T, beside: (out: T) => Beside): Promise<T> {
    const installation = this.enrolled();
    const out = this.call(() => act(installation));
    await this.keep(installation, beside(out));
    return out;
  }

  private async keep(installation: Installation, beside: Beside): Promise<void> {
    const batch = this.call(() => installation.takeBatch());
    if (batch === null && Object.keys(beside).length === 0) return;
    try {
      await this.store.write(batch, beside);
    } catch (failure) {
      // Whether it was kept, the store alone knows: the next operation reads it again.
      if (installation !== this.installation) installation.free();
      this.stale = true;
      throw new MlsRefusal("mls_store", `what changed could not be kept: ${words(failure)}`);
    }
    if (batch !== null) this.call(() => installation.written());
  }

  /** Takes up what is kept, whatever memory holds. */
  private async load(): Promise<void> {
    this.stale = true;
    const entries = await this.kept(() => this.store.read());
    this.installation?.free();
    this.installation = null;
    if (entries.length > 0) this.installation = this.call(() => this.module.Installation.open(entries));
    this.stale = false;
  }

  /** Whatever the store does not do is its refusal. */
  private async kept<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (failure) {
      if (failure instanceof MlsRefusal || failure instanceof Fatal) throw failure;
      throw new MlsRefusal("mls_store", `what is kept could not be read or written: ${words(failure)}`);
    }
  }

  private call<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (error instanceof MlsRefusal) throw error;
      const refusal = refusalOf(error);
      if (refusal === null) throw (this.fallen = new Fatal(words(error), { cause: error }));
      throw new MlsRefusal(refusal.code, refusal.message);
    }
  }
}

/** What each message held, under the key where it is to be kept. */
function contents(messages: Parameters<Operations["receive"]>[1], opened: readonly Opened[]): Beside {
  const kept: Record<string, Uint8Array> = {};
  for (const [i, { keep, from }] of messages.entries()) {
    const one = opened[i];
    if (keep === null || one === undefined || !("ok" in one) || one.ok.type !== "content") continue;
    if (from === undefined || one.ok.from === from) kept[keep] = one.ok.content;
  }
  return kept;
}
