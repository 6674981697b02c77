/** Those who keep the house: roles, closing accounts, links, the journal, health. */
import { readFile } from "node:fs/promises";

import { expect, test } from "../harness/house";
import { code } from "../harness/totp";
import { en, fr } from "../harness/words";

test("an administrator's day", async ({ house }) => {
  const owner = await house.owner();
  const account = await house.person("Karim Haddad");
  await house.person("Lise Morvan");
  const anne = await house.sit(owner);
  const karim = await house.sit(account);
  const { page } = anne;
  const rowOf = (name: string) => page.getByRole("row").filter({ hasText: name });
  const menu = async (name: string, entry: string) => {
    await page.getByRole("button", { name: fr("admin.menu", { name }) }).click();
    await anne.choose(entry);
  };

  await test.step("accounts are counted, with those who have no second factor", async () => {
    await page.getByRole("link", { name: fr("rail.admin") }).click();
    await expect(page.getByText("3 comptes.")).toBeVisible();
    await expect(page.getByText("2 sans second facteur")).toBeVisible();
    await expect(rowOf("Anne Le Goff")).toContainText("Application de codes");
    await expect(page.getByRole("button", { name: fr("admin.menu", { name: "Anne Le Goff" }) })).toHaveCount(0);
  });

  await test.step("a record is changed: department and role", async () => {
    await menu("Lise Morvan", fr("admin.edit"));
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(fr("admin.department")).fill("Pharmacie");
    await dialog.getByLabel(fr("admin.col.role")).selectOption({ label: "Audit" });
    await dialog.getByRole("button", { name: fr("act.save") }).click();
    await expect(rowOf("Lise Morvan")).toContainText("Audit");
    await expect(rowOf("Lise Morvan")).toContainText("Pharmacie");
  });

  await test.step("who becomes an administrator changes password and takes a second factor before going on", async () => {
    await menu("Karim Haddad", fr("admin.edit"));
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(fr("admin.col.role")).selectOption({ label: "Administration" });
    await dialog.getByRole("button", { name: fr("act.save") }).click();
    await expect(rowOf("Karim Haddad")).toContainText("Administration");
    const gate = karim.page;
    await expect(gate.getByRole("heading", { level: 1, name: "Changez de mot de passe" })).toBeVisible();
    const fresh = "huit cormorans sèchent leurs ailes au vent d’ouest";
    await gate.getByLabel(fr("account.currentPassword")).fill(account.password);
    await gate.getByLabel(fr("account.newPassword")).fill(fresh);
    await expect(gate.getByText(fr("pw.notPersonal"))).toBeVisible();
    await gate.getByRole("button", { name: fr("reset.act") }).click();
    account.password = fresh;
    await expect(gate.getByRole("heading", { level: 1, name: "Un second facteur d’abord" })).toBeVisible();
    const secret = (await gate.locator(".secret").innerText()).replace(/\s/g, "");
    await gate.getByLabel(fr("factor.code")).fill(code(secret));
    await gate.getByRole("button", { name: fr("factor.confirm") }).click();
    await gate.getByLabel(fr("codes.kept")).check();
    await gate.getByRole("button", { name: fr("act.continue") }).click();
    await expect(gate.getByRole("link", { name: fr("rail.admin") })).toBeVisible();
    account.totp = secret;
  });

  await test.step("and is a member again: administration goes at once", async () => {
    await menu("Karim Haddad", fr("admin.edit"));
    await page.getByRole("dialog").getByLabel(fr("admin.col.role")).selectOption({ label: "Membre" });
    await page.getByRole("dialog").getByRole("button", { name: fr("act.save") }).click();
    await expect(karim.page.getByRole("link", { name: fr("rail.admin") })).toHaveCount(0);
    await expect(karim.page.locator("nav.rail")).toBeVisible();
  });

  await test.step("who stands at the gate of the second factor and is a member again comes in without a reload", async () => {
    const soizic = await house.person("Soizic Bars");
    const seat = await house.sit(soizic);
    await page.reload();
    await menu("Soizic Bars", fr("admin.edit"));
    await page.getByRole("dialog").getByLabel(fr("admin.col.role")).selectOption({ label: "Administration" });
    await page.getByRole("dialog").getByRole("button", { name: fr("act.save") }).click();
    const gate = seat.page;
    await expect(gate.getByRole("heading", { level: 1, name: fr("gate.passwordTitle") })).toBeVisible();
    await gate.getByLabel(fr("account.currentPassword")).fill(soizic.password);
    await gate.getByLabel(fr("account.newPassword")).fill("neuf bernaches traversent la baie au petit matin");
    await expect(gate.getByText(fr("pw.notPersonal"))).toBeVisible();
    await gate.getByRole("button", { name: fr("reset.act") }).click();
    await expect(gate.getByRole("heading", { level: 1, name: fr("factor.gateTitle") })).toBeVisible();
    await menu("Soizic Bars", fr("admin.edit"));
    await page.getByRole("dialog").getByLabel(fr("admin.col.role")).selectOption({ label: "Membre" });
    await page.getByRole("dialog").getByRole("button", { name: fr("act.save") }).click();
    await expect(gate.locator("nav.rail")).toBeVisible();
    await expect(gate.getByRole("link", { name: fr("rail.admin") })).toHaveCount(0);
  });

  await test.step("a closed account is sent out at once", async () => {
    await menu("Karim Haddad", fr("admin.disable"));
    await page.getByRole("alertdialog").getByRole("button", { name: fr("admin.disable") }).click();
    await expect(page.getByText(fr("admin.saidClosed", { n: 1 }))).toBeVisible();
    await expect(karim.page.getByText("Votre session a pris fin.")).toBeVisible();
    karim.watch.refusal(/^\/api\/v1\/session$/, 403);
    await karim.page.getByLabel(fr("account.address")).fill(account.address);
    await karim.page.getByLabel(fr("account.password"), { exact: true }).fill(account.password);
    await karim.page.getByRole("button", { name: fr("signin.act") }).click();
    await expect(karim.page.getByText("Ce compte est fermé.")).toBeVisible();
  });

  await test.step("and opened again", async () => {
    await page.getByRole("tab", { name: fr("admin.tab.closed") }).click();
    await menu("Karim Haddad", fr("admin.enable"));
    await expect(page.getByText(fr("admin.saidOpened"))).toBeVisible();
    await page.getByRole("tab", { name: fr("admin.tab.open") }).click();
    await expect(rowOf("Karim Haddad")).toBeVisible();
  });

  await test.step("a link gives a new password", async () => {
    await menu("Karim Haddad", fr("admin.reset"));
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: fr("admin.resetAct") }).click();
    const link = await dialog.locator("output.link").innerText();
    await dialog.getByRole("button", { name: fr("admin.done") }).click();
    await karim.page.goto(link);
    await expect(karim.page.getByRole("heading", { level: 1, name: "Un nouveau mot de passe" })).toBeVisible();
    await karim.page.getByLabel(fr("account.newPassword")).fill("six hérissons roulent vers la digue 41");
    await expect(karim.page.getByText(fr("pw.notPersonal"))).toBeVisible();
    await karim.page.getByRole("button", { name: fr("reset.act") }).click();
    await expect(karim.page.getByLabel(fr("account.address"))).toBeVisible();
    await karim.page.getByLabel(fr("account.address")).fill("karim.haddad");
    await karim.page.getByLabel(fr("account.password"), { exact: true }).fill("six hérissons roulent vers la digue 41");
    await karim.page.getByRole("button", { name: fr("signin.act") }).click();
    await karim.page.getByLabel(fr("signin.code")).fill(code(account.totp ?? "", 1));
    await karim.page.getByRole("button", { name: fr("signin.check") }).click();
    await expect(karim.page.locator("nav.rail")).toBeVisible();
    const late = await house.visitor("trop tard");
    late.watch.refusal(/^\/api\/v1\/reset\/check$/, 404);
    late.watch.refusal(/^\/api\/v1\/reset\/check$/, 410);
    await late.page.goto(link);
    await expect(late.page.getByRole("heading", { level: 1, name: "Ce lien ne vaut plus" })).toBeVisible();
  });

  await test.step("many at once: the sessions of those chosen end", async () => {
    await page.getByLabel(fr("admin.pick", { name: "Karim Haddad" })).check();
    await expect(page.getByText(fr("admin.picked", { n: 1 }))).toBeVisible();
    await page.getByRole("button", { name: fr("admin.endSessions") }).click();
    await expect(karim.page.getByText("Votre session a pris fin.")).toBeVisible();
  });

  await test.step("an invitation waits, and is taken back", async () => {
    await page.getByRole("navigation", { name: fr("admin.title") }).getByRole("link", { name: fr("pages.adminInvitations") }).click();
    await page.getByRole("button", { name: fr("admin.invite") }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(fr("invites.name")).fill("Yann Kerdoncuff");
    await dialog.getByRole("button", { name: fr("invites.act") }).click();
    const link = await dialog.locator("output.link").innerText();
    await dialog.getByRole("button", { name: fr("admin.done") }).click();
    await page.getByRole("button", { name: fr("invites.revokeLabel", { who: "Yann Kerdoncuff" }) }).click();
    await expect(page.getByText(fr("invites.revoked"))).toBeVisible();
    await expect(rowOf("Yann Kerdoncuff")).toHaveCount(0);
    const guest = await house.visitor("Yann");
    guest.watch.refusal(/^\/api\/v1\/invitations\/check$/, 404);
    guest.watch.refusal(/^\/api\/v1\/invitations\/check$/, 410);
    await guest.page.goto(link);
    await expect(guest.page.getByRole("heading", { level: 1, name: "Ce lien ne vaut plus" })).toBeVisible();
  });

  await test.step("the journal tells who did what", async () => {
    await page.getByRole("link", { name: fr("pages.adminJournal") }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Journal" })).toBeVisible();
    const closed = rowOf(fr("action.accounts.disable")).first();
    await expect(closed).toContainText("Anne Le Goff");
    await expect(closed).toContainText("Karim Haddad");
    await expect(closed).toContainText("fait");
    await expect(rowOf(fr("action.invitations.revoke")).first()).toContainText("Anne Le Goff");
  });

  await test.step("health says what the server does by itself", async () => {
    await page.getByRole("link", { name: fr("pages.adminHealth") }).click();
    await expect(page.getByText(`Serveur ${house.server.host}, version 0.1.0`)).toBeVisible();
    await expect(page.getByRole("row").nth(1)).toContainText(/en ordre|pas encore/);
  });

  await test.step("the organisation gets another name, everywhere", async () => {
    await page.getByRole("link", { name: fr("pages.adminPeople"), exact: true }).click();
    await page.getByRole("button", { name: fr("admin.orgRename") }).click();
    await page.getByRole("dialog").getByLabel(fr("admin.orgTitle")).fill("Centre hospitalier de Kerbrat");
    await page.getByRole("dialog").getByRole("button", { name: fr("act.save") }).click();
    await page.getByRole("link", { name: fr("rail.messages") }).click();
    await expect(page.getByText("Centre hospitalier de Kerbrat")).toBeVisible();
  });
});

test("a list of people: each line checked, made, and given its link; then found by department and second factor", async ({ house }) => {
  const anne = await house.sit(await house.owner());
  await house.person("Karim Haddad");
  const { page } = anne;
  const dialog = page.getByRole("dialog");
  const rowOf = (name: string) => page.getByRole("row").filter({ hasText: name });
  await anne.goto("/admin/people");
  await page.getByRole("button", { name: fr("many.open") }).click();

  await test.step("an empty list is refused, and so is one without names", async () => {
    await dialog.getByRole("button", { name: fr("many.check") }).click();
    await expect(dialog.getByText(fr("many.empty"))).toBeVisible();
    await dialog.getByLabel(fr("many.text")).fill("adresse;service\nx;y");
    await dialog.getByRole("button", { name: fr("many.check") }).click();
    await expect(dialog.getByText(fr("many.noName"))).toBeVisible();
  });

  await test.step("a file is read, with the fault of each line in words", async () => {
    const list = "Nom;Adresse;Fonction;Service;Rôle;Langue\r\nNolwenn Riou;;Infirmière;Bloc;membre;français\r\nOwen Jones;owen@kerbrat.example;\"Surgeon; head\";Bloc;membre;anglais\r\nPaul Roi;paul;;;roi;\r\nKarim Double;karim.haddad;;Pharmacie;;\r\n";
    const chosen = page.waitForEvent("filechooser");
    await dialog.getByRole("button", { name: fr("many.file") }).click();
    await (await chosen).setFiles({ name: "personnel.csv", mimeType: "text/csv", buffer: Buffer.from(list, "latin1") });
    await expect(dialog.getByText(fr("many.ready", { n: 3 }))).toBeVisible();
    await expect(dialog.getByText(fr("many.faulty", { n: 1 }))).toBeVisible();
    await expect(dialog.getByRole("row").filter({ hasText: "Paul Roi" })).toContainText("n’est pas un rôle");
    await expect(dialog.getByRole("row").filter({ hasText: "Nolwenn Riou" })).toContainText("nolwenn.riou");
    await expect(dialog.getByRole("row").filter({ hasText: "Owen Jones" })).toContainText("Surgeon; head");
  });

  let link = "";
  await test.step("the accounts are made; who is refused is told why, and the links are kept", async () => {
    await dialog.getByRole("button", { name: fr("many.act", { n: 3 }) }).click();
    await expect(dialog.getByText(fr("many.made", { n: 2 }))).toBeVisible();
    await expect(dialog.getByText(fr("many.refused", { n: 2 }))).toBeVisible();
    await expect(dialog.getByRole("row").filter({ hasText: "Karim Double" })).toContainText(fr("problem.address_taken"));
    const saved = page.waitForEvent("download");
    await dialog.getByRole("button", { name: fr("many.save") }).click();
    const file = await saved;
    expect(file.suggestedFilename()).toBe(fr("many.fileName"));
    const rows = (await readFile(await file.path(), "utf8")).replace(/^\uFEFF/, "").trim().split("\r\n").map((row) => row.split(";"));
    expect(rows.map(([name, address]) => [name, address])).toEqual([[fr("people.col.person"), fr("account.address")], ["Nolwenn Riou", "nolwenn.riou@kerbrat.example"], ["Owen Jones", "owen@kerbrat.example"]]);
    link = rows[2]?.[2] ?? "";
    await dialog.getByRole("button", { name: fr("many.again") }).click();
    await expect(dialog.getByLabel(fr("many.text"))).toHaveValue(/Paul Roi[^]*Karim Double/);
    await page.keyboard.press("Escape");
  });

  await test.step("the link lets its person choose a password and come in, in their language", async () => {
    const owen = await house.visitor("Owen Jones");
    await owen.page.goto(link);
    await owen.page.getByLabel(fr("account.newPassword")).fill("nine grey seals sleep on the old slipway");
    await expect(owen.page.getByText(fr("pw.notPersonal"))).toBeVisible();
    await owen.page.getByRole("button", { name: fr("reset.act") }).click();
    await owen.page.getByLabel(fr("account.address")).fill("owen");
    await owen.page.getByLabel(fr("account.password"), { exact: true }).fill("nine grey seals sleep on the old slipway");
    await owen.page.getByRole("button", { name: fr("signin.act") }).click();
    await expect(owen.page.getByRole("link", { name: en("rail.people"), exact: true })).toBeVisible();
  });

  await test.step("people are found by department and by second factor", async () => {
    await anne.goto("/admin/people");
    await page.getByLabel(fr("admin.department")).selectOption("Bloc");
    await expect(rowOf("Nolwenn Riou")).toBeVisible();
    await expect(rowOf("Karim Haddad")).toHaveCount(0);
    await page.getByLabel(fr("admin.factorFilter")).selectOption("with");
    await expect(page.getByText(fr("admin.noneFound"))).toBeVisible();
    await page.getByLabel(fr("admin.department")).selectOption("");
    await expect(rowOf("Anne Le Goff")).toBeVisible();
    await expect(rowOf("Karim Haddad")).toHaveCount(0);
    await page.getByLabel(fr("admin.factorFilter")).selectOption("without");
    await expect(rowOf("Karim Haddad")).toBeVisible();
    await expect(rowOf("Anne Le Goff")).toHaveCount(0);
  });
});

test("a member has no administration, by the page or by its address", async ({ house }) => {
  await house.owner();
  const karim = await house.sit(await house.person("Karim Haddad"));
  await expect(karim.page.getByRole("link", { name: fr("rail.admin") })).toHaveCount(0);
  await karim.goto("/admin/people");
  await expect(karim.page.getByRole("heading", { level: 1, name: "Cette page n’existe pas" })).toBeVisible();
});

test("a guest sees only where they were invited", async ({ house }) => {
  await house.owner();
  const guest = await house.sit(await house.person("Paul Verdier", "guest"));
  await expect(guest.page.getByRole("link", { name: fr("rail.people"), exact: true })).toHaveCount(0);
  await expect(guest.page.getByRole("link", { name: fr("rail.channels") })).toHaveCount(0);
});
