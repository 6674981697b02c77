import { describe, expect, it } from "vitest";

import { initials, stone } from "../ui/Face";
import { matches, rank } from "./conversation/title";
import { safeName } from "./conversation/uploads";
import { addressFrom } from "./entrance/AccountFields";
import { channelDetails } from "./people/ChannelsPage";
import { parseRoute } from "./router";

describe("faces", () => {
  it("take the first letters of two words, without titles", () => {
    expect(["Anne Kerbrat", "Dr Hélène Marchetti", "Jean-Noël Ibáñez", "Maëlle Le Goff", "Zoé", "  ", "06 12"].map(initials)).toEqual(["AK", "HM", "JI", "ML", "Z", "?", "01"]);
  });
  it("keep their stone", () => {
    expect(stone("a")).toBe(stone("a"));
    expect(new Set(Array.from({ length: 200 }, (_, i) => stone(`x${i}`)))).toEqual(new Set([1, 2, 3, 4, 5, 6]));
  });
});

describe("addresses from names", () => {
  it("are plain letters", () => {
    expect(["Anne Kerbrat", "Zoé L’Hôpital", "Jean-Noël Ibáñez", "Cœur de  Lion "].map(addressFrom)).toEqual(["anne.kerbrat", "zoe.lhopital", "jean.noel.ibanez", "coeur.de.lion"]);
  });
});

describe("looking up", () => {
  it("ignores accents, case and order", () => {
    expect(matches("Hélène Marchetti", "mar hel")).toBe(true);
    expect(matches("Hélène Marchetti", "zoe")).toBe(false);
  });
  it("puts names that begin so first", () => {
    expect(["Maëlle Le Goff", "Jean Marc", "Pharmacie"].map((name) => rank(name, "ma"))).toEqual([0, 1, 2]);
  });
});

describe("names of files", () => {
  it("lose separators and control characters, and are never empty", () => {
    expect(safeName("a/b\\c\u0000.pdf")).toBe("a-b-c.pdf");
    expect(safeName("\u0001")).toBe("fichier");
    expect(safeName("x".repeat(300)).length).toBe(255);
  });
});

describe("channels", () => {
  it("show a title even when the server cannot read it", () => {
    expect(channelDetails(null).title).not.toBe("");
    expect(channelDetails("@@@").title).not.toBe("");
    expect(channelDetails(btoa(JSON.stringify({ v: 1, type: "details", title: "Garde" }))).title).toBe("Garde");
  });
});

describe("addresses of pages", () => {
  const id = "0190b3c4-0000-7000-8000-000000000001";
  it("keep secrets in the fragment", () => {
    expect(parseRoute("/setup", "#abc")).toEqual({ name: "setup", secret: "abc" });
    expect(parseRoute("/setup/abc", "").name).toBe("missing");
  });
  it("name every page, and refuse the rest", () => {
    expect(parseRoute("/", "").name).toBe("home");
    expect(parseRoute(`/c/${id}`, "")).toEqual({ name: "conversation", id, details: false });
    expect(parseRoute(`/c/${id}/details`, "")).toEqual({ name: "conversation", id, details: true });
    expect(parseRoute("/c/x", "").name).toBe("missing");
    expect(parseRoute("/admin", "")).toEqual({ name: "admin", section: "people" });
    expect(parseRoute("/settings/tokens", "")).toEqual({ name: "settings", section: "tokens" });
    expect(parseRoute("/a/b/c/d", "").name).toBe("missing");
  });
});
