import type { Refusal } from "./protocol";

/** An operation that did not happen. Nothing changed, unless the words say so. */
export class MlsRefusal extends Error implements Refusal {
  constructor(
    /** Stable. Those of the worker itself: `mls_store` (nothing could be kept), `mls_fatal` (the worker fell), `mls_closed`. */
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "MlsRefusal";
  }
}

/** The WebAssembly fell or gave something else than a refusal: its memory cannot be trusted, a new worker must begin. */
export class Fatal extends Error {
  readonly code = "mls_fatal";
}

/** What the WebAssembly threw as a refusal; null for anything else, which is a fault. */
export function refusalOf(error: unknown): Refusal | null {
  if (!(error instanceof Error) || error.name !== "MlsRefusal" || !("code" in error) || typeof error.code !== "string") return null;
  return { code: error.code, message: error.message };
}

export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
