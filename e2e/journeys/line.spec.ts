/** The line is cut and comes back: nothing is lost, nothing arrives twice. */
import { expect, test } from "../harness/house";
import { fr } from "../harness/words";

test("written without a line, a message waits, then arrives once", async ({ house }) => {
  const anne = await house.sit(await house.owner());
  const karim = await house.sit(await house.person("Karim Haddad"));
  await anne.writeTo("Karim Haddad");
  await anne.say("Avant la coupure.");
  await karim.open("Anne Le Goff");

  await test.step("the browser loses the network", async () => {
    anne.watch.line("cut");
    await anne.context.setOffline(true);
    await expect(anne.page.locator(".band.offline")).toContainText("Hors ligne depuis", { timeout: 30_000 });
    await expect(anne.page.getByRole("button", { name: fr("compose.queue") })).toBeVisible();
    await anne.composer.fill("Écrit sans réseau.");
    await anne.composer.press("Enter");
    await expect(anne.message("Écrit sans réseau.").locator(".edge")).toHaveText("en attente");
    await expect(anne.page.locator(".band.offline")).toContainText("1 message partira au retour du réseau.");
    await karim.say("Anne, vous êtes là ?");
    await expect(anne.page.getByText("Anne, vous êtes là ?")).toHaveCount(0);
  });

  await test.step("and finds it again", async () => {
    await anne.context.setOffline(false);
    await expect(anne.page.locator(".band.offline")).toHaveCount(0, { timeout: 30_000 });
    anne.watch.line("whole");
    await expect(anne.message("Écrit sans réseau.").locator(".edge time")).toBeVisible();
    await expect(anne.message("Anne, vous êtes là ?")).toBeVisible();
    await expect(karim.page.locator(".msg", { hasText: "Écrit sans réseau." })).toHaveCount(1);
  });
});

test("the server is killed and starts again: those who write and those who read lose nothing", async ({ house }) => {
  const anne = await house.sit(await house.owner());
  const karim = await house.sit(await house.person("Karim Haddad"));
  await anne.writeTo("Karim Haddad");
  await anne.say("Avant l’arrêt.");
  await karim.open("Anne Le Goff");
  for (const seat of [anne, karim]) seat.watch.line("cut");

  await house.server.stop("SIGKILL");
  await expect(anne.page.locator(".band.offline")).toContainText("Hors ligne depuis", { timeout: 30_000 });
  await anne.composer.fill("Pendant l’arrêt.");
  await anne.composer.press("Enter");
  await expect(anne.message("Pendant l’arrêt.").locator(".edge")).toHaveText("en attente");
  // What waits outlives the page itself: it is kept on the device.
  await karim.composer.fill("Brouillon de Karim");

  await house.server.start();
  await anne.page.getByRole("button", { name: fr("act.retry") }).click();
  await expect(anne.message("Pendant l’arrêt.").locator(".edge time")).toBeVisible({ timeout: 30_000 });
  await expect(karim.page.locator(".msg", { hasText: "Pendant l’arrêt." })).toHaveCount(1, { timeout: 40_000 });
  for (const seat of [anne, karim]) {
    await expect(seat.page.locator(".band.offline")).toHaveCount(0, { timeout: 40_000 });
    seat.watch.line("whole");
  }
  await karim.page.reload();
  await expect(karim.composer).toHaveValue("Brouillon de Karim");
  await expect(karim.page.locator(".msg", { hasText: "l’arrêt." })).toHaveCount(2);
});
