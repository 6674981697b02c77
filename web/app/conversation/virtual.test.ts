import { expect, it } from "vitest";

import { Heights, rowAt, rowOf } from "./virtual";

const rows = (count: number) => Array.from({ length: count }, (_, i) => ({ key: `k${i}` }));

it("guesses what it has not measured, and learns the mean", () => {
  const heights = new Heights(50);
  const all = rows(10);
  expect(heights.offsets(all)[10]).toBe(500);
  for (let i = 0; i < 8; i += 1) heights.measure(`k${i}`, 20);
  expect(heights.estimate).toBe(20);
  expect(heights.offsets(all)[10]).toBe(200);
});

it("says whether a measure changed anything", () => {
  const heights = new Heights(50);
  expect(heights.measure("a", 30)).toBe(true);
  expect(heights.measure("a", 30.2)).toBe(false);
  expect(heights.measure("a", 60)).toBe(true);
});

it("finds the row at a height, at both ends too", () => {
  const offsets = new Heights(10).offsets(rows(5));
  expect([-5, 0, 9.9, 10, 49, 500].map((y) => rowAt(offsets, y))).toEqual([0, 0, 0, 1, 4, 4]);
  expect(rowAt(new Heights(10).offsets([]), 3)).toBe(0);
});

it("follows a row when a page comes before it", () => {
  const before = rows(5);
  const after = [{ key: "o1" }, { key: "o2" }, ...before];
  expect(rowOf(after, "k3", 3, 2)).toBe(5);
  expect(rowOf(before, "k3", 3, 0)).toBe(3);
  expect(rowOf(before, "gone", 3, 0)).toBe(-1);
});

it("lays out a hundred thousand rows within a frame", () => {
  const heights = new Heights(40);
  const all = rows(100_000);
  for (let i = 0; i < 1000; i += 1) heights.measure(`k${i}`, 30);
  heights.offsets(all);
  const start = performance.now();
  heights.offsets(all);
  expect(performance.now() - start).toBeLessThan(100);
});
