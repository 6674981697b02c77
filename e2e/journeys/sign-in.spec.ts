/** Coming in and going out: second factor, recovery codes, wrong tries, sessions, password, tokens. */
import { request } from "node:https";
import { PASSWORD } from "../harness/api";
import { expect, test } from "../harness/house";
import type { Seat } from "../harness/seat";
import { code, wrongCode } from "../harness/totp";
import { fr } from "../harness/words";

async function signIn(seat: Seat, address: string, password: string): Promise<void> {
  await seat.page.getByLabel(fr("account.address")).fill(address);
  await seat.page.getByLabel(fr("account.password"), { exact: true }).fill(password);
  await seat.page.getByRole("button", { name: fr("signin.act") }).click();
}

async function leave(seat: Seat): Promise<void> {
  await seat.page.locator("button.me-button").click();
  await seat.choose(fr("me.signOut"));
  await seat.page.getByRole("alertdialog").getByRole("button", { name: fr("gate.signOut") }).click();
  await expect(seat.page.getByText(fr("signin.out"))).toBeVisible();
}

test("out and in again: second factor, recovery code, wrong code", async ({ house }) => {
  const owner = await house.owner();
  const anne = await house.visitor("Anne");
  const { page } = anne;
  anne.watch.refusal(/^\/api\/v1\/session(\/factor)?$/, 401);

  await test.step("an empty form says what is missing", async () => {
    await anne.goto("/");
    await page.getByRole("button", { name: fr("signin.act") }).click();
    await expect(page.getByText(fr("signin.addressMissing"))).toBeVisible();
    await expect(page.getByText(fr("signin.passwordMissing"))).toBeVisible();
  });

  await test.step("a wrong password is refused without saying which was wrong", async () => {
    await signIn(anne, owner.address, "quelque chose d’autre, vraiment");
    await expect(page.getByRole("alert").getByText("Adresse ou mot de passe inexact.")).toBeVisible();
    await signIn(anne, "personne@kerbrat.example", "quelque chose d’autre, vraiment");
    await expect(page.getByRole("alert").getByText("Adresse ou mot de passe inexact.")).toBeVisible();
  });

  await test.step("a wrong code is refused, the right one taken", async () => {
    await signIn(anne, owner.address, PASSWORD);
    await expect(page.getByRole("heading", { level: 1, name: "Second facteur" })).toBeVisible();
    await page.getByLabel(fr("signin.code")).fill(wrongCode(owner.totp ?? ""));
    await page.getByRole("button", { name: fr("signin.check") }).click();
    await expect(page.getByText("Ce code n’est pas le bon.")).toBeVisible();
    await page.getByLabel(fr("signin.code")).fill(code(owner.totp ?? "", 1));
    await page.getByRole("button", { name: fr("signin.check") }).click();
    await expect(page.locator("nav.rail")).toBeVisible();
  });

  await test.step("out: nothing of the account stays on the device", async () => {
    await leave(anne);
    const kept = await page.evaluate(async () => ({ databases: (await indexedDB.databases()).map(({ name }) => name), keys: Object.keys(localStorage) }));
    expect(kept.databases.filter((name) => name?.includes(owner.id))).toEqual([]);
    await anne.goto("/people");
    await expect(page.getByLabel(fr("account.address"))).toBeVisible();
  });

  await test.step("a recovery code works once", async () => {
    const used = owner.codes.pop() ?? "";
    for (const works of [true, false]) {
      await signIn(anne, owner.address, PASSWORD);
      await page.getByRole("button", { name: fr("signin.useRecovery") }).click();
      await page.getByLabel(fr("signin.recovery")).fill(used);
      await page.getByRole("button", { name: fr("signin.check") }).click();
      if (works) {
        await expect(page.locator("nav.rail")).toBeVisible();
        await anne.goto("/settings/security");
        await expect(page.getByText("9 codes de secours restent.")).toBeVisible();
        await leave(anne);
      } else await expect(page.getByText("Ce code n’est pas le bon.")).toBeVisible();
    }
  });
});

test("who tries too often waits, and is told how long", async ({ house }) => {
  await house.owner();
  const karim = await house.person("Karim Haddad");
  const thief = await house.visitor("voleur");
  thief.watch.refusal(/^\/api\/v1\/session$/, 401);
  thief.watch.refusal(/^\/api\/v1\/session$/, 429);
  await thief.goto("/");
  for (let tries = 0; tries < 3; tries += 1) {
    await signIn(thief, karim.address, `mauvais mot de passe numéro ${tries}`);
    await expect(thief.page.getByRole("alert").filter({ hasText: /inexact|Trop d’essais/ })).toBeVisible();
  }
  await signIn(thief, karim.address, "encore un mauvais mot de passe");
  await expect(thief.page.getByText("Trop d’essais")).toBeVisible();
  await expect(thief.page.getByText(/Nouvel essai possible dans \d+ s\./)).toBeVisible();
  await expect(thief.page.getByRole("button", { name: /Attendre \d+ s/ })).toHaveAttribute("aria-disabled", "true");
  // The wait ends, and is counted down until then.
  await expect(thief.page.getByRole("button", { name: fr("signin.act") })).toBeEnabled({ timeout: 15_000 });
});

test("sessions, password and tokens are in one's own hands", async ({ house }) => {
  await house.owner();
  const account = await house.person("Karim Haddad");
  const desk = await house.sit(account);
  const phone = await house.sit(account);

  await test.step("ending a session sends the other browser out at once", async () => {
    await desk.goto("/settings/sessions");
    await expect(desk.page.getByText(fr("settings.sessionHere"))).toHaveCount(1);
    // The journey's own programs hold sessions of the same name: the newest other one is the phone's.
    await desk.page.getByRole("button", { name: fr("settings.sessionsAll") }).click();
    await expect(phone.page.getByText("Votre session a pris fin.")).toBeVisible();
    await expect(desk.page.getByRole("row")).toHaveCount(2);
    await phone.context.close();
  });

  await test.step("the password changes, with the present one", async () => {
    const { page } = desk;
    desk.watch.refusal(/^\/api\/v1\/commands\/me\.password$/, 422);
    desk.watch.refusal(/^\/api\/v1\/commands\/me\.password$/, 403);
    await desk.goto("/settings/security");
    const fresh = "cinq phoques gris dorment sur la cale 7";
    await page.getByLabel(fr("account.currentPassword")).fill("pas le bon mot de passe");
    await page.getByLabel(fr("account.newPassword")).fill(fresh);
    await page.getByRole("button", { name: fr("reset.act") }).click();
    await expect(page.getByText("Le mot de passe actuel n’est pas le bon.")).toBeVisible();
    await page.getByLabel(fr("account.currentPassword")).fill(PASSWORD);
    await page.getByRole("button", { name: fr("reset.act") }).click();
    await expect(page.getByText("Le mot de passe est changé.")).toBeVisible();
    account.password = fresh;
  });

  await test.step("an API token is shown once, works, and is ended", async () => {
    const { page } = desk;
    await desk.goto("/settings/tokens");
    await page.getByRole("button", { name: fr("settings.tokenMake") }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: fr("settings.tokenMake") }).click();
    await expect(dialog.getByText(fr("settings.tokenNameMissing"))).toBeVisible();
    await dialog.getByLabel(fr("settings.tokenName")).fill("Export du lundi");
    await dialog.getByRole("button", { name: fr("settings.tokenMake") }).click();
    const token = (await dialog.locator("output.made").innerText()).trim();
    expect(token.length).toBeGreaterThan(30);
    await dialog.getByRole("button", { name: fr("settings.tokenDone") }).click();
    await expect(page.getByRole("row").filter({ hasText: "Export du lundi" })).toBeVisible();
    const ask = () => new Promise<number>((resolve, reject) => request({ host: "localhost", family: 4, port: house.server.port, ca: house.server.authority, method: "POST", path: "/api/v1/commands/conversations.list", headers: { authorization: `Bearer ${token}`, "content-type": "application/json" } }, (response) => { response.resume(); resolve(response.statusCode ?? 0); }).on("error", reject).end("{}"));
    expect(await ask()).toBe(200);
    await page.getByRole("button", { name: fr("settings.tokenEndLabel", { name: "Export du lundi" }) }).click();
    await expect(page.getByRole("row").filter({ hasText: "Export du lundi" })).toHaveCount(0);
    expect(await ask()).toBe(401);
  });

  await test.step("one's own title is shown to the others", async () => {
    await desk.goto("/settings/profile");
    await desk.page.getByLabel(fr("settings.titleField")).fill("Infirmier de nuit");
    await desk.page.getByRole("button", { name: fr("act.save") }).click();
    await expect(desk.page.getByText(fr("said.saved"))).toBeVisible();
    const anne = await house.sit(await house.owner());
    await anne.goto("/people");
    await expect(anne.page.getByRole("row").filter({ hasText: "Karim Haddad" })).toContainText("Infirmier de nuit");
  });
});

test("a second factor by one's own will, and its end", async ({ house }) => {
  await house.owner();
  const account = await house.person("Karim Haddad");
  const { page, ...karim } = await house.sit(account);
  await page.goto(`${house.server.origin}/settings/security`);
  await page.getByRole("button", { name: fr("settings.factorAdd") }).click();
  const secret = (await page.locator(".secret").innerText()).replace(/\s/g, "");
  await page.getByLabel(fr("factor.code")).fill(code(secret));
  await page.getByRole("button", { name: fr("factor.confirm") }).click();
  await expect(page.locator(".codes li")).toHaveCount(10);
  const first = await page.locator(".codes li").first().innerText();
  await page.getByLabel(fr("codes.kept")).check();
  await page.getByRole("button", { name: fr("admin.done") }).click();
  await expect(page.getByText(fr("settings.factorOn"))).toBeVisible();
  await page.getByRole("button", { name: fr("settings.factorRemove") }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(fr("account.currentPassword")).fill(account.password);
  await dialog.getByLabel(fr("settings.factorCode")).fill(first);
  await dialog.getByRole("button", { name: fr("settings.factorRemove") }).click();
  await expect(page.getByText(fr("settings.factorOff"))).toBeVisible();
  await karim.context.close();
});
