/** A phone, by touch; both languages; both themes. */
import { DESKTOP, expect, PHONE, test } from "../harness/house";
import { png } from "../harness/pictures";
import { en, fr } from "../harness/words";

test("on a phone, by touch, from the list to a picture and back", async ({ house }) => {
  const touch = { viewport: PHONE, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
  const anne = await house.sit(await house.owner(), touch);
  const karim = await house.sit(await house.person("Karim Haddad"), touch);
  const { page } = anne;
  const flat = async (where: string) => expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), `${where}: nothing is wider than the window`).toBeLessThanOrEqual(0);

  await anne.writeTo("Karim Haddad");
  await anne.goto("/");
  await expect(anne.row("Karim Haddad")).toBeVisible();

  await test.step("the bar at the bottom leads to the directory, the directory to a person", async () => {
    const bar = await page.locator("nav.rail").boundingBox();
    expect((bar?.y ?? 0) + (bar?.height ?? 0)).toBeGreaterThan(PHONE.height - 2);
    await page.getByRole("link", { name: fr("rail.people"), exact: true }).tap();
    await flat("directory");
    await page.getByRole("button", { name: fr("people.writeTo", { name: "Karim Haddad" }) }).tap();
    await expect(page.getByRole("heading", { level: 1, name: "Karim Haddad" })).toBeVisible();
    await expect(page.locator("nav.rail")).toBeHidden();
    await flat("conversation");
  });

  await test.step("writing and answering", async () => {
    await anne.composer.tap();
    await anne.composer.fill("Je suis au deuxième étage.");
    await page.getByRole("button", { name: fr("compose.send") }).tap();
    await expect(anne.message("deuxième étage").locator(".edge time")).toBeVisible();
    await karim.row("Anne Le Goff").tap();
    await expect(karim.message("deuxième étage")).toBeVisible();
    await expect(anne.message("deuxième étage").locator(".edge")).toContainText("lu");
    await karim.message("deuxième étage").tap();
    await karim.message("deuxième étage").getByRole("button", { name: fr("msg.reply") }).tap();
    await karim.composer.fill("J’arrive.");
    await karim.page.getByRole("button", { name: fr("compose.send") }).tap();
    await expect(anne.message("J’arrive.").locator(".quote")).toContainText("deuxième étage");
    await anne.message("J’arrive.").getByText("J’arrive.").tap();
    await anne.message("J’arrive.").getByRole("button", { name: fr("msg.react") }).tap();
    await page.getByRole("menuitem", { name: fr("reaction.seen") }).tap();
    await expect(karim.message("J’arrive.").getByRole("button", { name: "Vu 1" })).toBeVisible();
  });

  await test.step("a long press opens the acts of a message; a finger that scrolls does not", async () => {
    const sheet = page.getByRole("dialog", { name: fr("msg.tools") });
    const finger = await anne.context.newCDPSession(page);
    // The first one: the answer quotes the same words.
    const rowAt = (place: typeof anne) => place.page.locator('[data-region="timeline"] li[data-key]').filter({ hasText: "Je suis au deuxième étage." }).first();
    const words = rowAt(anne).getByText("Je suis au deuxième étage.");
    const touches = async (type: "touchStart" | "touchMove" | "touchEnd", dy = 0) => {
      const box = type === "touchEnd" ? null : await words.boundingBox();
      const at = { x: (box?.x ?? 0) + 20, y: (box?.y ?? 0) + 8 };
      await finger.send("Input.dispatchTouchEvent", { type, touchPoints: type === "touchEnd" ? [] : [{ x: at.x, y: at.y + dy }] });
    };
    await touches("touchStart");
    await touches("touchMove", -30);
    await page.waitForTimeout(700);
    await expect(sheet).toHaveCount(0);
    await touches("touchEnd");
    await touches("touchStart");
    await expect(sheet).toBeVisible();
    await touches("touchEnd");
    await flat("sheet");
    await page.waitForTimeout(500);
    await expect(sheet, "the finger that lifts closes nothing").toBeVisible();
    await sheet.getByRole("button", { name: fr("reaction.agreed") }).tap();
    await expect(sheet).toHaveCount(0);
    await expect(rowAt(karim).getByRole("button", { name: "D’accord 1" })).toBeVisible();
    await touches("touchStart");
    await expect(sheet).toBeVisible();
    await touches("touchEnd");
    await sheet.getByRole("button", { name: fr("msg.edit") }).tap();
    await expect(anne.composer).toHaveValue("Je suis au deuxième étage.");
    await expect(anne.composer).toBeFocused();
    await page.getByRole("button", { name: fr("compose.cancelEdit") }).tap();
  });

  await test.step("a picture from the phone", async () => {
    await page.locator('input[type="file"]').setInputFiles({ name: "porte.png", mimeType: "image/png", buffer: png(1600, 900) });
    await expect(page.locator(".chip canvas")).toBeVisible();
    await expect(page.locator(".chip progress")).toHaveCount(0);
    await page.getByRole("button", { name: fr("compose.send") }).tap();
    await expect(karim.page.getByRole("img", { name: "porte.png" })).toBeVisible();
    await flat("conversation with a picture");
  });

  await test.step("details are a page, the way back is one touch", async () => {
    await page.getByRole("button", { name: fr("conv.details") }).tap();
    await expect(page.getByRole("complementary", { name: fr("details.label") })).toBeVisible();
    await flat("details");
    await page.getByRole("button", { name: fr("conv.closeDetails") }).tap();
    await page.getByRole("button", { name: fr("conv.back") }).tap();
    await expect(anne.row("Karim Haddad")).toBeVisible();
    await expect(page.locator("nav.rail")).toBeVisible();
    await flat("list");
  });

  await test.step("what one touches is large enough", async () => {
    const small = await page.evaluate(() => [...document.querySelectorAll<HTMLElement>("a[href], button, input, select")].filter((element) => element.offsetParent !== null && !element.closest(".sr") && !element.classList.contains("skip")).map((element) => ({ words: element.getAttribute("aria-label") ?? element.textContent ?? "", height: Math.round(element.getBoundingClientRect().height) })).filter(({ height }) => height > 0 && height < 24));
    expect(small).toEqual([]);
  });

  await test.step("settings and administration fit", async () => {
    for (const path of ["/settings/profile", "/settings/security", "/settings/sessions", "/settings/tokens", "/settings/appearance", "/settings/keyboard", "/admin/people", "/admin/invitations", "/admin/journal", "/admin/health", "/channels", "/people"]) {
      await anne.goto(path);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await flat(path);
    }
  });
});

test("at 320 pixels nothing scrolls sideways", async ({ house }) => {
  const anne = await house.sit(await house.owner(), { viewport: { width: 320, height: 640 } });
  await house.person("Karim Haddad");
  for (const path of ["/", "/people", "/settings/security", "/admin/people", "/channels"]) {
    await anne.goto(path);
    await expect(anne.page.locator("nav.rail")).toBeVisible();
    await expect.poll(() => anne.page.evaluate(() => document.documentElement.scrollWidth - innerWidth), path).toBeLessThanOrEqual(0);
  }
  await anne.writeTo("Karim Haddad");
  await anne.say("unmotextrêmementlongquinesecoupepasetquipourraitélargirlapagesionlelaissaitfaire".repeat(3));
  expect(await anne.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
});

test("English, from the entrance to the conversations, and kept with the account", async ({ house }) => {
  const owner = await house.owner();
  const account = await house.person("Karim Haddad");
  await test.step("the entrance follows the browser, and the choice", async () => {
    const visitor = await house.visitor("visitor", { locale: "en-GB" });
    await visitor.goto("/");
    await expect(visitor.page.getByText("Sign in with your address and your password.")).toBeVisible();
    await expect(visitor.page.locator("html")).toHaveAttribute("lang", "en");
    await visitor.page.getByRole("button", { name: "Français" }).click();
    await expect(visitor.page.getByText("Entrez avec votre adresse et votre mot de passe.")).toBeVisible();
    await expect(visitor.page.locator("html")).toHaveAttribute("lang", "fr");
    await visitor.context.close();
  });

  const karim = await house.sit(account);
  await test.step("the settings change it at once", async () => {
    await karim.goto("/settings/appearance");
    await karim.page.getByText("English").click();
    await expect(karim.page.getByRole("heading", { level: 1, name: "Settings" }).or(karim.page.getByRole("heading", { level: 1, name: en("pages.appearance") }))).toBeVisible();
    await expect(karim.page.getByRole("link", { name: "Directory", exact: true })).toBeVisible();
    await expect(karim.page.locator("html")).toHaveAttribute("lang", "en");
  });

  await test.step("each reads the same event in their own language", async () => {
    const anne = await house.sit(owner);
    await anne.writeTo("Karim Haddad");
    await karim.page.getByRole("link", { name: new RegExp(`^${en("rail.messages")}`) }).click();
    await expect(karim.row("Anne Le Goff")).toBeVisible();
    await karim.page.getByRole("link", { name: "Directory", exact: true }).click();
    await karim.page.getByRole("button", { name: en("people.writeTo", { name: "Anne Le Goff" }) }).click();
    await karim.composer.fill("Good morning.");
    await karim.composer.press("Enter");
    await anne.open("Karim Haddad");
    await expect(anne.message("Good morning.")).toBeVisible();
    await expect(karim.message("Good morning.").locator(".edge")).toContainText("read");
    await expect(karim.page.locator("header.top").getByText(en("class.open.head"))).toBeVisible();
    await expect(anne.page.locator("header.top").getByText(fr("class.open.head"))).toBeVisible();
    await karim.tool(karim.message("Good morning."), en("act.more"));
    await karim.choose(en("msg.redact"));
    await karim.page.getByRole("alertdialog").getByRole("button", { name: en("msg.redact") }).click();
    await expect(karim.page.getByText("You removed this message")).toBeVisible();
    await expect(anne.message("Message retiré par Karim Haddad")).toBeVisible();
  });

  await test.step("another device of the account speaks it too", async () => {
    const other = await house.sit(account);
    await expect(other.page.getByRole("link", { name: "Directory", exact: true })).toBeVisible();
  });
});

test("light, dark, and as the system says", async ({ house }) => {
  const anne = await house.sit(await house.owner(), { viewport: DESKTOP, colorScheme: "dark" });
  const ground = () => anne.page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g)?.slice(0, 3).map(Number).reduce((sum, part) => sum + part, 0) ?? 0);
  expect(await ground()).toBeLessThan(150);
  await anne.page.emulateMedia({ colorScheme: "light" });
  expect(await ground()).toBeGreaterThan(650);
  await anne.goto("/settings/appearance");
  await anne.page.getByText(fr("settings.theme.dark"), { exact: true }).click();
  expect(await ground()).toBeLessThan(150);
  await anne.page.reload();
  await expect(anne.page.getByRole("radio", { name: fr("settings.theme.dark") })).toBeChecked();
  expect(await ground()).toBeLessThan(150);
});
