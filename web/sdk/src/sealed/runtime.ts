// What the tab that drives runs: the keys' manager and, once this device has its keys, the engine. Loaded when it is needed.

import { KeysManager } from "../keys/manager";
import { NetworkError } from "../problem";
import type { Answer, Op, Params } from "../wire";
import { Engine, type EngineEvents } from "./engine";
import type { Backend, Device, Surroundings } from "./ports";

export interface RuntimePorts extends EngineEvents {
  readonly account: string;
  readonly device: string;
  now(): number;
  after(ms: number, run: () => void): unknown;
  cancel(timer: unknown): void;
  jitter(): number;
  random(bytes: Uint8Array): void;
  uuid(): string;
  live(): boolean;
  command<O extends Op>(op: O, params: Params<O>): Promise<Answer<O>>;
  conversation: Surroundings["conversation"];
  conversations(): readonly { readonly conversation: string; readonly last_seq: number }[];
  fault(error: unknown): void;
}

export class Runtime {
  readonly keys: KeysManager;
  engine: Engine | null = null;
  readonly #ports: RuntimePorts;
  readonly #backend: Backend;
  #opening: Promise<void> | null = null;
  #closed = false;

  private constructor(ports: RuntimePorts, backend: Backend) {
    this.#ports = ports;
    this.#backend = backend;
    this.keys = new KeysManager({
      backend,
      account: ports.account,
      device: ports.device,
      now: ports.now,
      after: ports.after,
      cancel: ports.cancel,
      random: ports.random,
      command: ports.command,
      ready: (device) => void this.#run(device),
      changed: () => this.engine?.keysChanged(),
      fault: ports.fault,
    });
  }

  static async open(ports: RuntimePorts, backend: Backend): Promise<Runtime> {
    const runtime = new Runtime(ports, backend);
    await runtime.keys.open();
    const { device } = runtime.keys;
    // What is kept can be followed before anything is asked of the server.
    if (device !== null) await runtime.#run(device);
    if (ports.live()) runtime.live();
    return runtime;
  }

  /** There is a line. */
  live(): void {
    this.engine?.live(this.#sealed());
    this.keys.bring().catch((error: unknown) => this.#fault(error));
  }

  /** The account's keys changed, or a new device asks. */
  heard(): void {
    this.keys.heard().catch((error: unknown) => this.#fault(error));
  }

  close(): void {
    this.#closed = true;
    this.keys.close();
    this.engine?.close();
    this.#backend.close();
  }

  #run(device: Device): Promise<void> {
    this.#opening ??= this.#open(device).catch((error: unknown) => this.#fault(error));
    return this.#opening;
  }

  async #open(device: Device): Promise<void> {
    const { command, now, after, cancel, jitter, random, uuid, live, conversation, fault } = this.#ports;
    const around: Surroundings = {
      device,
      vault: this.#backend.vault,
      keys: this.keys.directory,
      server: {
        live,
        read: (params) => command("journal.read", { after: null, before: null, ...params }),
        members: (id) => command("conversations.members", { conversation: id }),
        group: (id) => command("groups.get", { conversation: id }),
        start: (params) => command("groups.start", params),
        commit: (params) => command("groups.commit", params),
        state: (params) => command("groups.state", params),
        welcomes: () => command("groups.welcomes", {}),
        welcomed: (params) => command("groups.welcomed", params),
        claim: (params) => command("keys.packages.claim", params),
        post: (params) => command("messages.post", params),
      },
      now,
      after,
      cancel,
      jitter,
      random,
      uuid,
      conversation,
      doubted: (account) => this.keys.state.value.changed.has(account),
      fault,
    };
    const engine = await Engine.open(around, this.#ports);
    if (this.#closed) return;
    this.engine = engine;
    for (const { conversation: id } of this.#sealed()) this.#ports.changed(id);
    if (live()) engine.live(this.#sealed());
  }

  #sealed(): readonly { readonly conversation: string; readonly last_seq: number }[] {
    return this.#ports.conversations().filter(({ conversation }) => this.#ports.conversation(conversation)?.protection === "sealed");
  }

  #fault(error: unknown): void {
    if (!this.#closed && !(error instanceof NetworkError)) this.#ports.fault(error);
  }
}
