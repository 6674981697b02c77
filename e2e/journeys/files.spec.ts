/** Files: what arrives is what left. */
import { readFile } from "node:fs/promises";
import { expect, test } from "../harness/house";
import type { Seat } from "../harness/seat";
import { hash, noise, png } from "../harness/pictures";
import { fr } from "../harness/words";

async function download(seat: Seat, name: string): Promise<Buffer> {
  const [file] = await Promise.all([seat.page.waitForEvent("download"), seat.page.locator('[data-region="timeline"]').getByRole("link", { name: fr("file.download", { name }) }).click()]);
  expect(file.suggestedFilename()).toBe(name);
  return readFile(await file.path());
}

test("a picture with its thumbnail, a large file with its progress, a pasted picture", async ({ house }) => {
  const anne = await house.sit(await house.owner());
  const karim = await house.sit(await house.person("Karim Haddad"));
  await anne.writeTo("Karim Haddad");
  const picture = png(1200, 800);
  const large = noise(24 * 1024 * 1024);
  const picker = anne.page.locator('input[type="file"]');

  await test.step("a picture: thumbnail at the other's place, download as it was", async () => {
    await picker.setInputFiles({ name: "scanner.png", mimeType: "image/png", buffer: picture });
    await expect(anne.page.locator(".chip canvas")).toBeVisible();
    await expect(anne.page.locator(".chip progress")).toHaveCount(0);
    await anne.say("Le scanner de ce matin");
    await karim.open("Anne Le Goff");
    const shown = karim.message("Le scanner de ce matin").getByRole("img", { name: "scanner.png" });
    await expect(shown).toBeVisible();
    await expect.poll(() => shown.evaluate((image: HTMLImageElement) => [image.complete, image.naturalWidth, image.naturalHeight])).toEqual([true, 400, 267]);
    expect(hash(await download(karim, "scanner.png"))).toBe(hash(picture));
    await expect(karim.page.getByRole("complementary", { name: fr("details.label") }).getByText("scanner.png")).toBeVisible();
  });

  await test.step("a large file shows how far it is, and arrives whole", async () => {
    const sent = new Set<string>();
    await anne.page.exposeFunction("progressed", (words: string) => sent.add(words));
    await anne.page.evaluate(() => {
      const look = () => { const words = document.querySelector(".chip .muted")?.textContent; if (words) void (window as unknown as { progressed: (words: string) => void }).progressed(words); };
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await picker.setInputFiles({ name: "archives.bin", mimeType: "application/octet-stream", buffer: large });
    await expect(anne.page.getByText("25,2 Mo", { exact: true })).toBeVisible({ timeout: 60_000 });
    await expect(anne.page.locator(".chip progress")).toHaveCount(0);
    expect([...sent].filter((words) => / sur 25,2/.test(words)).length, [...sent].join(" | ")).toBeGreaterThan(2);
    await anne.composer.press("Enter");
    await expect(karim.page.locator(".file", { hasText: "archives.bin" })).toContainText("BIN · 25,2 Mo");
    expect(hash(await download(karim, "archives.bin"))).toBe(hash(large));
  });

  await test.step("a picture is pasted into the text", async () => {
    const pasted = png(300, 200);
    await anne.composer.focus();
    await anne.page.evaluate((bytes) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(bytes)], "capture.png", { type: "image/png" }));
      document.activeElement?.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }, [...pasted]);
    await expect(anne.page.locator(".chip", { hasText: "capture.png" })).toBeVisible();
    await expect(anne.page.locator(".chip progress")).toHaveCount(0);
    await anne.composer.press("Enter");
    await expect(karim.page.getByRole("img", { name: "capture.png" })).toBeVisible();
    expect(hash(await download(karim, "capture.png"))).toBe(hash(pasted));
  });

  await test.step("what cannot go is refused with its reason", async () => {
    await picker.setInputFiles({ name: "vide.txt", mimeType: "text/plain", buffer: Buffer.alloc(0) });
    await expect(anne.page.getByText("vide.txt est vide.")).toBeVisible();
    await picker.setInputFiles({ name: "retirer.txt", mimeType: "text/plain", buffer: Buffer.from("essai") });
    await anne.page.getByRole("button", { name: fr("compose.removeFile", { name: "retirer.txt" }) }).click();
    await expect(anne.page.locator(".chip")).toHaveCount(0);
  });

  await test.step("a page of another name cannot be run from this server", async () => {
    const page = Buffer.from("<!doctype html><script>document.title = 'run'</script>");
    await picker.setInputFiles({ name: "page.html", mimeType: "text/html", buffer: page });
    await expect(anne.page.locator(".chip progress")).toHaveCount(0);
    await anne.composer.press("Enter");
    const href = await karim.page.locator(".file", { hasText: "page.html" }).getByRole("link").getAttribute("href");
    const answer = await karim.page.evaluate(async (address) => { const response = await fetch(address); return { type: response.headers.get("content-type"), disposition: response.headers.get("content-disposition"), policy: response.headers.get("content-security-policy") }; }, (href ?? "").split("?")[0] ?? "");
    expect(`${answer.disposition} ${answer.policy}`).toMatch(/attachment|sandbox/);
    expect(answer.type).not.toContain("text/html");
  });
});
