// Requests over HTTP: typed, with a deadline, refusals as ApiProblem and silence as NetworkError.

import type { Host } from "./host";
import type { Answer, Op, Params, Problem } from "./wire";
import { ApiProblem, NetworkError } from "./problem";

const DEADLINE_MS = 30_000;

export interface HttpOptions {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly bytes?: Blob;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
}

export class Http {
  readonly #host: Host;
  constructor(host: Host) {
    this.#host = host;
  }

  /** Sends a request to a path below `/api/v1/`. */
  async request<T>(path: string, options: HttpOptions = {}): Promise<T> {
    if (options.signal?.aborted) throw new DOMException("given up", "AbortError");
    const method = options.method ?? "GET";
    const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
    // A page of another origin cannot set this header without being asked for leave: defence against forged requests.
    if (method !== "GET") headers["X-Rempart"] = "1";
    const init: RequestInit = { method, headers, credentials: "same-origin", cache: "no-store", redirect: "error" };
    if (options.bytes !== undefined) {
      headers["Content-Type"] = "application/octet-stream";
      init.body = options.bytes;
    } else if (options.json !== undefined) {
      headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(options.json);
    }

    const deadline = new AbortController();
    const timer = this.#host.clock.after(options.deadlineMs ?? DEADLINE_MS, () => deadline.abort());
    const given = options.signal;
    const onAbort = () => deadline.abort();
    given?.addEventListener("abort", onAbort, { once: true });
    init.signal = deadline.signal;
    try {
      const response = await this.#host.fetch(`${this.#host.origin}/api/v1/${path}`, init);
      const text = await response.text();
      if (!response.ok) throw problemOf(response.status, text, response.headers.get("retry-after"));
      return (text === "" ? {} : JSON.parse(text)) as T;
    } catch (error) {
      if (error instanceof ApiProblem) throw error;
      if (given?.aborted) throw new DOMException("given up", "AbortError");
      if (deadline.signal.aborted) throw new NetworkError("the server did not answer in time", { timeout: true });
      throw new NetworkError("the server could not be reached", { cause: error });
    } finally {
      this.#host.clock.cancel(timer);
      given?.removeEventListener("abort", onAbort);
    }
  }

  /** The bytes of an answer as they come. Rejects as `request`; what breaks later breaks the stream. */
  async stream(path: string): Promise<ReadableStream<Uint8Array>> {
    let response: Response;
    try {
      response = await this.#host.fetch(`${this.#host.origin}/api/v1/${path}`, { method: "GET", headers: {}, credentials: "same-origin", redirect: "error" });
    } catch (error) {
      throw new NetworkError("the server could not be reached", { cause: error });
    }
    if (!response.ok) throw problemOf(response.status, await response.text(), response.headers.get("retry-after"));
    if (response.body === null) throw new NetworkError("the server sent nothing");
    return response.body;
  }

  command<O extends Op>(op: O, params: Params<O>, options: { signal?: AbortSignal } = {}): Promise<Answer<O>> {
    return this.request<Answer<O>>(`commands/${op}`, { ...options, method: "POST", json: params });
  }
}

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null
    && typeof (value as Problem).code === "string" && typeof (value as Problem).title === "string";
}

/** Reads a refusal. What is not a problem document comes from something before the server, such as a proxy. */
function problemOf(status: number, text: string, retryAfter: string | null): ApiProblem {
  let parsed: unknown = null;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The status alone tells.
  }
  if (isProblem(parsed)) return new ApiProblem({ ...parsed, status });
  const seconds = retryAfter === null ? Number.NaN : Number(retryAfter);
  return new ApiProblem({
    type: `urn:rempart:problem:http_${status}`,
    code: `http_${status}`,
    status,
    title: `The server answered with status ${status}.`,
    detail: null,
    field: null,
    incident: null,
    retry_after_ms: Number.isFinite(seconds) ? seconds * 1000 : null,
  });
}
