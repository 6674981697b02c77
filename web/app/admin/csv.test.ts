import { beforeAll, describe, expect, it } from "vitest";
import type { Role } from "@sdk";

import { setLanguage } from "../i18n";
import { LINES, readList, textOf, toCsv } from "./csv";

const given: readonly Role[] = ["officer", "auditor", "member", "guest"];
const read = (text: string) => readList(text, { domain: "kerbrat.example", given, spoken: "fr" });
const faults = (text: string) => read(text).lines.map(({ number, fault }) => [number, fault] as const);

beforeAll(() => setLanguage("fr"));

describe("a list of people", () => {
  it("is read in the order of the columns, with what is left out filled in", () => {
    expect(read("Zoé L'Hôpital\nKarim Haddad,k.haddad,Médecin,Urgences,audit,anglais\n").lines).toEqual([
      { number: 1, entry: { name: "Zoé L'Hôpital", local: "zoe.lhopital", title: "", department: "", role: "member", language: "fr" }, fault: null },
      { number: 2, entry: { name: "Karim Haddad", local: "k.haddad", title: "Médecin", department: "Urgences", role: "auditor", language: "en" }, fault: null },
    ]);
  });

  it("is read by its heads in any order, as French and English spreadsheets write them", () => {
    const entry = { name: "Karim Haddad", local: "karim.haddad", title: "Médecin ; chef", department: "", role: "guest", language: "fr" };
    expect(read('\uFEFFRôle;Adresse;Prénom et nom;Fonction\r\nInvité;karim.haddad@Kerbrat.example;Karim Haddad;"Médecin ; chef"\r\n\r\n').lines).toEqual([{ number: 2, entry, fault: null }]);
    expect(read('display_name\temail\nKarim "K" Haddad\tk\n').lines[0]?.entry.name).toBe('Karim "K" Haddad');
  });

  it("keeps quoted line ends and quotes, and numbers the lines as they stand in the text", () => {
    const { lines } = read('name,title\n"Anne ""Nan"" Le Goff","a\nb"\nKarim Haddad,x\n');
    expect(lines.map(({ number, entry }) => [number, entry.name, entry.title])).toEqual([[2, 'Anne "Nan" Le Goff', "a\nb"], [4, "Karim Haddad", "x"]]);
  });

  it("says of each line what is wrong", () => {
    const told = faults("X\nKarim Haddad,karim@ailleurs.example\nKarim Haddad,ka rim\nAnne Le Goff,anne\nAnne Autre,anne\nPaul Roi,,,,roi\nPaul Chef,,,,propriétaire\nPaul Ici,paul,,,,breton\na,b,c,d,e,f,g");
    expect(told.map(([number]) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const words = ["prénom", "ailleurs.example", "ka rim", null, "ligne 4", "roi", "Propriétaire", "breton", "7"];
    words.forEach((word, i) => { if (word === null) expect(told[i]?.[1]).toBeNull(); else expect(told[i]?.[1]).toContain(word); });
  });

  it("is refused as a whole when it is empty, too long, or has no names", () => {
    expect(read(" \n\n").fault).toBeTruthy();
    expect(read("nom;adresse\n").fault).toBeTruthy();
    expect(read("adresse,service\nx,y").fault).toBeTruthy();
    expect(read("Karim Haddad\n".repeat(LINES + 1)).fault).toContain("1\u202f000");
  });
});

describe("files", () => {
  it("are read as UTF-8, or as older Windows wrote them", async () => {
    expect(await textOf(new Blob(["Zoé"]))).toBe("Zoé");
    expect(await textOf(new Blob([Uint8Array.from([0x5a, 0x6f, 0xe9])]))).toBe("Zoé");
  });
  it("are written so that no spreadsheet runs a name as a formula", () => {
    expect(toCsv([["a;b", 'c"d', "=1+1", "plain"]])).toBe('\uFEFF"a;b";"c""d";\'=1+1;plain\r\n');
  });
});
