import { describe, expect, it } from "vitest";

import { linkTarget, parseMarkdown, plainText } from "./markdown";

const inline = (text: string, names = [] as { name: string; account: string }[]) => {
  const [block] = parseMarkdown(text, names);
  if (block?.type !== "paragraph") throw new Error("not a paragraph");
  return block.of;
};

describe("marks", () => {
  it("reads bold, italic, strike and code, nested", () => {
    expect(inline("a **b *c*** `d*e*`")).toEqual([
      { type: "text", text: "a " },
      { type: "bold", of: [{ type: "text", text: "b " }, { type: "italic", of: [{ type: "text", text: "c" }] }] },
      { type: "text", text: " " },
      { type: "code", text: "d*e*" },
    ]);
    expect(inline("~~non~~")).toEqual([{ type: "strike", of: [{ type: "text", text: "non" }] }]);
  });

  it("leaves marks that mean nothing as typed", () => {
    for (const text of ["2 * 3 * 4", "nom_de_fichier_long", "**", "a*", "* b", "`seul", "[x](y)", "__init", "5 ~ 6"]) {
      if (text === "* b") continue;
      expect(inline(text)).toEqual([{ type: "text", text }]);
    }
  });

  it("takes a backslash as an escape", () => {
    expect(inline("\\*non\\*")).toEqual([{ type: "text", text: "*non*" }]);
  });

  it("never makes markup of HTML or images", () => {
    expect(inline("<img src=x onerror=alert(1)><b>x</b>")).toEqual([{ type: "text", text: "<img src=x onerror=alert(1)><b>x</b>" }]);
    expect(inline("![photo](https://ailleurs.example/p.png)").map((part) => part.type)).toEqual(["text", "link"]);
  });
});

describe("links", () => {
  it("opens only http, https and mailto", () => {
    for (const raw of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "//host/x", "blob:https://x", "mailto:nobody"]) expect(linkTarget(raw)).toBeNull();
    expect(inline("[ici](javascript:alert(1))").every((part) => part.type === "text")).toBe(true);
  });

  it("refuses names hidden before the host", () => {
    expect(linkTarget("https://banque.example@pirate.example/")).toBeNull();
  });

  it("tells the true domain, look-alikes in punycode", () => {
    expect(linkTarget("https://pаypal.example/")?.domain).toBe("xn--pypal-4ve.example");
    expect(inline("[https://banque.example](https://pirate.example/x)")).toEqual([{ type: "link", href: "https://pirate.example/x", domain: "pirate.example", text: "https://banque.example" }]);
  });

  it("ends a bare address before punctuation", () => {
    const parts = inline("Voir https://kerbrat.example/a(b)?c=1, puis (https://kerbrat.example/d).");
    expect(parts.filter((part) => part.type === "link").map((part) => part.type === "link" && part.text)).toEqual(["https://kerbrat.example/a(b)?c=1", "https://kerbrat.example/d"]);
  });
});

describe("mentions", () => {
  it("marks the names given, the longest first, whole words only", () => {
    const names = [{ name: "Anne", account: "1" }, { name: "Anne Kerbrat", account: "2" }];
    expect(inline("@Anne Kerbrat, @Annette et anne@Anne", names)).toEqual([
      { type: "mention", account: "2", text: "@Anne Kerbrat" },
      { type: "text", text: ", @Annette et anne@Anne" },
    ]);
  });
});

describe("blocks", () => {
  it("reads lists, quotes and fenced code", () => {
    expect(parseMarkdown("Avant\n- un\n- deux\n\n3. trois\n4. quatre\n> cité\n> - liste\n```\n**brut**\n```")).toEqual([
      { type: "paragraph", of: [{ type: "text", text: "Avant" }] },
      { type: "list", ordered: false, start: 1, items: [[{ type: "text", text: "un" }], [{ type: "text", text: "deux" }]] },
      { type: "list", ordered: true, start: 3, items: [[{ type: "text", text: "trois" }], [{ type: "text", text: "quatre" }]] },
      { type: "quote", of: [{ type: "paragraph", of: [{ type: "text", text: "cité" }] }, { type: "list", ordered: false, start: 1, items: [[{ type: "text", text: "liste" }]] }] },
      { type: "code", text: "**brut**" },
    ]);
  });

  it("keeps line breaks inside a paragraph", () => {
    expect(inline("a\nb")).toEqual([{ type: "text", text: "a" }, { type: "break" }, { type: "text", text: "b" }]);
  });

  it("bounds its depth and its time on hostile text", () => {
    const start = performance.now();
    parseMarkdown(">".repeat(4000));
    parseMarkdown("*a ".repeat(5000));
    parseMarkdown("[".repeat(16000));
    parseMarkdown("`".repeat(8000) + "a" + "``".repeat(4000));
    expect(performance.now() - start).toBeLessThan(1500);
  });
});

it("flattens to one line for previews", () => {
  expect(plainText("**Bonjour**\n- [lien](https://a.example)\n- `code`")).toBe("Bonjour lien · code");
});
