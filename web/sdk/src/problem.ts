// What can go wrong, as classes that the application can tell apart.

import type { Problem } from "./wire";

/** The server refused, or had a fault. Translate by `code`. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string | null;
  readonly field: string | null;
  readonly retryAfterMs: number | null;
  readonly incident: string | null;

  constructor(problem: Problem) {
    super(`${problem.code}: ${problem.title}`);
    this.code = problem.code;
    this.status = problem.status;
    this.title = problem.title;
    this.detail = problem.detail ?? null;
    this.field = problem.field ?? null;
    this.retryAfterMs = problem.retry_after_ms ?? null;
    this.incident = problem.incident ?? null;
  }

  /** Whether the same thing, sent again later, may be taken: a fault of the server or a limit on its rate. */
  get transient(): boolean {
    return this.status >= 500 || this.status === 429 || this.status === 408;
  }

  toProblem(): Problem {
    return {
      type: `urn:rempart:problem:${this.code}`,
      code: this.code,
      status: this.status,
      title: this.title,
      detail: this.detail,
      field: this.field,
      retry_after_ms: this.retryAfterMs,
      incident: this.incident,
    };
  }
}

/** The server did not answer: no line, or too late. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
  readonly timeout: boolean;
  constructor(message: string, options?: { timeout?: boolean; cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.timeout = options?.timeout ?? false;
  }
}

/** An outbox item was taken out before it was sent. */
export class CancelledError extends Error {
  override readonly name = "CancelledError";
}

/** What was fetched is not the file that the message names. */
export class DamagedFile extends Error {
  override readonly name = "DamagedFile";
}
