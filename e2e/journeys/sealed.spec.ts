/** Sealed conversations against the real server: two people, three devices, and nothing for the server to read. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";

import { expect, test } from "../harness/house";
import { fr } from "../harness/words";

const TITLE = "Relève Armorique";
const TOPIC = "Passation à Trégastel";
const KEYS_MS = 60_000;

/** Keys are made at first sign-in without a question; this waits until they are there. */
async function keyed(page: Page): Promise<void> {
  await expect(page.getByText(fr("recovery.band"))).toBeVisible({ timeout: KEYS_MS });
}

async function files(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
}

test("sealed: a group of two people, a second device by recovery code, and a server that has no word of it", async ({ house }) => {
  test.setTimeout(300_000);
  const owner = await house.owner();
  const anne = await house.sit(owner);
  const karim = await house.sit(await house.person("Karim Haddad"));
  let code = "";

  await test.step("both have keys without having been asked anything", async () => {
    await Promise.all([keyed(anne.page), keyed(karim.page)]);
    await anne.page.getByRole("link", { name: fr("recovery.bandAct") }).click();
    await anne.page.getByRole("button", { name: fr("recovery.show") }).click();
    const groups = anne.page.locator(".recovery .groups span");
    await expect(groups).toHaveCount(8);
    code = (await groups.allInnerTexts()).join("-");
    await anne.page.getByRole("button", { name: fr("recovery.noted") }).click();
    await expect(anne.page.getByText(fr("recovery.kept"))).toBeVisible();
    await anne.goto("/");
  });

  await test.step("a sealed group: the other reads its title", async () => {
    const { page } = anne;
    await page.getByRole("button", { name: fr("list.new") }).first().click();
    const dialog = page.getByRole("dialog", { name: fr("new.title") });
    await dialog.getByText(fr("new.group"), { exact: true }).click();
    await dialog.getByLabel(fr("details.title"), { exact: true }).fill(TITLE);
    await dialog.getByLabel(fr("details.topic")).fill(TOPIC);
    await dialog.getByRole("combobox", { name: fr("new.people") }).fill("karim");
    await dialog.getByRole("option", { name: /Karim Haddad/ }).click();
    await expect(dialog.getByRole("radio", { name: new RegExp(`^${fr("class.sealed")}`) })).toBeChecked();
    await dialog.getByRole("button", { name: fr("new.act") }).click();
    await expect(page.getByRole("heading", { level: 1, name: TITLE })).toBeVisible({ timeout: 30_000 });
    await expect(karim.row(TITLE)).toBeVisible({ timeout: 30_000 });
    await karim.open(TITLE);
  });

  await test.step("messages, an answer, a reaction and an edit, both ways", async () => {
    await anne.say("Le phare de Ploumanac'h est gardé.");
    await expect(karim.message("Ploumanac")).toBeVisible();
    await karim.tool(karim.message("Ploumanac"), fr("msg.reply"));
    await karim.say("Je prends la nuit de Bréhat.");
    await expect(anne.message("Bréhat").locator(".quote")).toContainText("Ploumanac");
    await anne.tool(anne.message("Bréhat"), fr("msg.react"));
    await anne.choose(fr("reaction.agreed"));
    await expect(karim.message("Bréhat").getByRole("button", { name: "D’accord 1" })).toBeVisible();
    await karim.composer.press("ArrowUp");
    await karim.composer.fill("Je prends la nuit de Batz.");
    await karim.composer.press("Enter");
    await expect(anne.message("nuit de Batz").locator(".edge")).toContainText(fr("state.revised"));
  });

  await test.step("what was missed without a line is there afterwards", async () => {
    karim.watch.line("cut");
    await karim.context.setOffline(true);
    await expect(karim.page.locator(".band.offline")).toBeVisible({ timeout: 60_000 });
    for (let at = 1; at <= 5; at++) await anne.say(`Ronde ${at} faite.`);
    await karim.context.setOffline(false);
    await expect(karim.page.locator(".band.offline")).toHaveCount(0, { timeout: 60_000 });
    karim.watch.line("whole");
    for (let at = 1; at <= 5; at++) await expect(karim.message(`Ronde ${at} faite.`)).toBeVisible();
  });

  await test.step("a second device: locked, then opened by the recovery code; it reads what comes after", async () => {
    const second = await house.sit(owner);
    await second.page.getByRole("link", { name: fr("enter.bandAct") }).click({ timeout: KEYS_MS });
    await second.page.getByLabel(fr("enter.codeLabel"), { exact: true }).fill(code.toLowerCase());
    await second.page.getByRole("button", { name: fr("enter.codeAct"), exact: true }).click();
    await expect(second.page.locator("#main").getByText(fr("keys.status.ready"))).toBeVisible({ timeout: KEYS_MS });
    await second.goto("/");
    await expect(second.row(TITLE)).toBeVisible({ timeout: KEYS_MS });
    await second.open(TITLE);
    await karim.say("Bienvenue au second poste.");
    await expect(second.message("Bienvenue au second poste.")).toBeVisible();
    await expect(second.page.getByText("Ploumanac")).toHaveCount(0);
    await second.say("Lu depuis la vigie.");
    await expect(karim.message("Lu depuis la vigie.")).toBeVisible();
    await expect(anne.message("Lu depuis la vigie.")).toBeVisible();
  });

  await test.step("a file: opened at the other's place, and only there", async () => {
    const bytes = Buffer.from(`Plan de Kerlouan, feuille 3\n${"x".repeat(1_500_000)}`);
    await anne.page.locator('input[type="file"]').setInputFiles({ name: "Kerlouan.txt", mimeType: "text/plain", buffer: bytes });
    await expect(anne.page.locator("progress")).toHaveCount(0, { timeout: 30_000 });
    await anne.composer.fill("Le plan joint.");
    await anne.composer.press("Enter");
    const [download] = await Promise.all([
      karim.page.waitForEvent("download"),
      karim.message("Le plan joint.").getByRole("button", { name: fr("file.download", { name: "Kerlouan.txt" }) }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("Kerlouan.txt");
    expect(Buffer.compare(await readFile(await download.path()), bytes)).toBe(0);
  });

  await test.step("after a reload everything opened is still there", async () => {
    await karim.page.reload();
    await expect(karim.message("Lu depuis la vigie.")).toBeVisible({ timeout: 30_000 });
    await expect(karim.message("Ploumanac")).toBeVisible();
    await karim.say("Toujours là.");
    await expect(anne.message("Toujours là.")).toBeVisible();
  });

  await test.step("what the server gives out of the journal is sealed too", async () => {
    const { conversations } = await owner.api.command("conversations.list", {});
    const sealed = conversations.find(({ protection }) => protection === "sealed");
    expect(sealed?.details).toBeNull();
    const { entries } = await owner.api.command("journal.read", { conversation: sealed?.conversation ?? "", after: 0, limit: 200 });
    expect(entries.filter(({ kind }) => kind === "content").length).toBeGreaterThan(10);
    const given = Buffer.concat(entries.map(({ content }) => Buffer.from(content ?? "", "base64url")));
    for (const word of [TITLE, TOPIC, "Ploumanac", "Ronde 3", "Kerlouan", "vigie"]) expect(given.includes(word), word).toBe(false);
  });

  await test.step("no file of the server holds a word of it", async () => {
    const words = [TITLE, "Armorique", "Trégastel", "Ploumanac", "Bréhat", "Batz", "Ronde 3", "vigie", "Kerlouan", code, code.replaceAll("-", "")];
    const all = await files(house.server.data);
    expect(all.length).toBeGreaterThan(0);
    for (const file of all) {
      const bytes = await readFile(file);
      for (const word of words) expect(bytes.includes(word), `${word} in ${file}`).toBe(false);
    }
    for (const word of words) expect(house.server.log.includes(word), `${word} in the log`).toBe(false);
  });
});

test("sealed: a device gets the keys from another device of the account, by a code on both screens", async ({ house }) => {
  test.setTimeout(240_000);
  const owner = await house.owner();
  const first = await house.sit(owner);
  await keyed(first.page);
  const second = await house.sit(owner);
  await second.page.getByRole("link", { name: fr("enter.bandAct") }).click({ timeout: KEYS_MS });
  await second.page.getByRole("button", { name: fr("enter.ask"), exact: true }).click();
  const code = second.page.locator(".short-code span[aria-hidden]");
  await expect(code).toHaveText(/^\S{4}-\S{4}-\S{4}$/);
  await first.page.getByRole("button", { name: fr("link.bandAct") }).click({ timeout: KEYS_MS });
  const dialog = first.page.getByRole("dialog", { name: fr("link.title") });
  await expect(dialog.locator(".short-code span[aria-hidden]")).toHaveText(await code.innerText());
  await dialog.getByRole("button", { name: fr("link.accept") }).click();
  await expect(second.page.locator("#main").getByText(fr("keys.status.ready"))).toBeVisible({ timeout: KEYS_MS });
});
