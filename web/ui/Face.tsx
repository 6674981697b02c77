import type { ReactNode } from "react";

/** Up to two letters: of the first two words; titles such as « Dr » do not count. */
export function initials(name: string): string {
  const words = name.normalize("NFC").split(/[\s\u202f\u00a0]+/u).filter((word) => /\p{L}|\p{N}/u.test(word) && !/^(dr|pr|m|mme|mlle|mr|mrs|ms)\.?$/iu.test(word));
  const first = words[0] ?? name;
  const second = words[1] ?? "";
  const letter = (word: string) => [...word].find((c) => /\p{L}|\p{N}/u.test(c)) ?? "";
  return (letter(first) + letter(second)).toLocaleUpperCase() || "?";
}

/** Six stones without meaning; the same key always has the same. */
export function stone(key: string): number {
  let hash = 0;
  for (const c of key) hash = (hash * 31 + (c.codePointAt(0) ?? 0)) >>> 0;
  return (hash % 6) + 1;
}

export function Face({ name, id, outside = false, size, children }: { name: string; id: string; outside?: boolean; size?: "s" | "xl"; children?: ReactNode }) {
  return (
    <span className={["face", `k${stone(id)}`, size, outside && "out"].filter(Boolean).join(" ")} aria-hidden="true">
      <span>{children ?? initials(name)}</span>
    </span>
  );
}
