/** What two people do with messages, each act seen at the other's place. */
import { expect, test } from "../harness/house";
import { fr } from "../harness/words";

test("messages between two people: reply, edit, reaction, mention, removal, typing, reading", async ({ house }) => {
  const anne = await house.sit(await house.owner());
  const karim = await house.sit(await house.person("Karim Haddad"));
  await anne.writeTo("Karim Haddad");
  await anne.say("Le plan de garde est prêt.");

  await test.step("the other has one unread, and reading shows in the writer's margin", async () => {
    await expect(anne.message("plan de garde").locator(".edge")).toContainText("reçu");
    await expect(karim.row("Anne Le Goff")).toHaveAccessibleName(/1 non lu/);
    await expect(karim.page.getByRole("link", { name: /Messages/ })).toContainText("1");
    await karim.open("Anne Le Goff");
    await expect(karim.message("plan de garde")).toBeVisible();
    await expect(anne.message("plan de garde").locator(".edge")).toContainText("lu");
    await expect(karim.row("Anne Le Goff")).not.toHaveAccessibleName(/non lu/);
  });

  await test.step("who can read is said once in each place, and no gateway is named where there is none", async () => {
    await expect(karim.page.locator("header.top .plate")).toHaveText(`${fr("class.open")}${fr("class.open.head")}`);
    await expect(karim.row("Anne Le Goff").locator(".cls")).toHaveText(fr("class.open.low"));
    const under = karim.page.locator(".under .plate");
    await expect(under).toHaveText(`${fr("class.open")}. ${fr("class.open.under")}`);
    expect((await under.innerText()).match(/ouverte/gi)).toHaveLength(1);
    await expect(karim.page.locator("aside.details .says")).toContainText(fr("class.open.says"));
    await expect(karim.page.getByText(/passerelle/i)).toHaveCount(0);
  });

  await test.step("an answer quotes what it answers", async () => {
    await karim.tool(karim.message("plan de garde"), fr("msg.reply"));
    await expect(karim.page.getByText(fr("compose.replyTo", { name: "Anne Le Goff" }))).toBeVisible();
    await karim.say("Je prends le mardi.");
    const answer = anne.message("Je prends le mardi.");
    await expect(answer.locator(".quote")).toContainText("Le plan de garde est prêt.");
  });

  await test.step("an edit replaces the text and says so", async () => {
    await karim.composer.press("ArrowUp");
    await expect(karim.page.getByText(fr("compose.editing"))).toBeVisible();
    await expect(karim.composer).toHaveValue("Je prends le mardi.");
    await karim.composer.fill("Je prends le **mercredi**.");
    await karim.composer.press("Enter");
    const edited = anne.message("Je prends le mercredi.");
    await expect(edited.locator("b", { hasText: "mercredi" })).toHaveText("mercredi");
    await expect(edited.locator(".edge")).toContainText(fr("state.revised"));
    await expect(karim.composer).toHaveValue("");
  });

  await test.step("a reaction is a word, and is taken back", async () => {
    await anne.tool(anne.message("mercredi"), fr("msg.react"));
    await anne.choose(fr("reaction.agreed"));
    await expect(karim.message("mercredi").getByRole("button", { name: "D’accord 1" })).toBeVisible();
    await karim.message("mercredi").getByRole("button", { name: "D’accord 1" }).click();
    await expect(anne.message("mercredi").getByRole("button", { name: "D’accord 2" })).toHaveAttribute("aria-pressed", "true");
    await anne.message("mercredi").getByRole("button", { name: "D’accord 2" }).click();
    await expect(karim.message("mercredi").getByRole("button", { name: "D’accord 1" })).toHaveAttribute("aria-pressed", "true");
  });

  await test.step("typing is seen, and stops", async () => {
    await karim.composer.pressSequentially("Encore une");
    await expect(anne.page.getByText("Karim écrit…")).toBeVisible();
    await karim.composer.fill("");
    await expect(anne.page.getByText("Karim écrit…")).toHaveCount(0);
  });

  await test.step("a mention names the person", async () => {
    await anne.composer.pressSequentially("Merci @kar");
    await expect(anne.page.getByRole("option", { name: /Karim Haddad/ })).toBeVisible();
    await anne.composer.press("Enter");
    await expect(anne.composer).toHaveValue("Merci @Karim Haddad ");
    await anne.composer.pressSequentially("pour hier");
    await anne.composer.press("Enter");
    await expect(karim.message("pour hier").locator(".at.you")).toHaveText("@Karim Haddad");
  });

  await test.step("what was sent is taken back within thirty seconds", async () => {
    await anne.say("Ceci partait trop vite.");
    await expect(karim.message("Ceci partait trop vite.")).toBeVisible();
    await anne.composer.press("Control+z");
    await expect(karim.page.locator(".msg", { hasText: "Ceci partait trop vite." })).toHaveCount(0);
    await expect(karim.message("Message retiré par Anne Le Goff")).toBeVisible();
    await expect(anne.message(fr("msg.redactedOwn"))).toBeVisible();
  });

  await test.step("a message is removed for everybody, after a question", async () => {
    await karim.say("Erreur de conversation.");
    await expect(anne.message("Erreur de conversation.")).toBeVisible();
    await karim.tool(karim.message("Erreur de conversation."), fr("act.more"));
    await karim.choose(fr("msg.redact"));
    await karim.page.getByRole("alertdialog").getByRole("button", { name: fr("msg.redact") }).click();
    await expect(anne.message("Message retiré par Karim Haddad")).toBeVisible();
    await expect(anne.page.locator(".msg", { hasText: "Erreur de conversation." })).toHaveCount(0);
  });

  await test.step("safe Markdown stays safe", async () => {
    await anne.composer.fill("<img src=x onerror=alert(1)> [lien](javascript:alert(1)) `code`");
    await anne.composer.press("Enter");
    const row = karim.message("onerror=alert(1)");
    await expect(row.locator("code")).toHaveText("code");
    await expect(row.locator("img, a[href^='javascript:']")).toHaveCount(0);
  });
});

test("presence is seen by the other within two seconds", async ({ house }) => {
  const anne = await house.sit(await house.owner());
  const karim = await house.sit(await house.person("Karim Haddad"));
  await anne.writeTo("Karim Haddad");
  const title = anne.page.getByRole("heading", { level: 1 });
  await expect(title.getByRole("img", { name: "Disponible" })).toBeVisible();

  const seen: Record<string, number> = {};
  for (const [key, words] of [["busy", "Occupé"], ["dnd", "Ne pas déranger"], ["away", "Absent"], ["available", "Disponible"]] as const) {
    await karim.page.locator("button.me-button").click();
    const began = Date.now();
    await karim.choose(words);
    await expect(title.getByRole("img", { name: words, exact: true })).toBeVisible();
    seen[key] = Date.now() - began;
  }
  for (const [key, ms] of Object.entries(seen)) expect(ms, `${key} seen after ${ms} ms`).toBeLessThan(2_000);

  await karim.page.locator("button.me-button").click();
  await karim.choose(fr("presence.words"));
  const dialog = karim.page.getByRole("dialog");
  await dialog.getByLabel(fr("presence.text")).fill("au bloc");
  await dialog.getByRole("button", { name: fr("act.save") }).click();
  await expect(title.getByRole("img", { name: /au bloc jusqu’à \d\d:\d\d/ })).toBeVisible();

  await karim.context.close();
  await expect(title.getByRole("img", { name: "Hors ligne" })).toBeVisible({ timeout: 15_000 });
});
