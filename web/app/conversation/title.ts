/** What a conversation is called, and what its rows say. */
import type { Client, ConversationView, OutboxItem, Person } from "@sdk";

import { t } from "../i18n";
import { plainText } from "../text/markdown";

export const titleOf = (view: ConversationView, other?: Person): string => view.title || (view.kind === "direct" ? other?.display_name : undefined) || t("conv.untitled");

export const firstName = (person: Person | undefined): string => {
  const words = (person?.display_name ?? t("timeline.someone")).split(/\s+/);
  const skip = /^(dr|pr|m|mme)\.?$/i.test(words[0] ?? "") && words.length > 1 ? 1 : 0;
  return words[skip] ?? "";
};

export const nameOf = (client: Client, account: string | null): string => (account === null ? t("timeline.server") : client.people.get(account)?.display_name ?? t("timeline.someone"));

/** The second line of a row. */
export function previewOf(view: ConversationView, me: string, client: Client, draft: string, pending: OutboxItem | undefined): string {
  if (draft.trim()) return t("list.them", { name: t("list.draft"), text: plainText(draft) });
  if (pending?.content.type === "message") return t("list.you", { text: plainText(pending.content.text) || t("list.files", { n: pending.content.files.length }) });
  if (!view.last) return view.topic || t("list.nothing");
  const text = plainText(view.last.text) || (view.protection !== "open" && view.last.files === 0 ? t("list.sealedLast") : t("list.files", { n: view.last.files }));
  if (view.last.account === me) return t("list.you", { text });
  return view.kind === "direct" || view.last.account === null ? text : t("list.them", { name: firstName(client.people.get(view.last.account)), text });
}

/** For looking up: without accents or case. */
export const folded = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Whether each word looked for begins a word of the text. */
export function matches(text: string, query: string): boolean {
  const words = folded(text).split(/[\s@.\-–—,'’()/]+/u);
  return folded(query).split(/\s+/).filter(Boolean).every((wanted) => words.some((word) => word.startsWith(wanted)) || folded(text).includes(wanted));
}

/** How well a name answers: begins so, has a word that does, or only holds it. Less is better. */
export function rank(name: string, query: string): number {
  const wanted = folded(query.trim());
  const text = folded(name);
  if (text.startsWith(wanted)) return 0;
  return text.split(/[\s\-–'’]+/).some((word) => word.startsWith(wanted)) ? 1 : 2;
}
