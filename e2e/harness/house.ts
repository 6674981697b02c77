/** What every journey starts from: a fresh server, a browser that trusts it, and people at their places. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test as base } from "@playwright/test";
import type { Browser, BrowserContextOptions } from "@playwright/test";

import { join as joinHouse, session, setUp } from "./api";
import type { Account } from "./api";
import { launch } from "./browser";
import { Seat } from "./seat";
import { Server } from "./server";
import { Watch } from "./watch";

export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

export class House {
  private readonly watches: Watch[] = [];
  private head: Account | null = null;

  constructor(readonly server: Server, readonly browser: Browser) {}

  /** The owner; the organisation is made when first asked. */
  async owner(): Promise<Account> {
    return (this.head ??= await setUp(this.server));
  }

  async person(name: string, role?: Parameters<typeof joinHouse>[3]): Promise<Account> {
    return joinHouse(this.server, await this.owner(), name, role);
  }

  /** A browser of its own, at nobody's place yet. */
  async visitor(name = "visiteur", options: BrowserContextOptions = {}): Promise<Seat> {
    return this.seat(name, null, options);
  }

  /** A browser where this person is signed in, at the conversations. */
  async sit(account: Account, options: BrowserContextOptions = {}): Promise<Seat> {
    const seat = await this.seat(account.name, account, options);
    const { cookie } = await session(this.server, account);
    const [name = "", value = ""] = cookie.split("=", 2);
    await seat.context.addCookies([{ name, value, domain: "localhost", path: "/", secure: true, httpOnly: true, sameSite: "Strict" }]);
    await seat.goto("/");
    await expect(seat.page.locator("nav.rail")).toBeVisible();
    return seat;
  }

  private async seat(name: string, account: Account | null, options: BrowserContextOptions): Promise<Seat> {
    const context = await this.browser.newContext({ viewport: DESKTOP, locale: "fr-FR", timezoneId: "Europe/Paris", reducedMotion: "reduce", ...options });
    const watch = new Watch(context, this.server.host, name);
    this.watches.push(watch);
    return new Seat(context, await context.newPage(), watch, this.server.origin, account);
  }

  get problems(): string[] {
    return this.watches.flatMap((watch) => watch.problems);
  }
}

export const test = base.extend<{ house: House }>({
  house: async ({ playwright }, use, info) => {
    const folder = await mkdtemp(join(tmpdir(), "rempart-e2e-"));
    const server = new Server(join(folder, "server"));
    let browser: Browser | null = null;
    try {
      await server.start();
      browser = await launch(playwright.chromium, join(folder, "home"), server.authority);
      const house = new House(server, browser);
      await use(house);
      if (info.status !== info.expectedStatus) await info.attach("server.log", { body: server.log });
      expect(house.problems, "nothing in the console, and no other host asked").toEqual([]);
    } finally {
      await browser?.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
});

export { expect };
