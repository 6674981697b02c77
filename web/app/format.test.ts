import { beforeEach, expect, it } from "vitest";

import { ago, clock, day, daysAgo, listTime, moment, names, size, waitWords } from "./format";
import { setLanguage } from "./i18n";

const now = new Date(2026, 10, 22, 14, 0);
const at = (days: number, hour: number, minute = 0) => new Date(2026, 10, 22 - days, hour, minute);
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, " ");

beforeEach(() => setLanguage("fr"));

it("says the day as people do", () => {
  expect(day(at(0, 9), now)).toBe("dimanche 22 novembre");
  expect(day(new Date(2025, 0, 1), now)).toBe("mercredi 1 janvier 2025");
});

it("shortens times in a list by their age", () => {
  expect([at(0, 9, 14), at(1, 23), at(2, 8)].map((time) => listTime(time, now))).toEqual(["09:14", "hier", "ven."]);
  expect(listTime(at(19, 8), now)).toBe("3 nov.");
  expect(listTime(new Date(2025, 1, 3), now)).toBe("03/02/2025");
});

it("counts days by the calendar, not by hours", () => {
  expect(daysAgo(at(1, 23, 59), at(0, 0, 1))).toBe(1);
  expect(daysAgo(at(0, 0, 1), at(0, 23, 59))).toBe(0);
});

it("says how long ago, and when", () => {
  expect(ago(at(0, 13, 59), now)).toBe("à l’instant");
  expect(ago(at(0, 13, 54), now)).toBe("il y a 6 min");
  expect(ago(at(0, 12), now)).toBe("il y a 2 h");
  expect(ago(at(1, 21, 10), now)).toBe("hier à 21:10");
  expect(moment(at(-1, 9), now)).toBe("demain à 09:00");
  setLanguage("en");
  expect(moment(at(4, 9), now)).toBe("18 November at 09:00");
});

it("uses a clock of 24 hours in both languages", () => {
  setLanguage("en");
  expect(clock(at(0, 21, 5))).toBe("21:05");
});

it("writes sizes in steps of 1000, in the units of the language", () => {
  expect([0, 999, 1000, 214_000, 1_250_000, 3_000_000_000].map(size).map(plain)).toEqual(["0 o", "999 o", "1 Ko", "214 Ko", "1,3 Mo", "3 Go"]);
  setLanguage("en");
  expect(plain(size(1_250_000))).toBe("1.3 MB");
});

it("never says to wait no time", () => {
  expect([0, 1, 8000, 100_000, 7_200_000].map(waitWords)).toEqual(["1 s", "1 s", "8 s", "2 min", "2 h"]);
});

it("lists names, and counts those left out", () => {
  expect(names(["Anne", "Karim"])).toBe("Anne et Karim");
  expect(names(["Anne", "Karim", "Zoé", "Luc"])).toBe("Anne, Karim et 2 autres");
});
