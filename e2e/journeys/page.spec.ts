/** What the page is made of: fonts, licences, and the policy that holds on every platform. */
import { expect, test } from "../harness/house";
import { fr } from "../harness/words";

test("an open dialog keeps to the page's policy on iOS too", async ({ house }) => {
  const anne = await house.sit(await house.owner(), { userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1" });
  const { page } = anne;
  await page.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, "platform", { get: () => "iPhone" });
    Object.defineProperty(Navigator.prototype, "userAgentData", { get: () => undefined });
  });
  await page.reload();
  await page.getByRole("button", { name: fr("list.new") }).first().click();
  await expect(page.getByRole("dialog")).toBeVisible();
  const held = await page.evaluate(() => ({
    // What stands in the place of the style element shows that the way of iOS was taken.
    stand: document.head.firstElementChild?.tagName,
    words: document.head.firstElementChild?.textContent?.includes("overscroll-behavior"),
    styles: document.querySelectorAll("style").length,
    behind: getComputedStyle(document.querySelector("nav.rail") ?? document.body).overscrollBehaviorY,
  }));
  expect(held).toEqual({ stand: "META", words: true, styles: 0, behind: "contain" });
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  expect(await page.evaluate(() => [document.head.firstElementChild?.textContent, getComputedStyle(document.querySelector("nav.rail") ?? document.body).overscrollBehaviorY])).toEqual(["", "auto"]);
});

test("the fonts of text and titles are asked for first, and once", async ({ house }) => {
  await house.owner();
  const visitor = await house.visitor();
  await visitor.goto("/signin");
  await expect(visitor.page.getByRole("heading", { level: 1 })).toBeVisible();
  await visitor.page.evaluate(() => document.fonts.ready.then(() => undefined));
  const fonts = await visitor.page.evaluate(() => (performance.getEntriesByType("resource") as PerformanceResourceTiming[]).filter(({ name }) => name.endsWith(".woff2")).map(({ name, initiatorType, startTime }) => ({ name: name.replace(/.*\/([a-z-]+(?:700)?[a-z-]*)-[^/]*$/, "$1"), initiatorType, startTime })));
  const early = fonts.filter(({ initiatorType }) => initiatorType === "link");
  expect(early).toHaveLength(2);
  expect(await visitor.page.evaluate(() => ["16px 'Atkinson Hyperlegible Next Variable'", "700 28px 'Inria Serif'"].map((font) => document.fonts.check(font)))).toEqual([true, true]);
  const script = await visitor.page.evaluate(() => (performance.getEntriesByType("resource") as PerformanceResourceTiming[]).find(({ initiatorType }) => initiatorType === "script")?.responseEnd ?? 0);
  for (const { startTime } of early) expect(startTime).toBeLessThan(script);
});

test("the page says what it is made of", async ({ house }) => {
  const anne = await house.sit(await house.owner());
  await anne.goto("/settings/about");
  await expect(anne.page.getByText(/^Version du serveur\s: \d+\.\d+\.\d+$/)).toBeVisible();
  // A page that is no client has no icon.
  anne.watch.refusal(/^\/favicon\.ico$/, 404);
  const opened = anne.context.waitForEvent("page");
  await anne.page.getByRole("link", { name: fr("settings.notices") }).click();
  const notices = await opened;
  await expect(notices.locator("body")).toContainText("react-aria");
  await expect(notices.locator("body")).toContainText("aws-lc-rs");
});
