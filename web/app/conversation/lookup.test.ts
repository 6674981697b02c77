import { describe, expect, it } from "vitest";

import { excerpt, Matcher, wordsOf } from "./lookup";

const marked = (text: string, query: string) => excerpt(text, wordsOf(query)).map(({ text: part, hit }) => (hit ? `[${part}]` : part)).join("");

describe("looking up in messages", () => {
  it("needs every word, in any order, without accents or case", () => {
    const matcher = new Matcher<{ text: string }>(({ text }) => text);
    const message = { text: "Le planning d’Été est prêt" };
    expect(["ete planning", "PRÊT", "lanni"].map((query) => matcher.fits(message, wordsOf(query)))).toEqual([true, true, true]);
    expect(matcher.fits(message, wordsOf("planning hiver"))).toBe(false);
  });

  it("marks what was found in the text as it is written", () => {
    expect(marked("L’œdème de l’été, puis été", "ete")).toBe("L’œdème de l’[été], puis [été]");
    expect(marked("Été", "e")).toBe("[É]t[é]");
    expect(marked("abab", "ab abab")).toBe("[abab]");
    expect(marked("👩‍⚕️ e\u0301te\u0301 ici", "ici")).toBe("👩‍⚕️ e\u0301te\u0301 [ici]");
  });

  it("shows the part of a long text where the first word stands", () => {
    const text = `${"avant ".repeat(60)}garde ${"après ".repeat(60)}`;
    const shown = marked(text, "garde");
    expect(shown.startsWith("…avant")).toBe(true);
    expect(shown).toContain("[garde]");
    expect(shown.endsWith("…")).toBe(true);
    expect(shown.length).toBeLessThan(260);
    expect(marked("court", "absent")).toBe("court");
  });
});
