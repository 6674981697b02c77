/** Keys and devices at the real server: every state that can be reached, scanned in both themes and both sizes. */
import { scanAll } from "../harness/accessibility";
import { expect, test } from "../harness/house";
import { fr } from "../harness/words";

const KEYS_MS = 60_000;

test("keys: the recovery code, a sealed conversation and its protection, comparing, a second device, a lost one", async ({ house }) => {
  test.setTimeout(600_000);
  const owner = await house.owner();
  const anne = await house.sit(owner);
  const karim = await house.sit(await house.person("Karim Haddad"));
  await house.person("Lise Morvan");
  const { page } = anne;
  const dialog = page.getByRole("dialog").or(page.getByRole("alertdialog"));
  const details = page.getByRole("complementary", { name: fr("details.label") });
  const escape = async () => { await page.keyboard.press("Escape"); await expect(dialog).toHaveCount(0); };
  const pick = async (name: string) => { await dialog.getByRole("option", { name: new RegExp(name) }).click(); };
  await expect(karim.page.getByText(fr("recovery.band"))).toBeVisible({ timeout: KEYS_MS });
  await expect(page.getByText(fr("recovery.band"))).toBeVisible({ timeout: KEYS_MS });
  let code = "";

  await scanAll(page, [
    ["keys-band", () => Promise.resolve()],
    ["keys-code-hidden", async () => { await page.getByRole("link", { name: fr("recovery.bandAct") }).click(); await expect(page.getByRole("button", { name: fr("recovery.show") })).toBeVisible(); }],
    ["keys-code", async () => { await page.getByRole("button", { name: fr("recovery.show") }).click(); code = (await page.locator(".recovery .groups span").allInnerTexts()).join(" "); }],
    ["keys-noted", async () => { await page.getByRole("button", { name: fr("recovery.noted") }).click(); await expect(page.getByText(fr("recovery.kept"))).toBeVisible(); }],
    ["keys-new-missing", async () => { await anne.goto("/"); await page.getByRole("button", { name: fr("list.new") }).first().click(); await pick("Lise Morvan"); await expect(dialog.getByText(fr("choose.missingOne", { name: "Lise Morvan" }), { exact: false })).toBeVisible(); }],
    ["keys-new-open", async () => { await anne.chooseOpen(); }],
    ["keys-new-sealed", async () => { await dialog.getByRole("radio", { name: new RegExp(`^${fr("class.sealed")}`) }).check(); await pick("Karim Haddad"); await expect(dialog.getByText(fr("choose.missingOne", { name: "Lise Morvan" }), { exact: false })).toHaveCount(0); }],
    ["keys-sealed", async () => {
      await dialog.getByRole("button", { name: fr("new.act") }).click();
      await expect(page.getByRole("heading", { level: 1, name: "Karim Haddad" })).toBeVisible();
      await expect(page.locator("header.top").getByText(fr("class.sealed"), { exact: true })).toBeVisible();
      await anne.say("Le scanner est libre.");
      await karim.open("Anne Le Goff");
      await expect(karim.message("Le scanner est libre.")).toBeVisible({ timeout: KEYS_MS });
    }],
    ["keys-protection", async () => { if (!(await details.isVisible())) await page.getByRole("button", { name: fr("conv.details") }).click(); await details.getByText(fr("sees.summary")).click(); await expect(details.getByText(fr("assure.served"))).toBeVisible(); }],
    ["keys-verify", async () => { await anne.goto("/people"); await page.getByRole("link", { name: "Karim Haddad" }).click(); await page.getByRole("button", { name: fr("verify.open"), exact: true }).click(); await expect(dialog.locator(".digits li")).toHaveCount(12); await expect(dialog.locator("svg.qr")).toBeVisible(); }],
  ]);

  await test.step("the number is the same on both sides, and the mark is kept", async () => {
    await karim.goto("/people");
    await karim.page.getByRole("link", { name: "Anne Le Goff" }).click();
    await karim.page.getByRole("button", { name: fr("verify.open"), exact: true }).click();
    const theirs = karim.page.getByRole("dialog").locator(".digits li");
    await expect(theirs).toHaveCount(12);
    expect(await theirs.allInnerTexts()).toEqual(await dialog.locator(".digits li").allInnerTexts());
    await dialog.getByRole("button", { name: fr("verify.act") }).click();
    await expect(page.locator(".verified")).toBeVisible();
  });

  const second = await house.sit(owner);
  const asked = second.page.locator(".short-code > [aria-hidden]");
  await test.step("a second device shows a short code; the first shows the same", async () => {
    await expect(second.page.getByText(fr("enter.band"))).toBeVisible({ timeout: KEYS_MS });
    await second.open("Karim Haddad");
    await scanAll(second.page, [
      ["keys-locked", () => expect(second.page.getByText(fr("locked.title"))).toBeVisible()],
      ["keys-enter", async () => { await second.page.getByRole("link", { name: fr("locked.act") }).click(); await expect(second.page.getByRole("heading", { name: fr("enter.title") })).toBeVisible(); }],
      ["keys-enter-wrong", async () => { await second.page.getByLabel(fr("enter.codeLabel"), { exact: true }).fill(code.slice(0, -3)); await second.page.getByRole("button", { name: fr("enter.codeAct"), exact: true }).click(); await expect(second.page.getByText(fr("enter.codeMore", { n: 3 }))).toBeVisible(); }],
      ["keys-enter-waiting", async () => { await second.page.getByRole("button", { name: fr("enter.ask") }).click(); await expect(asked).toBeVisible(); }],
    ]);
    await anne.goto("/");
    await page.getByRole("button", { name: fr("link.bandAct") }).click({ timeout: KEYS_MS });
    await expect(dialog.locator(".short-code > [aria-hidden]")).toHaveText(await asked.innerText());
    await scanAll(page, [["keys-request", () => Promise.resolve()]]);
    await dialog.getByRole("button", { name: fr("link.accept") }).click();
    await expect(second.page.locator("#main").getByText(fr("keys.status.ready"))).toBeVisible({ timeout: KEYS_MS });
  });

  await test.step("the first device lists it, and takes it out: at once, and with what is said of both states", async () => {
    await anne.goto("/settings/keys");
    const lost = page.getByRole("button", { name: new RegExp(`^${fr("devices.lost")}`) });
    await expect(lost).toHaveCount(1, { timeout: KEYS_MS });
    await scanAll(page, [
      ["keys-devices", () => Promise.resolve()],
      ["keys-lost", async () => { await lost.click(); await expect(dialog).toBeVisible(); }],
      ["keys-gone", async () => { await dialog.getByRole("button", { name: fr("devices.lostAct") }).click(); await expect(page.getByText(fr("devices.goneCut"))).toBeVisible({ timeout: KEYS_MS }); }],
    ]);
    await expect(lost).toHaveCount(0);
    await expect(second.page.getByText(fr("signin.ended"))).toBeVisible({ timeout: KEYS_MS });
    await escape();
  });
});
