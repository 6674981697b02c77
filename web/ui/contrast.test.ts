import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");
const tokens = new Map<string, readonly [string, string]>();
for (const [, name = "", value = ""] of css.matchAll(/--([\w-]+):\s*(light-dark\(#\w{6},\s*#\w{6}\)|#\w{6})\s*;/g)) {
  const [light = "", dark = light] = value.match(/#\w{6}/g) ?? [];
  tokens.set(name, [light, dark]);
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function ratio(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

const GROUNDS = ["ground", "surface", "sunken", "raised", "hover", "selected"];
const TEXT = 4.5;
const SHAPE = 3;
const PAIRS: readonly (readonly [readonly string[], readonly string[], number])[] = [
  [["ink", "ink-2", "ink-3", "sapin", "encre", "cuivre", "garance"], GROUNDS, TEXT],
  [["sapin", "ink", "ink-2"], ["sapin-wash"], TEXT],
  [["encre", "ink", "ink-2"], ["encre-wash"], TEXT],
  [["cuivre", "ink", "ink-2"], ["cuivre-wash"], TEXT],
  [["garance", "ink", "ink-2"], ["garance-wash"], TEXT],
  [["ink", "ink-2"], ["safran-wash"], TEXT],
  [["on-ink"], ["ink", "ink-press"], TEXT],
  [["on-sapin"], ["sapin"], TEXT],
  [["on-encre"], ["encre"], TEXT],
  [["on-cuivre"], ["cuivre"], TEXT],
  [["on-garance", "on-garance-2"], ["garance-block", "garance-block-2"], TEXT],
  [["on-safran"], ["safran"], TEXT],
  [["on-wall", "on-wall-2"], ["wall", "wall-2"], TEXT],
  [["ink"], ["stone-1", "stone-2", "stone-3", "stone-4", "stone-5", "stone-6"], TEXT],
  [["line-strong"], ["ground", "surface", "sunken", "raised", "hover"], SHAPE],
  [["focus-line"], ["ground", "surface", "sunken", "raised", "selected", "focus-gap"], SHAPE],
  [["safran"], ["wall", "wall-2", "garance-block"], SHAPE],
];

it.each(["light", "dark"] as const)("every pair of the %s theme meets WCAG 2.2 AA", (theme) => {
  const low: string[] = [];
  for (const [fores, backs, need] of PAIRS) {
    for (const fore of fores) for (const back of backs) {
      const [a, b] = [tokens.get(fore), tokens.get(back)].map((pair) => pair?.[theme === "light" ? 0 : 1]);
      if (!a || !b) throw new Error(`no token ${fore} or ${back}`);
      if (ratio(a, b) < need) low.push(`${fore} on ${back}: ${ratio(a, b).toFixed(2)}, needs ${need}`);
    }
  }
  expect(low).toEqual([]);
});
