/** Words. `t` speaks the language of the moment; the root of the application is built anew when it changes. */
import { useSyncExternalStore } from "react";

import { catalogue } from "./catalogue";
import type { Entry } from "./catalogue";

export type Language = "fr" | "en";
export type Key = keyof typeof catalogue;

type Names<S extends string> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
type Words<K extends Key> = (typeof catalogue)[K]["fr"] extends infer W ? (W extends string ? W : W extends { one: infer A extends string; other: infer B extends string } ? A | B : never) : never;
type ParamNames<K extends Key> = Names<Words<K>>;
type Args<K extends Key> = [ParamNames<K>] extends [never] ? [] : [params: Record<ParamNames<K>, string | number>];

const STORE = "rempart.language";

function initial(): Language {
  try {
    const kept = globalThis.localStorage?.getItem(STORE);
    if (kept === "fr" || kept === "en") return kept;
  } catch {
    // A browser may refuse storage; the language of the browser is then asked each time.
  }
  const wanted = globalThis.navigator?.languages ?? ["fr"];
  for (const tag of wanted) {
    if (tag.toLowerCase().startsWith("fr")) return "fr";
    if (tag.toLowerCase().startsWith("en")) return "en";
  }
  return "fr";
}

let current: Language = initial();
const listeners = new Set<() => void>();

export const language = (): Language => current;
export const locale = (): string => (current === "fr" ? "fr-FR" : "en-GB");

export function setLanguage(next: Language): void {
  try {
    globalThis.localStorage?.setItem(STORE, next);
  } catch {
    // See above.
  }
  if (globalThis.document) document.documentElement.lang = next;
  if (next === current) return;
  current = next;
  listeners.forEach((listener) => listener());
}

export const useLanguage = (): Language =>
  useSyncExternalStore((listener) => { listeners.add(listener); return () => listeners.delete(listener); }, language);

/** French typography: narrow no-break space before ; ! ? % and inside « », no-break space before a colon, curly apostrophes. */
export function french(text: string): string {
  return text
    .replace(/'/g, "’")
    .replace(/\.\.\./g, "…")
    .replace(/ ([;!?%])/g, "\u202f$1")
    .replace(/ :/g, "\u00a0:")
    .replace(/« /g, "«\u202f")
    .replace(/ »/g, "\u202f»");
}

function english(text: string): string {
  return text.replace(/(\w)'(\w|\s|$)/g, "$1’$2").replace(/\.\.\./g, "…");
}

const plurals = { fr: new Intl.PluralRules("fr"), en: new Intl.PluralRules("en") };
const cache = new Map<string, string>();

function phrase(key: Key, n: unknown): string {
  const entry: Entry = catalogue[key];
  const words = entry[current];
  let form = "";
  let raw: string;
  if (typeof words === "string") raw = words;
  else {
    form = plurals[current].select(Number(n)) === "one" ? "one" : "other";
    raw = form === "one" ? words.one : words.other;
  }
  const id = `${current} ${form} ${key}`;
  let text = cache.get(id);
  if (text === undefined) {
    text = current === "fr" ? french(raw) : english(raw);
    cache.set(id, text);
  }
  return text;
}

/** The words of `key`. Where a phrase has a plural, `n` decides. */
export function t<K extends Key>(key: K, ...args: Args<K>): string {
  const params = args[0] as Record<string, string | number> | undefined;
  const text = phrase(key, params?.["n"]);
  if (!params) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? value.toLocaleString(locale()) : value;
  });
}

/** Whether a text is a key: for codes that come from the server. */
export const isKey = (text: string): text is Key => Object.hasOwn(catalogue, text);

/** The words of a key made from a name that the server gave, or nothing when there are none yet. */
export const wordsOf = (key: string): string | null => (isKey(key) ? (t as (key: string) => string)(key) : null);

/** The phrase with `slots` filled by nodes, for links and bold words inside a sentence. */
export function pieces(key: Key): readonly { readonly text?: string; readonly slot?: string }[] {
  return phrase(key, 0).split(/(\{\w+\})/).filter(Boolean).map((part) => (part.startsWith("{") ? { slot: part.slice(1, -1) } : { text: part }));
}
