// What a group lacks: the devices of its members that are not in it, and those in it that should not be.

import type { AccountId } from "../public";
import type { DeviceId, KeyDirectory, Seat } from "./ports";
import type { GroupRecord } from "./record";

/** Leaves of an account that a group takes. */
const MOST_DEVICES = 5;
/** Key packages are claimed for at most so many devices at once. */
export const MOST_ADDS = 200;

export interface Plan {
  readonly add: readonly DeviceId[];
  readonly remove: readonly DeviceId[];
  /** A removal that the server proposed waits for a commit. */
  readonly renew: boolean;
  /** Other devices of one's own are among those to add. */
  readonly own: boolean;
}

export const nothingToDo = (plan: Plan): boolean => plan.add.length === 0 && plan.remove.length === 0 && !plan.renew;

/** What this device may do about it (group-policy decides the same on the server and on every device). */
export function planFor(record: GroupRecord, leaves: readonly Seat[], keys: KeyDirectory, me: AccountId): Plan {
  const members = new Map(record.members);
  const role = members.get(me);
  const moderating = (one: string | undefined): boolean => one === "owner" || one === "moderator";
  // Between two people nobody moderates: each adds the other.
  const moderates = moderating(role) || !record.members.some(([, one]) => moderating(one));
  const present = new Set(leaves.map((seat) => seat.device));
  const counts = new Map<AccountId, number>();
  for (const seat of leaves) counts.set(seat.account, (counts.get(seat.account) ?? 0) + 1);

  const add: DeviceId[] = [];
  for (const account of members.keys()) {
    let count = counts.get(account) ?? 0;
    if (count === 0 && !moderates) continue;
    for (const device of keys.devices(account)) {
      if (present.has(device) || count >= MOST_DEVICES) continue;
      add.push(device);
      count += 1;
    }
  }
  const remove = leaves.flatMap(({ device, account }) => {
    if (!members.has(account)) return [device];
    const revoked = keys.owner(device) === account && !keys.devices(account).includes(device);
    return revoked && (account === me || role === "owner") ? [device] : [];
  });
  const own = add.some((device) => keys.owner(device) === me);
  return { add: add.slice(0, MOST_ADDS), remove, renew: record.removals, own };
}
