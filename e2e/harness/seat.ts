/** A person in front of a browser: what they see and do in conversations. */
import { expect } from "@playwright/test";
import type { BrowserContext, Locator, Page } from "@playwright/test";

import type { Account } from "./api";
import type { Watch } from "./watch";
import { fr } from "./words";

export class Seat {
  constructor(readonly context: BrowserContext, readonly page: Page, readonly watch: Watch, readonly origin: string, readonly account: Account | null) {}

  get composer(): Locator {
    return this.page.locator('[data-region="composer"] textarea');
  }

  /** The row of the timeline that holds these words. */
  message(words: string | RegExp): Locator {
    return this.page.locator('[data-region="timeline"] li[data-key]').filter({ has: this.page.locator(".msg"), hasText: words }).last();
  }

  /** The row of the list of conversations. */
  row(title: string): Locator {
    return this.page.locator("a.conv").filter({ has: this.page.locator(".name", { hasText: title }) });
  }

  /** Writes, sends, and sees it acknowledged, as it is shown: the margin then has the hour. */
  async say(words: string, shown = words): Promise<Locator> {
    await this.composer.fill(words);
    await this.composer.press("Enter");
    const row = this.message(shown);
    await expect(row).toBeVisible();
    await expect(row.locator(".edge time")).toBeVisible();
    return row;
  }

  /** Points at a message and takes an act of its toolbar. */
  async tool(row: Locator, label: string): Promise<void> {
    await row.locator(".msg").hover();
    await row.getByRole("toolbar").getByRole("button", { name: label, exact: true }).click();
  }

  /** An entry of the menu that is open; its note may follow. */
  async choose(words: string): Promise<void> {
    await this.page.getByRole("menuitem", { name: new RegExp(`^${words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`) }).click();
  }

  /** In the dialog of a new conversation: the server may read it. Whether everybody has keys already does not matter then. */
  async chooseOpen(): Promise<void> {
    await this.page.getByRole("dialog").getByRole("radio", { name: new RegExp(`^${fr("class.open")}`) }).check();
  }

  /** Opens an open conversation with somebody. */
  async writeTo(name: string): Promise<void> {
    const { page } = this;
    await page.getByRole("link", { name: new RegExp(`^${fr("rail.messages")}`) }).click();
    await page.getByRole("button", { name: fr("list.new") }).first().click();
    const dialog = page.getByRole("dialog", { name: fr("new.title") });
    await dialog.getByRole("combobox", { name: fr("new.people") }).fill(name);
    await dialog.getByRole("option", { name: new RegExp(name) }).click();
    await this.chooseOpen();
    await dialog.getByRole("button", { name: fr("new.act") }).click();
    await expect(this.page.getByRole("heading", { level: 1, name })).toBeVisible();
  }

  async open(title: string): Promise<void> {
    await this.row(title).click();
    await expect(this.page.getByRole("heading", { level: 1, name: title })).toBeVisible();
  }

  async goto(path: string): Promise<void> {
    await this.page.goto(this.origin + path);
  }
}
