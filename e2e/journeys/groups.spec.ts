/** Groups and channels: who is in, who comes, who goes. */
import { expect, test } from "../harness/house";
import { fr } from "../harness/words";

test("a group with a title: a third person comes, one goes", async ({ house }) => {
  const anne = await house.sit(await house.owner());
  const karim = await house.sit(await house.person("Karim Haddad"));
  const lise = await house.sit(await house.person("Lise Morvan"));

  await test.step("a group needs a title and takes people from the directory", async () => {
    const { page } = anne;
    await page.getByRole("button", { name: fr("list.new") }).first().click();
    const dialog = page.getByRole("dialog", { name: fr("new.title") });
    await dialog.getByText(fr("new.group"), { exact: true }).click();
    await anne.chooseOpen();
    await dialog.getByRole("button", { name: fr("new.act") }).click();
    await expect(dialog.getByText(fr("details.titleMissing"))).toBeVisible();
    await dialog.getByLabel(fr("details.title"), { exact: true }).fill("Urgences de nuit");
    await dialog.getByLabel(fr("details.topic")).fill("Qui prend quoi, cette nuit.");
    await dialog.getByRole("combobox", { name: fr("new.people") }).fill("karim");
    await dialog.getByRole("option", { name: /Karim Haddad/ }).click();
    await expect(dialog.getByText("Karim Haddad").first()).toBeVisible();
    await dialog.getByRole("button", { name: fr("new.act") }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Urgences de nuit" })).toBeVisible();
  });

  await test.step("the other sees it without asking, and both write", async () => {
    await karim.open("Urgences de nuit");
    await expect(karim.page.getByRole("complementary", { name: fr("details.label") }).getByText("Qui prend quoi, cette nuit.")).toBeVisible();
    await anne.say("Salle 2 libre.");
    await expect(karim.message("Salle 2 libre.")).toBeVisible();
    await karim.say("Reçu.");
    await expect(anne.message("Reçu.")).toBeVisible();
  });

  await test.step("a third person is added from the details, and reads from then on", async () => {
    const details = anne.page.getByRole("complementary", { name: fr("details.label") });
    await details.getByRole("button", { name: fr("details.add"), exact: true }).click();
    const dialog = anne.page.getByRole("dialog", { name: fr("details.addTitle") });
    await dialog.getByRole("combobox", { name: fr("new.people") }).fill("lise");
    await dialog.getByRole("option", { name: /Lise Morvan/ }).click();
    await dialog.getByRole("button", { name: fr("details.add"), exact: true }).click();
    await expect(details.getByText("Lise Morvan")).toBeVisible();
    await expect(karim.page.getByText("Anne Le Goff a ajouté Lise Morvan.")).toBeVisible();
    await lise.open("Urgences de nuit");
    await anne.say("Bienvenue, Lise.");
    await expect(lise.message("Bienvenue, Lise.")).toBeVisible();
    await expect(lise.page.getByText("Salle 2 libre.")).toHaveCount(0);
    await lise.say("Bonsoir à tous.");
    await expect(karim.message("Bonsoir à tous.")).toBeVisible();
    await expect(lise.message("Bonsoir à tous.").locator(".edge")).toContainText("lu par tous");
  });

  await test.step("the title changes for everybody", async () => {
    await anne.page.getByRole("complementary", { name: fr("details.label") }).getByRole("button", { name: fr("act.change") }).click();
    const dialog = anne.page.getByRole("dialog", { name: fr("details.editTitle") });
    await dialog.getByLabel(fr("details.title"), { exact: true }).fill("Urgences – nuit");
    await dialog.getByRole("button", { name: fr("act.save") }).click();
    await expect(karim.page.getByRole("heading", { level: 1, name: "Urgences – nuit" })).toBeVisible();
    await expect(lise.row("Urgences – nuit")).toBeVisible();
  });

  await test.step("a mention marks the conversation as waiting for this person", async () => {
    await lise.page.getByRole("link", { name: fr("rail.people"), exact: true }).click();
    await anne.composer.pressSequentially("@lise");
    await anne.page.getByRole("option", { name: /Lise Morvan/ }).click();
    await anne.composer.pressSequentially("tu prends la 4 ?");
    await anne.composer.press("Enter");
    await lise.page.getByRole("link", { name: fr("rail.messages") }).click();
    await expect(lise.row("Urgences – nuit").locator(".count.you")).toHaveText("@ 1");
    await lise.page.getByRole("tab", { name: "Pour moi 1" }).click();
    await expect(lise.row("Urgences – nuit")).toBeVisible();
    await lise.open("Urgences – nuit");
    await expect(lise.message("tu prends la 4")).toBeVisible();
  });

  await test.step("somebody is removed: what follows is closed to them", async () => {
    const details = anne.page.getByRole("complementary", { name: fr("details.label") });
    await details.getByRole("button", { name: fr("details.memberMenu", { name: "Karim Haddad" }) }).click();
    await anne.choose(fr("details.removeMember"));
    await anne.page.getByRole("alertdialog").getByRole("button", { name: fr("act.remove") }).click();
    await expect(details.getByText("Karim Haddad")).toHaveCount(0);
    await expect(karim.row("Urgences – nuit")).toHaveCount(0);
    await expect(karim.composer).toHaveCount(0);
    await expect(lise.page.getByText("Anne Le Goff a retiré Karim Haddad.")).toBeVisible();
    await anne.say("Entre nous deux.");
    await expect(lise.message("Entre nous deux.")).toBeVisible();
    await expect(karim.page.getByText("Entre nous deux.")).toHaveCount(0);
  });

  await test.step("one leaves by oneself", async () => {
    await lise.page.getByRole("complementary", { name: fr("details.label") }).getByRole("button", { name: fr("details.leave") }).click();
    await lise.page.getByRole("alertdialog").getByRole("button", { name: fr("details.leaveAct") }).click();
    await expect(anne.page.getByText("Lise Morvan a quitté la conversation.")).toBeVisible();
    await expect(lise.row("Urgences – nuit")).toHaveCount(0);
  });
});

test("a channel is found and joined by anybody", async ({ house }) => {
  const anne = await house.sit(await house.owner());
  const karim = await house.sit(await house.person("Karim Haddad"));

  await anne.page.getByRole("link", { name: fr("rail.channels") }).click();
  await expect(anne.page.getByText(fr("channels.none"))).toBeVisible();
  await anne.page.getByRole("button", { name: fr("channels.make") }).click();
  const dialog = anne.page.getByRole("dialog", { name: fr("new.title") });
  await expect(dialog.getByRole("radio", { name: fr("new.channel") })).toBeChecked();
  await dialog.getByLabel(fr("details.title"), { exact: true }).fill("Cantine");
  await dialog.getByLabel(fr("details.topic")).fill("Le menu et les horaires.");
  await dialog.getByRole("button", { name: fr("new.act") }).click();
  await expect(anne.page.getByRole("heading", { level: 1, name: "Cantine" })).toBeVisible();
  await anne.say("Lundi : poisson.");

  await karim.page.getByRole("link", { name: fr("rail.channels") }).click();
  await expect(karim.page.getByText("Le menu et les horaires.")).toBeVisible();
  await karim.page.getByRole("button", { name: fr("channels.joinLabel", { title: "Cantine" }) }).click();
  await expect(karim.page.getByRole("heading", { level: 1, name: "Cantine" })).toBeVisible();
  await expect(anne.page.getByText("Karim Haddad a rejoint la conversation.")).toBeVisible();
  await karim.say("Il en reste ?");
  await expect(anne.message("Il en reste ?")).toBeVisible();
  await anne.say("Oui, deux.");
  await expect(karim.message("Oui, deux.")).toBeVisible();

  // Silence and pin are one's own.
  const details = karim.page.getByRole("complementary", { name: fr("details.label") });
  await details.getByRole("button", { name: fr("details.mute") }).click();
  await expect(karim.row("Cantine")).toHaveAccessibleName(/silencieuse/);
  await details.getByRole("button", { name: fr("details.pin") }).click();
  await expect(karim.page.getByText(fr("list.pinned"))).toBeVisible();
  await expect(anne.row("Cantine")).not.toHaveAccessibleName(/silencieuse/);
});
