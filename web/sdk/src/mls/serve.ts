// The worker's side of the conversation with the page.

import type { Engine } from "./engine";
import type { Asked, Operation, Operations, Refusal, Told } from "./protocol";
import { Fatal, MlsRefusal, words } from "./refusal";

/** The part of a worker's own scope that is used. */
export interface Scope {
  onmessage: ((event: { data: Asked }) => void) | null;
  postMessage(told: Told): void;
  close(): void;
}

function refusal(error: unknown): Refusal {
  return error instanceof MlsRefusal ? { code: error.code, message: error.message } : { code: "mls_fatal", message: words(error) };
}

/** Answers what is asked, with the engine that `open` brings. */
export function serve(scope: Scope, open: (account: string) => Promise<Engine>): void {
  let opening: Promise<Engine> | null = null;

  async function begin(account: string): Promise<Engine> {
    scope.postMessage({ tell: "stand", stand: { status: "waiting" } });
    const engine = await open(account);
    scope.postMessage({ tell: "stand", stand: { status: "ready" } });
    return engine;
  }

  async function run(id: number, op: Operation, args: readonly unknown[]): Promise<void> {
    try {
      if (opening === null) throw new MlsRefusal("mls_closed", "the worker has not begun");
      const engine = await opening;
      scope.postMessage({ tell: "done", id, value: await engine.run(op, args as Parameters<Operations[Operation]>) });
    } catch (error) {
      scope.postMessage({ tell: "refused", id, refusal: refusal(error), fatal: error instanceof Fatal });
      if (error instanceof Fatal) scope.close();
    }
  }

  scope.onmessage = ({ data }) => {
    if (data.ask === "run") {
      void run(data.id, data.op, data.args);
      return;
    }
    opening = begin(data.account);
    opening.catch((error: unknown) => scope.postMessage({ tell: "stand", stand: { status: "failed", refusal: refusal(error) } }));
  };
}
