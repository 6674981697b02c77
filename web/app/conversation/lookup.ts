/** Looking words up in messages: without accents or case, every word somewhere, and the part of the text that shows why. */
import { folded } from "./title";

/** The words of a query, folded. */
export const wordsOf = (query: string): readonly string[] => [...new Set(folded(query).split(/\s+/).filter(Boolean))];

/** Folds each text once, however often it is looked at. */
export class Matcher<T extends object> {
  readonly #texts = new WeakMap<T, string>();
  constructor(private readonly textOf: (of: T) => string) {}

  fits(of: T, words: readonly string[]): boolean {
    let text = this.#texts.get(of);
    if (text === undefined) {
      text = folded(this.textOf(of));
      this.#texts.set(of, text);
    }
    return words.every((word) => text.includes(word));
  }
}

export type Part = { text: string; hit: boolean };
const AROUND = 60;
const LONGEST = 220;

/** Folded, with the place in the text that each folded character comes from. */
function foldedPlaces(text: string): { folded: string; places: number[] } {
  let out = "";
  const places: number[] = [];
  let at = 0;
  for (const char of text) {
    const plain = folded(char);
    for (let i = 0; i < plain.length; i += 1) places.push(at);
    out += plain;
    at += char.length;
  }
  places.push(at);
  return { folded: out, places };
}

/** The text around the first word found, with all words found in it marked. */
export function excerpt(text: string, words: readonly string[]): readonly Part[] {
  const { folded: plain, places } = foldedPlaces(text);
  const hits: [number, number][] = [];
  for (const word of words) {
    for (let from = plain.indexOf(word); from >= 0 && word !== ""; from = plain.indexOf(word, from + word.length)) hits.push([places[from] ?? 0, places[from + word.length] ?? text.length]);
  }
  hits.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  const first = hits[0]?.[0] ?? 0;
  // Begins at a word, so that the first one is whole.
  const start = first <= AROUND ? 0 : Math.max(0, text.lastIndexOf(" ", first - AROUND) + 1);
  const end = Math.min(text.length, start + LONGEST);
  const parts: Part[] = start > 0 ? [{ text: "…", hit: false }] : [];
  let at = start;
  for (const [from, to] of hits) {
    if (from < at || from >= end) continue;
    if (from > at) parts.push({ text: text.slice(at, from), hit: false });
    parts.push({ text: text.slice(from, Math.min(to, end)), hit: true });
    at = Math.min(to, end);
  }
  if (at < end) parts.push({ text: text.slice(at, end), hit: false });
  if (end < text.length) parts.push({ text: "…", hit: false });
  return parts;
}
