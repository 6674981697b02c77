/** The scan of a page as it stands, in light and dark, wide and narrow; and its picture, when pictures are asked for. */
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import type { AxeResults } from "axe-core";
import { expect } from "@playwright/test";
import type { Page } from "@playwright/test";

import { DESKTOP, PHONE } from "./house";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const SHOTS = fileURLToPath(new URL("../shots/", import.meta.url));
const SIZES = [["wide", DESKTOP], ["phone", PHONE]] as const;

/** `REMPART_SHOTS=1` keeps a picture of every state in `shots/`. */
const pictures = process.env["REMPART_SHOTS"] === "1";

/** What is wrong, a line each; that nothing is wider than the window too. Checks each theme at each size, and leaves the page wide and light. */
export async function scan(page: Page, name: string, sizes: readonly ("wide" | "phone")[] = ["wide", "phone"]): Promise<string[]> {
  const found: string[] = [];
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  for (const [size, viewport] of SIZES) {
    if (!sizes.includes(size)) continue;
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      // Two frames: sizes are learnt in the first and used in the second.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      const results = await page.evaluate((tags) => (window as unknown as { axe: typeof axe }).axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] }) as Promise<AxeResults>, RULES);
      for (const { id, help, nodes } of results.violations) found.push(`${name}, ${size}, ${colorScheme}: ${id} (${help}): ${nodes.slice(0, 3).map(({ target, failureSummary }) => `${target.join(" ")} — ${(failureSummary ?? "").split("\n")[1]?.trim() ?? ""}`).join("; ")}`);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wider > 0) found.push(`${name}, ${size}, ${colorScheme}: ${wider} px wider than the window`);
      if (pictures) {
        await mkdir(SHOTS, { recursive: true });
        await page.screenshot({ path: `${SHOTS}${name.replace(/[^a-z0-9]+/gi, "-")}.${size}.${colorScheme}.png` });
      }
    }
  }
  await page.setViewportSize(DESKTOP);
  await page.emulateMedia({ colorScheme: "light" });
  return found;
}

/** Goes through states one after another, scans each, and tells everything that was found at the end. */
export async function scanAll(page: Page, states: readonly (readonly [name: string, reach: () => Promise<void>, sizes?: readonly ("wide" | "phone")[]])[]): Promise<void> {
  const found: string[] = [];
  for (const [name, reach, sizes] of states) {
    await reach();
    found.push(...(await scan(page, name, sizes)));
  }
  expect(found, found.join("\n")).toEqual([]);
}
