/** Presence of somebody. None is drawn while we are offline ourselves: we would not know. */
import type { Presence } from "@sdk";

import { PresenceShape } from "../../ui/glyphs";
import { useClient, usePerson, useReadable } from "../client";
import { clock } from "../format";
import { t } from "../i18n";

export function presenceWords(presence: Presence): string {
  const words = presence.text ? `${t(`presence.${presence.availability}`)} · ${presence.text}` : t(`presence.${presence.availability}`);
  return presence.until ? t("presence.untilTime", { words, time: clock(presence.until) }) : words;
}

export function usePresence(account: string | null | undefined): Presence | null {
  const client = useClient();
  const connection = useReadable(client.connection);
  const person = usePerson(account);
  if (!account || connection.status === "offline") return null;
  return client.presence(account) ?? person?.presence ?? null;
}

export function PresenceOf({ account, words = false }: { account: string; words?: boolean }) {
  const presence = usePresence(account);
  if (!presence) return null;
  if (words) return <span className="presence-words"><PresenceShape of={presence.availability} />{presenceWords(presence)}</span>;
  return <PresenceShape of={presence.availability} label={presenceWords(presence)} />;
}
