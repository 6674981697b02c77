/** A browser that trusts the server's own authority, and so refuses every other false certificate. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, BrowserType } from "@playwright/test";

const run = promisify(execFile);
const CHROMIUM = "/usr/bin/chromium";

/** Chromium reads who is trusted from `$HOME/.pki/nssdb` when it starts. */
export async function launch(chromium: BrowserType, home: string, authority: string): Promise<Browser> {
  const trust = join(home, ".pki", "nssdb");
  const pem = join(home, "authority.pem");
  await mkdir(trust, { recursive: true });
  await writeFile(pem, authority);
  await run("certutil", ["-N", "-d", `sql:${trust}`, "--empty-password"]);
  await run("certutil", ["-A", "-d", `sql:${trust}`, "-n", "rempart", "-t", "C,,", "-i", pem]);
  const environment = Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith("XDG_")));
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
    env: { ...environment, HOME: home, LANG: "fr_FR.UTF-8" },
  });
}
