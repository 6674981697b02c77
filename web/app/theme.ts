/** Light, dark, or as the system says; and the other choices that belong to this browser. */
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";
export type Preferences = { readonly theme: Theme; readonly enterSends: boolean; readonly letterKeys: boolean };

const STORE = "rempart.preferences";
const DEFAULTS: Preferences = { theme: "system", enterSends: true, letterKeys: true };

function read(): Preferences {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(STORE) ?? "{}");
    if (typeof kept !== "object" || kept === null) return DEFAULTS;
    const of = kept as Record<string, unknown>;
    return {
      theme: of["theme"] === "light" || of["theme"] === "dark" ? of["theme"] : "system",
      enterSends: of["enterSends"] !== false,
      letterKeys: of["letterKeys"] !== false,
    };
  } catch {
    return DEFAULTS;
  }
}

let current: Preferences | null = null;
const listeners = new Set<() => void>();

export const preferences = (): Preferences => (current ??= read());

export function applyTheme(): void {
  const { theme } = preferences();
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

export function prefer(change: Partial<Preferences>): void {
  current = { ...preferences(), ...change };
  try {
    localStorage.setItem(STORE, JSON.stringify(current));
  } catch {
    // The choice then lasts as long as the page.
  }
  applyTheme();
  listeners.forEach((listener) => listener());
}

export const usePreferences = (): Preferences =>
  useSyncExternalStore((listener) => { listeners.add(listener); return () => listeners.delete(listener); }, preferences);
