/** A conversation of many thousand messages: scrolled from one end to the other, smoothly. */
import { expect, test } from "../harness/house";
import { fr } from "../harness/words";

/** `REMPART_E2E_MESSAGES=100000` for the whole length; the usual run takes a fifth, for its time. */
const MESSAGES = Number(process.env["REMPART_E2E_MESSAGES"] ?? 20_000);

test.describe.configure({ timeout: 120_000 + MESSAGES * 6 });

test(`${MESSAGES} messages: both ends are reached, no frame is held up for long`, async ({ house }) => {
  const owner = await house.owner();
  const account = await house.person("Karim Haddad");
  const anne = await house.sit(owner);
  await anne.writeTo("Karim Haddad");
  const conversation = /\/c\/([0-9a-f-]{36})/.exec(anne.page.url())?.[1] ?? "";
  await anne.page.goto("about:blank");

  await test.step("written over several lines at once, each answer waited for", async () => {
    const karim = await house.sit(account);
    // A page that is no client has no icon.
    karim.watch.refusal(/^\/favicon\.ico$/, 404);
    await karim.page.goto(`${house.server.origin}/healthz`);
    await karim.page.evaluate(async ({ conversation, count }) => {
      let next = 0;
      const line = () => new Promise<void>((resolve, reject) => {
        const socket = new WebSocket(`wss://${location.host}/api/v1/feed`);
        let open = 0;
        const post = () => {
          while (open < 48 && next < count) {
            next += 1;
            open += 1;
            const words = next % 7 === 0 ? "Une relève plus longue que les autres, qui passe à la ligne et dit ce qui reste à faire avant le matin, chambre par chambre. ".repeat(3) : "Relève.";
            socket.send(JSON.stringify({ id: `m${next}`, op: "messages.text", params: { conversation, client_id: crypto.randomUUID(), text: `N° ${next}. ${words}` } }));
          }
          if (open === 0) { socket.close(1000); resolve(); }
        };
        socket.onopen = () => socket.send(JSON.stringify({ id: "hello", op: "hello", params: { account_seq: 0 } }));
        socket.onerror = () => reject(new Error("the line broke"));
        socket.onmessage = ({ data }: MessageEvent<string>) => {
          // Live entries come too; only answers begin like this.
          if (data.includes('"id":"hello"')) { post(); return; }
          const frame = data.length < 2_000 || data.includes('"op":"refused"') ? (JSON.parse(data) as { op: string; id?: string; problem?: { code: string; retry_after_ms?: number } }) : null;
          if (frame?.op === "refused") { reject(new Error(JSON.stringify(frame.problem))); return; }
          if (frame?.op !== "ok") return;
          open -= 1;
          // Within the 500 commands a second that one line may make.
          setTimeout(post, 100);
        };
      });
      await Promise.all(Array.from({ length: 8 }, line));
    }, { conversation, count: MESSAGES });
    await karim.context.close();
  });

  const { page } = anne;
  await anne.goto(`/c/${conversation}`);
  const log = page.getByRole("log");
  await expect(log).toBeVisible();
  await expect(page.getByRole("button", { name: fr("timeline.newest") }).or(anne.message(/N° \d+/)).first()).toBeVisible();

  await test.step("to the newest, in one act", async () => {
    const newest = page.locator("button.to-newest");
    if (await newest.count()) await newest.click();
    await expect(newest).toHaveCount(0);
    expect(await log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight)).toBeLessThan(48);
  });

  await page.evaluate(() => {
    const held: number[] = [];
    new PerformanceObserver((list) => { for (const entry of list.getEntries()) held.push(entry.duration); }).observe({ type: "longtask" });
    (window as unknown as { held: number[] }).held = held;
  });

  await test.step("back to the first message, page by page", async () => {
    const began = Date.now();
    const beginning = page.getByText("Début de la conversation");
    await log.hover();
    while (!(await beginning.isVisible())) await page.mouse.wheel(0, -20_000);
    await expect(page.getByText("Début de la conversation")).toBeVisible();
    await expect(page.locator(".msg").first()).toContainText("N° ");
    test.info().annotations.push({ type: "pages", description: `${MESSAGES} messages read back in ${Date.now() - began} ms` });
  });

  await test.step("few rows stand at any time", async () => {
    expect(await page.locator('[data-region="timeline"] li[data-key]').count()).toBeLessThan(120);
  });

  await test.step("scrolled through at speed, frames keep coming", async () => {
    await page.evaluate(() => { (window as unknown as { held: number[] }).held.length = 0; });
    const gaps = await page.evaluate(async () => {
      const box = document.querySelector<HTMLElement>(".log");
      if (!box) throw new Error("no timeline");
      const gaps: number[] = [];
      let last = performance.now();
      const blank = { frames: 0 };
      for (let i = 0; i < 240; i += 1) {
        // As a hand on a wheel that is turned hard: two thirds of a screen in each frame.
        box.scrollTop += i % 2 ? 900 : 400;
        await new Promise((done) => requestAnimationFrame(done));
        const now = performance.now();
        gaps.push(now - last);
        last = now;
        const middle = document.elementFromPoint(box.getBoundingClientRect().left + 200, box.getBoundingClientRect().top + box.clientHeight / 2);
        if (!middle?.closest("li[data-key]")) blank.frames += 1;
      }
      return { gaps: gaps.sort((a, b) => a - b), blank: blank.frames };
    });
    const held = await page.evaluate(() => (window as unknown as { held: number[] }).held);
    const at = (share: number) => gaps.gaps[Math.floor(gaps.gaps.length * share)] ?? 0;
    test.info().annotations.push({ type: "frames", description: `median ${at(0.5).toFixed(1)} ms, 95 % ${at(0.95).toFixed(1)} ms, longest task ${Math.max(0, ...held).toFixed(0)} ms, ${gaps.blank} blank of 240` });
    console.log(test.info().annotations.map(({ type, description }) => `${type}: ${description}`).join("\n"));
    expect(at(0.5), "half of the frames").toBeLessThan(34);
    expect(Math.max(0, ...held), "the longest task").toBeLessThan(250);
    expect(gaps.blank, "frames without a message under the eye").toBeLessThan(12);
  });

  await test.step("and to the newest again, where one writes", async () => {
    await page.locator("button.to-newest").click();
    await expect(page.locator("button.to-newest")).toHaveCount(0);
    await anne.say("Le dernier mot.");
    await expect(anne.message("Le dernier mot.")).toBeInViewport();
  });
});
