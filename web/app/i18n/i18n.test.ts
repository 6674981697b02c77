import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import { ApiProblem, NetworkError } from "@sdk";

import { catalogue } from "./catalogue";
import type { Entry } from "./catalogue";
import { french, setLanguage, t } from "./index";
import { problemWords } from "./problems";

const entries = Object.entries(catalogue) as [string, Entry][];
const forms = (words: Entry["fr"]) => (typeof words === "string" ? [words] : [words.one, words.other]);
const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

beforeEach(() => setLanguage("fr"));

describe("catalogue", () => {
  it("says every key in both languages, with the same parameters", () => {
    for (const [key, { fr, en }] of entries) {
      for (const words of [...forms(fr), ...forms(en)]) expect(words.trim(), key).not.toBe("");
      expect(new Set(forms(fr).flatMap(names)), key).toEqual(new Set(forms(en).flatMap(names)));
    }
  });

  it("gives a number to every phrase with a plural", () => {
    for (const [key, { fr, en }] of entries) {
      if (typeof fr === "string" && typeof en === "string") continue;
      expect([typeof fr, typeof en], key).toEqual(["object", "object"]);
    }
  });

  it("is written with plain spaces and apostrophes, and without exclamations or apologies", () => {
    for (const [key, { fr, en }] of entries) {
      for (const words of forms(fr)) {
        expect(words, key).not.toMatch(/[’\u00a0\u202f…]/);
        expect(words, key).not.toMatch(/[^\s«][;?]|[^\s\d:]:(?![\/\d])/);
      }
      if (key !== "pw.sentenceExample") for (const words of [...forms(fr), ...forms(en)]) expect(words, key).not.toMatch(/!|\b[Oo]ups|[Dd]ésolé|[Ss]orry/);
    }
  });

  it("translates every code of refusal that the rules know", () => {
    const rules = readFileSync(fileURLToPath(new URL("../../../crates/domain/src/refusal.rs", import.meta.url)), "utf8");
    const codes = [...rules.matchAll(/^ {4}\w+ "([a-z_]+)" "/gm)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(60);
    for (const code of codes) expect(Object.hasOwn(catalogue, `problem.${code}`), `problem.${code}`).toBe(true);
  });

  it("holds no key that nothing says", () => {
    const root = fileURLToPath(new URL("../", import.meta.url));
    const sources = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/.test(file) && !file.includes("catalogue")).map((file) => readFileSync(root + file, "utf8")).join("\n");
    // Keys made from a value: `class.${…}`, `class.${…}.low` and the like.
    const made = [...sources.matchAll(/`([\w.]*)\$\{[^}]*\}([\w.]*)`/g)].map(([, before = "", after = ""]) => new RegExp(`^${before.replace(/\./g, "\\.")}[\\w.]+${after.replace(/\./g, "\\.")}$`)).filter((pattern) => pattern.source.length > 12);
    for (const [key] of entries) {
      const said = sources.includes(`"${key}"`) || made.some((pattern) => pattern.test(key));
      expect(said, key).toBe(true);
    }
  });
});

describe("words", () => {
  it("sets French typography", () => {
    expect(french("« Qui ? » dit-il : l'autre ; 5 % !")).toBe("«\u202fQui\u202f?\u202f» dit-il\u00a0: l’autre\u202f; 5\u202f%\u202f!");
  });

  it("takes the plural of the language", () => {
    expect(t("rail.unread", { n: 0 })).toBe("0 non lu");
    expect(t("rail.unread", { n: 2 })).toBe("2 non lus");
    setLanguage("en");
    expect(t("channels.members", { n: 0 })).toBe("0 members");
  });
});

describe("refusals", () => {
  const problem = (code: string, more = {}) => new ApiProblem({ type: "", code, status: 400, title: "In English.", detail: null, field: null, incident: null, retry_after_ms: null, ...more });

  it("are translated by code, with the time to wait and the code to quote", () => {
    expect(problemWords(problem("password_wrong"))).toBe("Le mot de passe actuel n’est pas le bon.");
    expect(problemWords(problem("slowed", { retry_after_ms: 8000 }))).toContain("Nouvel essai possible dans 8 s.");
    expect(problemWords(problem("fault", { incident: "7F3A" }))).toContain("7F3A");
  });

  it("fall back to the server's words, and tell a silent server from a refusal", () => {
    expect(problemWords(problem("of_tomorrow"))).toBe("In English.");
    expect(problemWords(new NetworkError("x"))).toContain("ne répond pas");
    expect(problemWords(new TypeError("x"))).toContain("Cet appareil");
  });
});
