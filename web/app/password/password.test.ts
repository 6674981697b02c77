import { describe, expect, it } from "vitest";

import { requiredBits, strength } from "./bits";
import { fromSentence } from "./sentence";

describe("CNIL bits", () => {
  it("counts length times log2 of the alphabet, rounded down", () => {
    expect(strength("")).toEqual({ bits: 0, length: 0, kinds: 0 });
    expect(strength("15937482").bits).toBe(Math.floor(8 * Math.log2(10)));
    expect(strength("Vn3-rPdp8!kQz")).toEqual({ bits: 85, length: 13, kinds: 4 });
    expect(strength("Azerty123!").bits).toBe(Math.floor(9 * Math.log2(95)));
  });

  it("counts repetitions, runs and sequences once, as the server does", () => {
    expect(strength("dupontdupontdupont").bits).toBe(strength("dupont").bits);
    expect(strength("x".repeat(200)).bits).toBe(4);
    expect(strength("defghijklmnopqrstuvwxyz").bits).toBeLessThan(50);
    expect(strength("soleilsoleilsoleil").bits).toBeLessThan(50);
    expect(strength("vK7#pq2L").bits).toBeGreaterThanOrEqual(50);
    expect(strength("la marée monte sous le vieux phare").bits).toBeGreaterThanOrEqual(80);
  });

  it("asks more of those who administer", () => {
    expect((["owner", "admin", "officer", "auditor", "member", "guest"] as const).map((role) => requiredBits(50, role))).toEqual([80, 80, 50, 50, 50, 50]);
    expect(requiredBits(100, "owner")).toBe(100);
  });

  it("counts characters, not code units", () => {
    expect(strength("😀😀").length).toBe(2);
  });

  it("takes a sentence of seven words as strong", () => {
    expect(strength("sept mots simples font une bonne phrase").bits).toBeGreaterThan(80);
  });
});

describe("password from a sentence", () => {
  const count = (password: string) => strength(password).bits;

  it("keeps first letters, whole numbers and punctuation", () => {
    expect(fromSentence("En mai 2019, Lise et moi avons vu 3 renards !", 1, count)).toBe("Em2019,Lemav3r!");
  });

  it("takes more letters of each word until there are enough bits", () => {
    const sentence = "Jean lit deux livres chaque jour.";
    expect(fromSentence(sentence, 20, count)).toBe("Jldlcj.");
    expect(fromSentence(sentence, 60, count)).toBe("JelideLichjo.".replace("Li", "li"));
  });

  it("keeps accents, and is empty for nothing", () => {
    expect(fromSentence("Été à Évry", 1, count)).toBe("ÉàÉ");
    expect(fromSentence("   ", 80, count)).toBe("");
  });
});
