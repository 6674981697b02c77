// Who is a member of a conversation at a point of its journal.

import { fromBase64Url } from "../bytes";
import { readContent } from "../fold/content";
import type { AccountId } from "../public";
import type { Entry, MemberRole } from "../wire";
import type { Beliefs } from "./ports";

type Roles = readonly (readonly [AccountId, MemberRole])[];

/** The members after a membership entry. */
export function afterMembership(members: Roles, entry: Entry): Roles {
  if (entry.content == null) return members;
  const content = readContent(fromBase64Url(entry.content));
  if (content.type !== "membership") return members;
  const next = new Map(members);
  for (const account of content.removed) next.delete(account);
  for (const { account, role } of content.added) next.set(account, role);
  for (const { account, role } of content.roles) if (next.has(account)) next.set(account, role);
  return [...next];
}

/** The members before entries that came since, worked out backwards from those of now. Who is gone since counts as an ordinary member. */
export function beforeEntries(now: Roles, entries: readonly Entry[]): Roles {
  const members = new Map(now);
  for (const entry of [...entries].reverse()) {
    if (entry.kind !== "membership" || entry.content == null) continue;
    const content = readContent(fromBase64Url(entry.content));
    if (content.type !== "membership") continue;
    for (const { account } of content.added) members.delete(account);
    for (const account of content.removed) members.set(account, "member");
  }
  return [...members];
}

export function entitled(members: Roles): Beliefs["entitled"] {
  return members.map(([account, rank]) => ({ account, rank }));
}
