/** Everything without a pointer. */
import { PASSWORD } from "../harness/api";
import { expect, test } from "../harness/house";
import { fr } from "../harness/words";

test("signing in, finding somebody, writing, answering, editing: by keys alone", async ({ house }) => {
  await house.owner();
  const account = await house.person("Karim Haddad");
  const lise = await house.sit(await house.person("Lise Morvan"));
  const karim = await house.visitor("Karim");
  const { page } = karim;
  const keys = page.keyboard;
  const focused = () => page.evaluate(() => { const element = document.activeElement as HTMLElement | null; return { region: element?.closest<HTMLElement>("[data-region]")?.dataset["region"] ?? "", tag: element?.tagName ?? "", key: element?.dataset["key"] ?? "" }; });

  await test.step("sign in", async () => {
    await karim.goto("/");
    await expect(page.getByLabel(fr("account.address"))).toBeFocused();
    await keys.type(account.address);
    await keys.press("Tab");
    await keys.type(PASSWORD);
    await keys.press("Enter");
    await expect(page.locator("nav.rail")).toBeVisible();
  });

  await test.step("the first stop of Tab skips to the content", async () => {
    await keys.press("Tab");
    await expect(page.getByRole("link", { name: fr("act.skip") })).toBeFocused();
    await expect(page.getByRole("link", { name: fr("act.skip") })).toBeInViewport();
    await keys.press("Enter");
    await expect(page.locator("#main")).toBeFocused();
  });

  await test.step("Ctrl K goes to somebody", async () => {
    // Once both have keys the conversation is sealed, and nothing is asked.
    for (const one of [page, lise.page]) await expect(one.getByText(fr("recovery.band"))).toBeVisible({ timeout: 60_000 });
    await keys.press("Control+k");
    const field = page.getByRole("combobox", { name: fr("palette.title") });
    await expect(field).toBeFocused();
    await keys.type("lise");
    await expect(page.getByRole("option", { name: /Lise Morvan/ })).toHaveAttribute("aria-selected", "true");
    await keys.press("Enter");
    await expect(page.getByRole("heading", { level: 1, name: "Lise Morvan" })).toBeVisible();
    await expect(karim.composer).toBeFocused();
  });

  await test.step("Enter sends, Shift Enter makes a line", async () => {
    await keys.type("Première ligne");
    await keys.press("Shift+Enter");
    await keys.type("Seconde ligne");
    await keys.press("Enter");
    await expect(karim.message("Seconde ligne").locator(".edge time")).toBeVisible();
    await lise.open("Karim Haddad");
    await expect(lise.message("Première ligne").locator("br")).toHaveCount(1);
    await lise.say("Bien lu.");
    await expect(karim.message("Bien lu.")).toBeVisible();
  });

  await test.step("from message to message, R answers, V says seen", async () => {
    await keys.press("Shift+Tab");
    await expect(karim.message("Bien lu.")).toBeFocused();
    await keys.press("ArrowUp");
    await expect(karim.message("Seconde ligne")).toBeFocused();
    await keys.press("ArrowDown");
    await keys.press("v");
    await expect(lise.message("Bien lu.").getByRole("button", { name: "Vu 1" })).toBeVisible();
    await keys.press("r");
    await expect(karim.composer).toBeFocused();
    await expect(page.getByText(fr("compose.replyTo", { name: "Lise Morvan" }))).toBeVisible();
    await keys.type("Parfait.");
    await keys.press("Enter");
    await expect(lise.message("Parfait.").locator(".quote")).toContainText("Bien lu.");
    await expect(karim.message("Parfait.").locator(".edge time")).toBeVisible();
  });

  await test.step("↑ in an empty composer edits, Escape gives up", async () => {
    await keys.press("ArrowUp");
    await expect(karim.composer).toHaveValue("Parfait.");
    await keys.press("Escape");
    await expect(karim.composer).toHaveValue("");
    await keys.press("ArrowUp");
    await keys.press("End");
    await keys.type(" Merci.");
    await keys.press("Enter");
    await expect(lise.message("Parfait. Merci.").locator(".edge")).toContainText(fr("state.revised"));
  });

  await test.step("F6 goes round the regions, Shift F6 back", async () => {
    const round: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      await keys.press("F6");
      round.push((await focused()).region);
    }
    expect(round).toEqual(["details", "rail", "list", "timeline", "composer"]);
    await keys.press("Shift+F6");
    expect((await focused()).region).toBe("timeline");
    await keys.press("Escape");
    await expect(karim.composer).toBeFocused();
  });

  await test.step("a menu, by keys: presence", async () => {
    await page.locator("button.me-button").focus();
    await keys.press("Enter");
    await expect(page.getByRole("menu")).toBeVisible();
    await keys.press("ArrowDown");
    await keys.press("Enter");
    await expect(page.getByRole("menu")).toHaveCount(0);
    await expect(page.locator("button.me-button")).toBeFocused();
    await expect(lise.page.getByRole("heading", { level: 1 }).getByRole("img", { name: "Occupé" })).toBeVisible();
  });

  await test.step("Ctrl I closes and opens the details, ? lists the keys, Escape closes it", async () => {
    const details = page.getByRole("complementary", { name: fr("details.label") });
    await keys.press("Control+i");
    await expect(details).toHaveCount(0);
    await keys.press("Control+i");
    await expect(details).toBeVisible();
    await page.locator("button.me-button").focus();
    await keys.type("?");
    await expect(page.getByRole("dialog", { name: fr("keys.title") })).toBeVisible();
    await keys.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);
  });

  await test.step("Alt ↑ ↓ goes from one conversation to the next", async () => {
    await keys.press("Control+k");
    await keys.type("anne");
    await expect(page.getByRole("option", { name: /Anne Le Goff/ })).toBeVisible();
    await keys.press("Enter");
    // She never signed in with a browser, so she has no keys: that the server may read is a choice.
    const choice = page.getByRole("dialog", { name: fr("new.title") });
    await expect(choice.getByText(fr("choose.missingOne", { name: "Anne Le Goff" }), { exact: false })).toBeVisible();
    const sealed = choice.getByRole("radio", { name: new RegExp(`^${fr("class.sealed")}`) });
    for (let at = 0; at < 4 && !(await sealed.evaluate((radio) => radio === document.activeElement)); at += 1) await keys.press("Tab");
    await expect(sealed).toBeFocused();
    await keys.press("ArrowDown");
    await expect(choice.getByRole("radio", { name: new RegExp(`^${fr("class.open")}`) })).toBeChecked();
    await keys.press("Enter");
    await expect(page.getByRole("heading", { level: 1, name: "Anne Le Goff" })).toBeVisible();
    await keys.press("Alt+ArrowDown");
    await expect(page.getByRole("heading", { level: 1, name: "Lise Morvan" })).toBeVisible();
    await keys.press("Alt+ArrowUp");
    await expect(page.getByRole("heading", { level: 1, name: "Anne Le Goff" })).toBeVisible();
  });

  await test.step("focus is always shown", async () => {
    await keys.press("F6");
    for (let i = 0; i < 25; i += 1) {
      await keys.press("Tab");
      const seen = await page.evaluate(() => {
        const element = document.activeElement;
        if (!element || element === document.body) return true;
        const lines = (style: CSSStyleDeclaration) => (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== "none";
        const shown = (node: Element) => lines(getComputedStyle(node)) || lines(getComputedStyle(node, "::after"));
        return shown(element) || (element.parentElement !== null && (shown(element.parentElement) || (element.closest(".compose, .find, .suffix, .pw") !== null && shown(element.closest(".compose, .find, .suffix, .pw") as Element))));
      });
      expect(seen, `stop ${i}: ${JSON.stringify(await focused())}`).toBe(true);
    }
  });
});
