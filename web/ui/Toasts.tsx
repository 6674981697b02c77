/** One line at the bottom that says what was done, with an act to take it back. A tiny store: screens call `say`. */
import { useEffect, useState, useSyncExternalStore } from "react";

import { Button } from "./Button";

export type Toast = { key: string; words: string; act?: { words: (secondsLeft: number) => string; do: () => void }; until: number };

let toasts: readonly Toast[] = [];
const listeners = new Set<() => void>();
const change = (next: readonly Toast[]) => { toasts = next; listeners.forEach((listener) => listener()); };

/** Shows `words` for `seconds`; the same key replaces what stood there. */
export function say(words: string, options: { key?: string; seconds?: number; act?: Toast["act"] } = {}): void {
  const { key = words, seconds = 5, act } = options;
  const toast: Toast = { key, words, until: Date.now() + seconds * 1000, ...(act ? { act } : {}) };
  change([...toasts.filter((other) => other.key !== key), toast].slice(-3));
}

export function unsay(key: string): void {
  change(toasts.filter((toast) => toast.key !== key));
}

export function Toasts() {
  const shown = useSyncExternalStore((listener) => { listeners.add(listener); return () => listeners.delete(listener); }, () => toasts);
  const [now, setNow] = useState(Date.now());
  const some = shown.length > 0;
  useEffect(() => {
    if (!some) return;
    const timer = setInterval(() => {
      setNow(Date.now());
      if (toasts.some((toast) => toast.until <= Date.now())) change(toasts.filter((toast) => toast.until > Date.now()));
    }, 500);
    return () => clearInterval(timer);
  }, [some]);
  return (
    <div className="toasts no-print" role="status" aria-live="polite">
      {shown.map((toast) => (
        <div className="toast" key={toast.key}>
          <span>{toast.words}</span>
          {toast.act && <Button onClick={() => { toast.act?.do(); unsay(toast.key); }} size="tight"><span aria-live="off">{toast.act.words(Math.max(0, Math.ceil((toast.until - Math.max(now, Date.now())) / 1000)))}</span></Button>}
        </div>
      ))}
    </div>
  );
}
