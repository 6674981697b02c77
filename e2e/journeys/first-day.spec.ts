/** The first day of a house: from the setup link to two people who talk. */
import { DOMAIN, ORGANISATION, PASSWORD } from "../harness/api";
import { expect, test } from "../harness/house";
import { code } from "../harness/totp";
import { fr } from "../harness/words";

test("from the setup link to two people who write to each other", async ({ house }) => {
  const anne = await house.visitor("Anne");
  let invitation = "";

  await test.step("the setup link asks organisation, domain and host", async () => {
    await anne.goto(`/setup#${house.server.setup}`);
    const { page } = anne;
    await expect(page.getByRole("heading", { level: 1, name: "Votre organisation" })).toBeVisible();
    await expect(page.getByLabel(fr("setup.host"))).toHaveValue(house.server.host);
    await page.getByRole("button", { name: fr("act.continue") }).click();
    await expect(page.getByText(fr("setup.orgNameMissing"))).toBeVisible();
    await page.getByLabel(fr("setup.orgName"), { exact: true }).fill(ORGANISATION);
    await page.getByLabel(fr("setup.domain")).fill("kerbrat..example");
    await expect(page.getByText("Deux points se suivent.")).toBeVisible();
    await page.getByRole("button", { name: DOMAIN, exact: true }).click();
    await expect(page.getByLabel(fr("setup.domain"))).toHaveValue(DOMAIN);
    await page.getByRole("button", { name: fr("act.continue") }).click();
  });

  await test.step("the owner's account: a weak password is refused with its reason", async () => {
    const { page } = anne;
    await expect(page.getByRole("heading", { level: 1, name: "Votre compte" })).toBeVisible();
    await page.getByLabel(fr("account.name")).fill("Anne Le Goff");
    await expect(page.getByLabel(fr("account.address"))).toHaveValue("anne.le.goff");
    const password = page.getByLabel(fr("account.password"), { exact: true });
    const meter = page.getByRole("meter", { name: fr("pw.meter") });
    await password.fill("azerty");
    await expect(meter).toHaveAttribute("aria-valuenow", "28");
    await expect(page.getByText(fr("pw.low", { bits: 28, min: 80 }))).toBeVisible();
    await page.getByRole("button", { name: fr("act.continue") }).click();
    await expect(page.getByRole("button", { name: fr("act.continue") })).toHaveAttribute("aria-disabled", "true");
    await password.fill("AnneLeGoff2026");
    await expect(page.getByText(fr("pw.personal"))).toBeVisible();
    await password.fill("Motdepasse2026");
    await expect(page.getByText(fr("pw.common"))).toBeVisible();
    await password.fill(PASSWORD);
    await expect(page.getByText(fr("pw.notCommon"))).toBeVisible();
    await expect(page.getByText(fr("pw.notPersonal"))).toBeVisible();
    await page.getByRole("button", { name: fr("act.continue") }).click();
  });

  await test.step("a second factor, then recovery codes", async () => {
    const { page } = anne;
    await expect(page.getByRole("heading", { level: 1, name: "Second facteur" })).toBeVisible();
    await expect(page.getByRole("img", { name: fr("factor.qr") })).toBeVisible();
    const secret = (await page.locator(".secret").innerText()).replace(/\s/g, "");
    const field = page.getByLabel(fr("factor.code"));
    await field.fill("12");
    await page.getByRole("button", { name: fr("factor.confirm") }).click();
    await expect(page.getByText(fr("factor.codeBad"))).toBeVisible();
    await field.fill(code(secret));
    await page.getByRole("button", { name: fr("factor.confirm") }).click();
    await expect(page.getByRole("heading", { level: 1, name: fr("codes.title") })).toBeVisible();
    await expect(page.locator(".codes li")).toHaveCount(10);
    await expect(page.getByRole("button", { name: fr("act.continue") })).toHaveAttribute("aria-disabled", "true");
    await page.getByLabel(fr("codes.kept")).check();
    await page.getByRole("button", { name: fr("act.continue") }).click();
    await expect(page.getByRole("heading", { level: 1, name: "La maison est ouverte" })).toBeVisible();
    await page.getByRole("button", { name: fr("setup.enter") }).click();
    await expect(page.locator("nav.rail")).toBeVisible();
    await expect(page.getByText(ORGANISATION)).toBeVisible();
  });

  await test.step("the link worked once", async () => {
    const late = await house.visitor("retardataire");
    late.watch.refusal(/^\/api\/v1\/setup\/check$/, 409);
    late.watch.refusal(/^\/api\/v1\/setup\/check$/, 404);
    await late.goto(`/setup#${house.server.setup}`);
    await expect(late.page.getByRole("heading", { level: 1, name: ORGANISATION })).toBeVisible();
    await expect(late.page.getByLabel(fr("setup.orgName"), { exact: true })).toHaveCount(0);
    await late.context.close();
  });

  await test.step("the owner invites somebody", async () => {
    const { page } = anne;
    await page.getByRole("link", { name: fr("rail.admin") }).click();
    await page.getByRole("button", { name: fr("admin.invite") }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(fr("invites.name")).fill("Karim Haddad");
    await expect(dialog.getByLabel(fr("invites.local"))).toHaveValue("karim.haddad");
    await dialog.getByRole("button", { name: fr("invites.act") }).click();
    await expect(dialog.locator("output.link")).toContainText(`${house.server.origin}/invite#`);
    invitation = await dialog.locator("output.link").innerText();
    await dialog.getByRole("button", { name: fr("admin.done") }).click();
  });

  const karim = await house.visitor("Karim");
  await test.step("the guest opens the link in another browser and makes an account", async () => {
    const { page } = karim;
    await page.goto(invitation);
    await expect(page.getByRole("heading", { level: 1, name: `Bienvenue chez ${ORGANISATION}` })).toBeVisible();
    await expect(page.getByText("Anne Le Goff vous invite")).toBeVisible();
    await expect(page.getByLabel(fr("account.name"))).toHaveValue("Karim Haddad");
    await page.getByLabel(fr("account.password"), { exact: true }).fill("quatre mouettes rieuses sur le toit du port 12");
    await expect(page.getByText(fr("pw.notPersonal"))).toBeVisible();
    await page.getByRole("button", { name: fr("invite.act") }).click();
    await expect(page.locator("nav.rail")).toBeVisible();
  });

  await test.step("both are in the directory, to each other", async () => {
    for (const [seat, other] of [[anne, "Karim Haddad"], [karim, "Anne Le Goff"]] as const) {
      await seat.page.getByRole("link", { name: fr("rail.people"), exact: true }).click();
      await expect(seat.page.getByRole("heading", { level: 1, name: "Annuaire" })).toBeVisible();
      await expect(seat.page.getByRole("row").filter({ hasText: other })).toBeVisible();
      await expect(seat.page.getByText("2 personnes.")).toBeVisible();
    }
  });

  await test.step("a message goes one way, an answer the other", async () => {
    await anne.writeTo("Karim Haddad");
    await anne.say("Bonjour Karim, bienvenue dans la maison.");
    await karim.page.getByRole("link", { name: fr("rail.messages") }).click();
    await karim.open("Anne Le Goff");
    await expect(karim.message("bienvenue dans la maison")).toBeVisible();
    await karim.say("Merci ! Je suis bien arrivé.");
    await expect(anne.message("Je suis bien arrivé")).toBeVisible();
  });
});
