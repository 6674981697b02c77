/** The real server, one for each journey: its own folders, its own certificate authority, a free port of the loopback address. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BINARY = join(process.env["CARGO_TARGET_DIR"] ?? join(ROOT, "target"), "debug", "rempart");
const START_MS = 30_000;
const STOP_MS = 15_000;

export class Server {
  port = 0;
  /** The secret of the setup link, as the first start printed it. */
  setup = "";
  /** PEM of the server's own certificate authority. */
  authority = "";
  private child: ChildProcess | null = null;
  private said = "";

  constructor(private readonly folder: string) {}

  get host(): string {
    return `localhost:${this.port}`;
  }

  get origin(): string {
    return `https://${this.host}`;
  }

  get data(): string {
    return join(this.folder, "data");
  }

  /** What the server wrote so far, for the report of a journey that failed. */
  get log(): string {
    return this.said;
  }

  private settings(): string[] {
    return ["--data-dir", this.data, "--secrets-dir", join(this.folder, "secrets"), "--web-listen", `127.0.0.1:${this.port}`];
  }

  private environment(): NodeJS.ProcessEnv {
    return { PATH: process.env["PATH"], HOME: this.folder, LANG: "fr_FR.UTF-8", REMPART_LIMITS_ANONYMOUS_PER_MINUTE: "100000" };
  }

  /** Starts, or starts again on the same port and folders. */
  async start(): Promise<void> {
    if (!existsSync(BINARY)) throw new Error(`the server is not built: cargo build -p rempart-server makes ${BINARY}`);
    await mkdir(this.folder, { recursive: true });
    const child = spawn(BINARY, ["serve", ...this.settings()], { cwd: this.folder, env: this.environment(), stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    const began = this.said.length;
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`the server did not start in time:\n${this.said}`)), START_MS);
      const hear = (bytes: Buffer) => {
        this.said += bytes.toString();
        const now = this.said.slice(began);
        const ready = /ready port=(\d+)/.exec(now);
        if (!ready) return;
        this.port = Number(ready[1]);
        this.setup = /\/setup#([\w-]+)/.exec(now)?.[1] ?? "";
        clearTimeout(late);
        resolve();
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.once("error", reject);
      child.once("exit", (code) => { clearTimeout(late); reject(new Error(`the server ended with ${code}:\n${this.said}`)); });
    });
    this.authority = await readFile(join(this.data, "ca.crt"), "utf8");
  }

  /** Ends the process: `SIGKILL` is a crash, `SIGTERM` an orderly stop. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const child = this.child;
    this.child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill(signal);
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(late);
  }
}
