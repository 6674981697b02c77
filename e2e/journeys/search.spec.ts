/** Looking back in a conversation: words on the device, files further back than what is loaded. */
import { expect, test } from "../harness/house";
import { fr } from "../harness/words";

const MESSAGES = 320;

test("words and files are found far back, on the device, and a result leads to its message", async ({ house }) => {
  const owner = await house.owner();
  const anne = await house.sit(owner);
  const account = await house.person("Karim Haddad");
  await anne.writeTo("Karim Haddad");
  const { page } = anne;
  await page.locator('input[type="file"]').setInputFiles({ name: "protocole-brûlés.txt", mimeType: "text/plain", buffer: Buffer.from("Refroidir vingt minutes.") });
  await expect(page.locator(".chip progress")).toHaveCount(0);
  await anne.say("Voici le protocole.");
  await anne.say("Le **défibrillateur** du hall est révisé jusqu’en 2027.", "défibrillateur du hall");
  const conversation = /\/c\/([0-9a-f-]{36})/.exec(page.url())?.[1] ?? "";
  for (let n = 1; n <= MESSAGES; n += 1) await account.api.command("messages.text", { conversation, client_id: crypto.randomUUID(), text: n === MESSAGES - 1 ? "Un second défibrillateur arrive lundi." : `Relève n° ${n}.` });

  const karim = await house.sit(account);
  await karim.open("Anne Le Goff");
  const at = karim.page;
  await expect(karim.message(`Relève n° ${MESSAGES}.`)).toBeVisible();
  const pane = at.getByRole("complementary", { name: fr("search.label") });
  const field = pane.getByRole("searchbox", { name: fr("search.field") });
  const hits = pane.getByRole("listitem");

  await test.step("files: those of the messages that are here, and older ones when asked", async () => {
    const files = at.getByRole("complementary", { name: fr("details.label") });
    await expect(files.getByText(fr("details.noFiles"))).toBeVisible();
    await files.getByRole("button", { name: fr("details.olderFiles") }).click();
    await expect(files.getByText("protocole-brûlés.txt")).toBeVisible();
    await expect(files.getByRole("button", { name: fr("details.olderFiles") })).toHaveCount(0);
  });

  await test.step("Ctrl F opens the search; words without accents find, newest first, down to the beginning", async () => {
    await at.reload();
    await expect(karim.message(`Relève n° ${MESSAGES}.`)).toBeVisible();
    await karim.composer.press("Control+f");
    await expect(field).toBeFocused();
    await expect(pane.getByText(fr("search.here"))).toBeVisible();
    await field.fill("DEFIBRILLATEUR");
    await expect(pane.getByText(fr("search.all"))).toBeVisible();
    await expect(pane.getByText(fr("search.found", { n: 2 }))).toBeVisible();
    await expect(hits.nth(0)).toContainText("Un second défibrillateur");
    await expect(hits.nth(1).locator("mark")).toHaveText("défibrillateur");
    const named = fr("search.found", { n: 1 });
    await field.fill("protocole brul");
    await expect(pane.getByText(named)).toBeVisible();
    await expect(hits.nth(0)).toContainText("protocole-brûlés.txt");
    await field.fill("zzz");
    await expect(pane.getByText(fr("search.found", { n: 0 }))).toBeVisible();
  });

  await test.step("a result leads to its message, by keys alone", async () => {
    await field.fill("hall défi");
    await expect(hits).toHaveCount(1);
    await field.press("ArrowDown");
    await expect(hits.nth(0).getByRole("button")).toBeFocused();
    await at.keyboard.press("Enter");
    const row = karim.message("du hall est révisé");
    await expect(row).toBeInViewport();
    await expect(row).toBeFocused();
  });

  await test.step("what arrives meanwhile is found too, and what is removed no more", async () => {
    await anne.say("Formation au défibrillateur vendredi.");
    await field.fill("défibrillateur");
    await expect(hits).toHaveCount(3);
    await expect(hits.nth(0)).toContainText("vendredi");
    await anne.tool(anne.message("Formation au"), fr("act.more"));
    await anne.choose(fr("msg.redact"));
    await page.getByRole("alertdialog").getByRole("button", { name: fr("msg.redact") }).click();
    await expect(hits).toHaveCount(2);
  });

  await test.step("without a line, what the device keeps is still searched", async () => {
    await at.reload();
    await expect(karim.message(`Relève n° ${MESSAGES}.`)).toBeVisible();
    karim.watch.line("cut");
    await karim.context.setOffline(true);
    await at.getByRole("button", { name: fr("search.label") }).click();
    await field.fill("hall défi");
    await expect(hits).toHaveCount(1);
    await karim.context.setOffline(false);
    await field.press("Escape");
    await expect(pane).toHaveCount(0);
  });
});
