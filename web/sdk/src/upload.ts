// A file to the server in parts: after a cut it goes on from what the server has.

import { toBase64Url } from "./bytes";
import { retryDelay } from "./feed";
import type { Host } from "./host";
import type { Http } from "./http";
import { ApiProblem, NetworkError } from "./problem";
import type { ConversationId, UploadHandle, UploadState } from "./public";
import { Value } from "./readable";
import type { Upload } from "./wire";

export const PART = 1024 * 1024;
/** Hashed whole before it is sent, so that what the server has already need not travel. */
const HASHED_FIRST = 16 * 1024 * 1024;
const TRIES = 8;
const PART_MS = 120_000;

/** `sealed`: the file is sealed first, under a key of its own. */
export function startUpload(host: Host, http: Http, conversation: ConversationId, file: Blob, sealed = false): UploadHandle {
  const run = new UploadRun(host, http, conversation, file, sealed);
  const done = run.run();
  // Whoever only watches the state has seen it there.
  done.catch(() => undefined);
  return { subscribe: run.state.subscribe, getSnapshot: run.state.getSnapshot, done, abort: () => run.abort() };
}

class UploadRun {
  readonly state: Value<UploadState>;
  readonly #host: Host;
  readonly #http: Http;
  readonly #conversation: ConversationId;
  readonly #plain: Blob;
  readonly #sealed: boolean;
  /** What travels. */
  #file: Blob;
  readonly #abort = new AbortController();
  #upload: Upload | null = null;

  constructor(host: Host, http: Http, conversation: ConversationId, file: Blob, sealed: boolean) {
    this.#host = host;
    this.#http = http;
    this.#conversation = conversation;
    this.#file = file;
    this.#plain = file;
    this.#sealed = sealed;
    this.state = new Value<UploadState>({ status: "running", sent: 0, size: file.size, error: null });
  }

  abort(): void {
    const { status } = this.state.value;
    if (status === "done" || status === "failed") return;
    this.#abort.abort();
  }

  async run(): Promise<{ blob: string; mediaType: string; size: number; key?: string }> {
    try {
      const key = this.#sealed ? await this.#seal() : null;
      const ended = await this.#all();
      this.#set("done", this.#file.size);
      // The server cannot tell what it is: the sender's browser does.
      return key === null ? ended : { blob: ended.blob, mediaType: this.#plain.type || "application/octet-stream", size: this.#plain.size, key };
    } catch (error) {
      if (this.#abort.signal.aborted) {
        this.#set("aborted");
        this.#giveUp();
        throw new DOMException("given up", "AbortError");
      }
      const known = error instanceof ApiProblem || error instanceof NetworkError ? error : null;
      this.#set("failed", undefined, known);
      throw error;
    }
  }

  async #seal(): Promise<string> {
    const key = crypto.getRandomValues(new Uint8Array(32));
    const { sealFile } = await import("./sealed/file");
    this.#file = await sealFile(this.#plain, key);
    this.#abort.signal.throwIfAborted();
    return toBase64Url(key);
  }

  async #all(): Promise<{ blob: string; mediaType: string; size: number }> {
    const sha256 = this.#file.size <= HASHED_FIRST ? toBase64Url(new Uint8Array(await this.#host.sha256(await this.#file.arrayBuffer()))) : null;
    let upload = await this.#persist(() =>
      this.#http.request<Upload>("uploads", {
        method: "POST",
        json: { conversation: this.#conversation, size: this.#file.size, sha256 },
        signal: this.#abort.signal,
      }),
    );
    this.#upload = upload;
    this.#set("running", upload.offset);
    let stalled = 0;
    while (upload.blob == null) {
      const from: Upload = upload;
      upload = await this.#persist((again) => (again ? this.#where(from) : this.#part(from)));
      this.#abort.signal.throwIfAborted();
      stalled = upload.blob == null && upload.offset <= from.offset ? stalled + 1 : 0;
      if (stalled >= TRIES) throw new NetworkError("the upload does not get further");
      if (stalled > 0) await this.#sleep(retryDelay(stalled, this.#host.jitter()));
      this.#upload = upload;
      this.#set("running", upload.offset);
    }
    return { blob: upload.blob, mediaType: upload.media_type ?? "application/octet-stream", size: this.#file.size };
  }

  async #part(upload: Upload): Promise<Upload> {
    try {
      return await this.#http.request<Upload>(`uploads/${upload.upload}`, {
        method: "PATCH",
        headers: { "Upload-Offset": String(upload.offset) },
        bytes: this.#file.slice(upload.offset, upload.offset + PART),
        signal: this.#abort.signal,
        deadlineMs: PART_MS,
      });
    } catch (error) {
      // The part before arrived although its answer did not.
      if (error instanceof ApiProblem && error.code === "upload_offset") return this.#where(upload);
      throw error;
    }
  }

  #where(upload: Upload): Promise<Upload> {
    return this.#http.request<Upload>(`uploads/${upload.upload}`, { signal: this.#abort.signal });
  }

  /** Tries until it passes, is refused, or has failed too often in a row. */
  async #persist(run: (again: boolean) => Promise<Upload>): Promise<Upload> {
    for (let tries = 0; ; tries++) {
      try {
        return await run(tries > 0);
      } catch (error) {
        const passing = error instanceof NetworkError || (error instanceof ApiProblem && error.transient);
        if (!passing || tries + 1 >= TRIES || this.#abort.signal.aborted) throw error;
        this.#set("waiting");
        const wait = error instanceof ApiProblem && error.retryAfterMs !== null ? error.retryAfterMs : retryDelay(tries, this.#host.jitter());
        await this.#sleep(wait);
        this.#set("running");
      }
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const { signal } = this.#abort;
      const timer = this.#host.clock.after(ms, () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      });
      const onAbort = () => {
        this.#host.clock.cancel(timer);
        reject(new DOMException("given up", "AbortError"));
      };
      if (signal.aborted) onAbort();
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  #giveUp(): void {
    if (this.#upload === null) return;
    // The server forgets it by itself later, if this does not get through.
    this.#http.request(`uploads/${this.#upload.upload}`, { method: "DELETE" }).catch(() => undefined);
  }

  #set(status: UploadState["status"], sent = this.state.value.sent, error: UploadState["error"] = null): void {
    this.state.set({ status, sent, size: this.#file.size, error });
  }
}
