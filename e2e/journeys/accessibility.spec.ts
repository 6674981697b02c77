/** Every page and state, scanned: no violation of WCAG 2.2 A and AA or of good practice, light and dark, wide and narrow. */
import { ORGANISATION, PASSWORD } from "../harness/api";
import { scanAll } from "../harness/accessibility";
import { expect, test } from "../harness/house";
import type { House } from "../harness/house";
import type { Seat } from "../harness/seat";
import { noise, png } from "../harness/pictures";
import { code } from "../harness/totp";
import { fr } from "../harness/words";

test.describe.configure({ timeout: 240_000 });

test("the entrance: first run, sign-in, links", async ({ house }) => {
  const anne = await house.visitor("Anne");
  const { page } = anne;
  const heading = (name: string | RegExp) => expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  let secret = "";
  anne.watch.refusal(/^\/api\/v1\/(session|session\/factor|setup\/check|invitations\/check|reset\/check)$/, 401);
  anne.watch.refusal(/^\/api\/v1\/(setup\/check|invitations\/check|reset\/check)$/, 404);
  anne.watch.refusal(/^\/api\/v1\/(setup\/check|invitations\/check|reset\/check)$/, 410);
  await scanAll(page, [
    ["entrance-not-ready", async () => { await anne.goto("/"); await heading(fr("setup.notReady")); }],
    ["entrance-dead-link", async () => { await anne.goto("/setup#perdu"); await heading(fr("link.deadTitle")); }],
    ["setup-organisation", async () => { await anne.goto("/people"); await anne.goto(`/setup#${house.server.setup}`); await heading("Votre organisation"); }],
    ["setup-organisation-refused", async () => { await page.getByLabel(fr("setup.domain")).fill("kerbrat..example"); await page.getByRole("button", { name: fr("act.continue") }).click(); await expect(page.getByText(fr("setup.orgNameMissing"))).toBeVisible(); }],
    ["setup-account", async () => { await page.getByLabel(fr("setup.orgName"), { exact: true }).fill(ORGANISATION); await page.getByLabel(fr("setup.domain")).fill("kerbrat.example"); await page.getByRole("button", { name: fr("act.continue") }).click(); await heading("Votre compte"); }],
    ["setup-account-weak", async () => { await page.getByLabel(fr("account.password"), { exact: true }).fill("azerty"); await page.getByRole("button", { name: fr("act.continue") }).click(); await expect(page.getByText(fr("account.nameMissing"))).toBeVisible(); }],
    ["setup-account-sentence", async () => { await page.getByRole("button", { name: fr("pw.fromSentence") }).click(); await page.getByLabel(fr("pw.sentence")).fill("En mai 2019, Lise et moi avons vu 3 renards près du phare !"); await expect(page.getByRole("dialog")).toBeVisible(); }],
    ["setup-account-good", async () => { await page.keyboard.press("Escape"); await page.getByLabel(fr("account.name")).fill("Anne Le Goff"); await page.getByLabel(fr("account.password"), { exact: true }).fill(PASSWORD); await expect(page.getByText(fr("pw.notPersonal"))).toBeVisible(); }],
    ["setup-factor", async () => { await page.getByRole("button", { name: fr("act.continue") }).click(); await heading("Second facteur"); secret = (await page.locator(".secret").innerText()).replace(/\s/g, ""); await page.getByRole("button", { name: fr("factor.confirm") }).click(); await expect(page.getByText(fr("factor.codeBad"))).toBeVisible(); }],
    ["setup-codes", async () => { await page.getByLabel(fr("factor.code")).fill(code(secret)); await page.getByRole("button", { name: fr("factor.confirm") }).click(); await heading(fr("codes.title")); }],
    ["setup-done", async () => { await page.getByLabel(fr("codes.kept")).check(); await page.getByRole("button", { name: fr("act.continue") }).click(); await heading(fr("setup.doneTitle")); }],
    ["home-empty", async () => { await page.getByRole("button", { name: fr("setup.enter") }).click(); await expect(page.locator("nav.rail")).toBeVisible(); await heading(fr("list.emptyTitle")); }],
    ["channels-empty", async () => { await page.getByRole("link", { name: fr("rail.channels") }).click(); await expect(page.getByText(fr("channels.none"))).toBeVisible(); }],
    ["admin-alone", async () => { await anne.goto("/admin/people"); await expect(page.getByText(fr("admin.emptyTitle"))).toBeVisible(); }],
    ["admin-no-invitation", async () => { await anne.goto("/admin/invitations"); await expect(page.getByText(fr("invites.none"))).toBeVisible(); }],
    ["signin", async () => { await anne.context.clearCookies(); await anne.goto("/signin"); await heading(ORGANISATION); }],
    ["signin-refused", async () => { await page.getByLabel(fr("account.address")).fill("anne.le.goff"); await page.getByLabel(fr("account.password"), { exact: true }).fill("non, pas celui-ci"); await page.getByRole("button", { name: fr("signin.act") }).click(); await expect(page.getByRole("alert")).toBeVisible(); }],
    ["signin-factor", async () => { await page.getByLabel(fr("account.password"), { exact: true }).fill(PASSWORD); await page.getByRole("button", { name: fr("signin.act") }).click(); await heading(fr("signin.factorTitle")); }],
    ["signin-recovery", async () => { await page.getByRole("button", { name: fr("signin.useRecovery") }).click(); await page.getByLabel(fr("signin.recovery")).fill("aaaa-bbbb"); await page.getByRole("button", { name: fr("signin.check") }).click(); await expect(page.getByRole("alert")).toBeVisible(); }],
  ]);
});

/** A conversation where everything that a message can be is there. */
async function everything(house: House): Promise<{ anne: Seat; karim: Seat }> {
  const owner = await house.owner();
  const account = await house.person("Karim Haddad");
  const lise = await house.person("Lise Morvan");
  const guest = await house.person("Paul Verdier", "guest");
  await account.api.command("me.update", { title: "Infirmier de nuit" });
  const anne = await house.sit(owner);
  const group = await anne.page.evaluate(async ({ members }) => {
    const details = btoa(JSON.stringify({ v: 1, type: "details", title: "Urgences de nuit", topic: "Qui prend quoi, cette nuit." })).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    const answer = await fetch("/api/v1/commands/conversations.create", { method: "POST", headers: { "content-type": "application/json", "x-rempart": "1" }, body: JSON.stringify({ kind: "group", protection: "open", members, details, client_id: crypto.randomUUID() }) });
    if (!answer.ok) throw new Error(await answer.text());
    return ((await answer.json()) as { conversation: string }).conversation;
  }, { members: [account.id, lise.id, guest.id] });
  const karim = await house.sit(account);
  await anne.goto(`/c/${group}`);
  await karim.goto(`/c/${group}`);
  await anne.say("Bonsoir. **Salle 2** libre, `bloc 4` occupé, voir [le plan](https://plan.kerbrat.example/nuit).", "Salle 2 libre");
  await karim.say("Je prends la 2.");
  await karim.tool(karim.message("Je prends la 2."), fr("msg.reply"));
  await karim.say("Et la 3 si besoin.");
  await anne.tool(anne.message("Et la 3 si besoin."), fr("msg.react"));
  await anne.choose(fr("reaction.mine"));
  await anne.say("Entendu, merci");
  await karim.say("Ceci disparaît.");
  await karim.composer.press("Control+z");
  await karim.page.locator('input[type="file"]').setInputFiles([{ name: "scanner.png", mimeType: "image/png", buffer: png(900, 600) }, { name: "garde.bin", mimeType: "application/octet-stream", buffer: noise(200_000) }]);
  await expect(karim.page.locator(".chip progress")).toHaveCount(0);
  await karim.say("Le scanner et la feuille de garde");
  await expect(anne.page.getByRole("img", { name: "scanner.png" })).toBeVisible();
  await account.api.command("messages.text", { conversation: group, client_id: "0192f0c0-0000-7000-8000-000000000001", text: "Message d’un programme." });
  return { anne, karim };
}

test("conversations: every kind of message, every act", async ({ house }) => {
  const { anne } = await everything(house);
  const { page } = anne;
  const escape = () => page.keyboard.press("Escape");
  const dialog = page.getByRole("dialog").or(page.getByRole("alertdialog"));
  const menu = page.getByRole("menu");
  const details = page.getByRole("complementary", { name: fr("details.label") });
  const shown = async () => expect(dialog).toBeVisible();
  const open = async () => { await page.keyboard.press("Control+i"); await expect(details).toBeVisible(); };
  const shut = async () => { await page.keyboard.press("Control+i"); await expect(details).toHaveCount(0); };
  await scanAll(page, [
    ["conversation-details", async () => { await expect(anne.message("Le scanner")).toBeVisible(); }],
    ["conversation", shut],
    ["conversation-acts", async () => { await anne.message("merci").locator(".msg").hover(); await expect(page.getByRole("toolbar")).toBeVisible(); }, ["wide"]],
    ["conversation-react", async () => { await anne.tool(anne.message("merci"), fr("msg.react")); await expect(menu).toBeVisible(); }, ["wide"]],
    ["conversation-other-reaction", async () => { await anne.choose(fr("reaction.other")); await shown(); }],
    ["conversation-who-read", async () => { await escape(); await anne.tool(anne.message("merci"), fr("act.more")); await anne.choose(fr("msg.readBy")); await shown(); }],
    ["conversation-redact", async () => { await escape(); await anne.tool(anne.message("merci"), fr("act.more")); await anne.choose(fr("msg.redact")); await shown(); }],
    ["conversation-focus", async () => { await escape(); await anne.composer.focus(); await page.keyboard.press("Shift+Tab"); await page.keyboard.press("ArrowUp"); await expect(page.getByRole("toolbar")).toBeVisible(); }],
    ["conversation-sheet", async () => { await page.keyboard.press("Shift+F10"); await shown(); }],
    ["conversation-search", async () => { await escape(); await page.keyboard.press("Control+f"); await page.keyboard.type("scanner"); await expect(page.getByText(fr("search.all"))).toBeVisible(); }],
    ["conversation-edit", async () => { await page.keyboard.press("Escape"); await anne.composer.focus(); await page.keyboard.press("ArrowUp"); await expect(page.getByText(fr("compose.editing"))).toBeVisible(); }],
    ["conversation-reply-and-file", async () => { await escape(); await anne.tool(anne.message("Je prends la 2."), fr("msg.reply")); await page.locator('input[type="file"]').setInputFiles([{ name: "note.txt", mimeType: "text/plain", buffer: Buffer.from("note") }, { name: "vide.txt", mimeType: "text/plain", buffer: Buffer.alloc(0) }]); await expect(page.getByText("vide.txt est vide.")).toBeVisible(); }],
    ["conversation-mention", async () => { await page.getByRole("button", { name: fr("compose.removeFile", { name: "note.txt" }) }).click(); await page.getByRole("button", { name: fr("compose.cancelReply") }).click(); await anne.composer.focus(); await page.keyboard.type("@"); await expect(page.getByRole("listbox", { name: fr("compose.mentions") })).toBeVisible(); }],
    ["conversation-format", async () => { await anne.composer.fill(""); await page.getByRole("button", { name: fr("compose.format") }).click(); await expect(menu).toBeVisible(); }, ["wide"]],
    ["conversation-menu", async () => { await escape(); await page.locator("header.top").getByRole("button", { name: fr("act.more") }).click(); await expect(menu).toBeVisible(); }, ["wide"]],
    ["conversation-title", async () => { await anne.choose(fr("details.editTitle")); await shown(); }],
    ["conversation-leave", async () => { await escape(); await page.locator("header.top").getByRole("button", { name: fr("act.more") }).click(); await anne.choose(fr("details.leave")); await shown(); }],
    ["conversation-member", async () => { await escape(); await open(); await details.getByRole("button", { name: fr("details.memberMenu", { name: "Karim Haddad" }) }).click(); await expect(menu).toBeVisible(); }, ["wide"]],
    ["conversation-remove", async () => { await anne.choose(fr("details.removeMember")); await shown(); }],
    ["conversation-add", async () => { await escape(); await details.getByRole("button", { name: fr("details.add"), exact: true }).click(); await shown(); }],
    ["palette", async () => { await escape(); await shut(); await page.keyboard.press("Control+k"); await page.keyboard.type("a"); await expect(page.getByRole("option").first()).toBeVisible(); }],
    ["new-direct", async () => { await escape(); await page.getByRole("button", { name: fr("list.new") }).first().click(); await expect(page.getByRole("option", { name: /Karim/ })).toBeVisible(); }],
    ["new-group", async () => { await dialog.getByText(fr("new.group"), { exact: true }).click(); await anne.chooseOpen(); await dialog.getByRole("button", { name: fr("new.act") }).click(); await expect(dialog.getByText(fr("details.titleMissing"))).toBeVisible(); }],
    ["new-channel", async () => { await dialog.getByText(fr("new.channel"), { exact: true }).click(); await expect(dialog.getByText(fr("new.channelWords"))).toBeVisible(); }],
    ["presence-menu", async () => { await escape(); await page.locator("button.me-button").click(); await expect(menu).toBeVisible(); }, ["wide"]],
    ["presence-words", async () => { await anne.choose(fr("presence.words")); await shown(); }],
    ["sign-out", async () => { await escape(); await page.locator("button.me-button").click(); await anne.choose(fr("me.signOut")); await shown(); }],
    ["keys", async () => { await escape(); await page.locator("button.me-button").focus(); await page.keyboard.type("?"); await shown(); }],
    ["list-unread-tab", async () => { await escape(); await page.getByRole("tab", { name: fr("list.unread") }).click(); }],
    ["list-filter", async () => { await page.getByRole("tab", { name: fr("list.all") }).click(); await page.getByRole("searchbox", { name: fr("list.filter") }).fill("zzz"); await expect(page.getByText(fr("list.noneFound"))).toBeVisible(); }],
    ["home-pick", async () => { await anne.goto("/"); await expect(page.getByRole("heading", { level: 1, name: fr("conv.pickTitle") })).toBeVisible(); }],
    ["conversation-closed", async () => { await anne.goto("/c/00000000-0000-7000-8000-000000000000"); await expect(page.getByRole("heading", { level: 1, name: fr("conv.goneTitle") })).toBeVisible(); }],
    ["missing", async () => { await anne.goto("/nulle-part"); await expect(page.getByRole("heading", { level: 1, name: fr("missing.title") })).toBeVisible(); }],
    ["offline", async () => {
      await page.goBack();
      await anne.goto("/");
      await anne.open("Urgences de nuit");
      anne.watch.line("cut");
      await anne.context.setOffline(true);
      await expect(page.locator(".band.offline")).toBeVisible({ timeout: 30_000 });
      await anne.composer.fill("Sans réseau");
      await anne.composer.press("Enter");
      await expect(anne.message("Sans réseau").locator(".edge")).toHaveText("en attente");
    }],
  ]);
});

test("people, channels, settings, administration", async ({ house }) => {
  const { anne, karim } = await everything(house);
  const { page } = anne;
  const escape = () => page.keyboard.press("Escape");
  const dialog = page.getByRole("dialog").or(page.getByRole("alertdialog"));
  const title = (name: string | RegExp) => expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  const act = async (entry: string) => { await page.getByRole("button", { name: fr("admin.menu", { name: "Karim Haddad" }) }).click(); await anne.choose(entry); await expect(dialog).toBeVisible(); };
  await karim.page.getByRole("link", { name: fr("rail.channels") }).click();
  await karim.page.getByRole("button", { name: fr("channels.make") }).click();
  await karim.page.getByRole("dialog").getByLabel(fr("details.title"), { exact: true }).fill("Cantine");
  await karim.page.getByRole("dialog").getByLabel(fr("details.topic")).fill("Le menu et les horaires.");
  await karim.page.getByRole("dialog").getByRole("button", { name: fr("new.act") }).click();
  await expect(karim.page.getByRole("heading", { level: 1, name: "Cantine" })).toBeVisible();
  await scanAll(page, [
    ["people", async () => { await anne.goto("/people"); await expect(page.getByRole("row").nth(2)).toBeVisible(); }],
    ["people-none", async () => { await page.getByRole("searchbox", { name: fr("people.find") }).fill("zzz"); await expect(page.getByText(fr("people.none"))).toBeVisible(); }],
    ["person", async () => { await page.getByRole("searchbox", { name: fr("people.find") }).fill(""); await page.getByRole("link", { name: "Karim Haddad" }).click(); await title("Karim Haddad"); }],
    ["channels", async () => { await anne.goto("/channels"); await expect(page.getByText("Le menu et les horaires.")).toBeVisible(); }],
    ...(["profile", "security", "sessions", "tokens", "appearance", "keyboard", "about"] as const).map((section) => [`settings-${section}`, async () => { await anne.goto(`/settings/${section}`); await expect(page.getByRole("heading", { level: 1 })).toBeVisible(); await expect(page.locator(".sheet").first()).toBeVisible(); }] as const),
    ["settings-token", async () => { await anne.goto("/settings/tokens"); await page.getByRole("button", { name: fr("settings.tokenMake") }).click(); await dialog.getByRole("button", { name: fr("settings.tokenMake") }).click(); await expect(dialog.getByText(fr("settings.tokenNameMissing"))).toBeVisible(); }],
    ["settings-token-made", async () => { await dialog.getByLabel(fr("settings.tokenName")).fill("Export"); await dialog.getByRole("button", { name: fr("settings.tokenMake") }).click(); await expect(dialog.locator("output.made")).toBeVisible(); }],
    ["settings-factor", async () => { await dialog.getByRole("button", { name: fr("settings.tokenDone") }).click(); await anne.goto("/settings/security"); await page.getByRole("button", { name: fr("settings.factorReplace") }).click(); await expect(page.locator(".secret")).toBeVisible(); }],
    ["settings-codes", async () => { await anne.goto("/settings/security"); await page.getByRole("button", { name: fr("settings.codesRenew") }).click(); await expect(dialog).toBeVisible(); }],
    ["admin-people", async () => { await anne.goto("/admin/people"); await expect(page.getByRole("row").filter({ hasText: "Karim" })).toBeVisible(); }],
    ["admin-people-chosen", async () => { await page.getByLabel(fr("admin.pick", { name: "Karim Haddad" })).check(); await expect(page.getByText(fr("admin.picked", { n: 1 }))).toBeVisible(); }],
    ["admin-role", async () => { await page.getByRole("button", { name: fr("admin.changeRole") }).click(); await expect(dialog).toBeVisible(); }],
    ["admin-menu", async () => { await escape(); await page.getByRole("button", { name: fr("admin.unpickAll") }).click(); await page.getByRole("button", { name: fr("admin.menu", { name: "Karim Haddad" }) }).click(); await expect(page.getByRole("menu")).toBeVisible(); }, ["wide"]],
    ["admin-edit", async () => { await escape(); await act(fr("admin.edit")); }],
    ["admin-many", async () => { await escape(); await page.getByRole("button", { name: fr("many.open") }).click(); await dialog.getByLabel(fr("many.text")).fill("Nom;Adresse;Fonction;Service;Rôle;Langue\nNolwenn Riou;;Infirmière;Bloc opératoire;membre;français\nOwen Jones;owen;Surgeon;Bloc opératoire;membre;anglais\nPaul Roi;paul;;;roi;"); }],
    ["admin-many-check", async () => { await dialog.getByRole("button", { name: fr("many.check") }).click(); await expect(dialog.getByText(fr("many.ready", { n: 2 }))).toBeVisible(); }],
    ["admin-many-done", async () => { await dialog.getByRole("button", { name: fr("many.act", { n: 2 }) }).click(); await expect(dialog.getByText(fr("many.made", { n: 2 }))).toBeVisible(); }],
    ["admin-reset", async () => { await dialog.getByRole("button", { name: fr("admin.done") }).click(); await act(fr("admin.reset")); }],
    ["admin-reset-link", async () => { await dialog.getByRole("button", { name: fr("admin.resetAct") }).click(); await expect(dialog.locator("output.link")).toBeVisible(); }],
    ["admin-disable", async () => { await dialog.getByRole("button", { name: fr("admin.done") }).click(); await act(fr("admin.disable")); }],
    ["admin-guests", async () => { await escape(); await page.getByRole("tab", { name: fr("admin.tab.guests") }).click(); await expect(page.getByRole("row").filter({ hasText: "Paul Verdier" })).toBeVisible(); }],
    ["admin-invite", async () => { await page.getByRole("button", { name: fr("admin.invite") }).click(); await expect(dialog).toBeVisible(); }],
    ["admin-invite-link", async () => { await dialog.getByLabel(fr("invites.name")).fill("Yann Kerdoncuff"); await dialog.getByRole("button", { name: fr("invites.act") }).click(); await expect(dialog.locator("output.link")).toBeVisible(); }],
    ["admin-invitations", async () => { await anne.goto("/admin/invitations"); await expect(page.getByRole("row").nth(1)).toBeVisible(); }],
    ["admin-journal", async () => { await anne.goto("/admin/journal"); await expect(page.getByRole("row").nth(3)).toBeVisible(); }],
    ["admin-health", async () => { await anne.goto("/admin/health"); await expect(page.getByRole("row").nth(1)).toBeVisible(); }],
    ["admin-rename", async () => { await anne.goto("/admin/people"); await page.getByRole("button", { name: fr("admin.orgRename") }).click(); await expect(dialog).toBeVisible(); }],
  ]);
  const { url } = await (await house.owner()).api.command("invitations.create", { role: "member", hours: 24, display_name: "Yann Kerdoncuff" });
  const guest = await house.visitor("Yann");
  const link = (await (await house.owner()).api.command("accounts.reset", { account: (await house.person("Rozenn Tanguy")).id, second_factor: false })).url;
  await scanAll(guest.page, [
    ["invitation", async () => { await guest.page.goto(url); await expect(guest.page.getByRole("heading", { level: 1, name: /Bienvenue/ })).toBeVisible(); }],
    ["reset", async () => { await guest.page.goto(link); await expect(guest.page.getByRole("heading", { level: 1, name: fr("reset.title") })).toBeVisible(); }],
  ]);
});
