/** Says since when there is no line, what waits, and when it is tried again. Short gaps are not worth a word. */
import { useEffect, useState } from "react";

import { Button } from "../../ui/Button";
import { WifiOff } from "../../ui/icons";
import { useClient, useReadable } from "../client";
import { clock, waitWords } from "../format";
import { t } from "../i18n";

export function OfflineBand() {
  const client = useClient();
  const connection = useReadable(client.connection);
  const outbox = useReadable(client.outbox);
  const [since, setSince] = useState<number | null>(null);
  const [now, setNow] = useState(Date.now());
  const down = connection.status === "offline" || (connection.status === "connecting" && connection.attempt > 1);
  const began = connection.status === "offline" ? connection.since : null;
  useEffect(() => {
    if (!down) { setSince(null); return; }
    setSince((old) => old ?? began ?? Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [down, began]);
  if (since === null || now - since < 1500) return null;
  const waiting = outbox.filter((item) => item.state.status === "pending").length;
  const retryAt = connection.status === "offline" ? connection.retryAt : null;
  return (
    <div className="band offline" role="status">
      <WifiOff />
      <span><b>{t("offline.since", { time: clock(new Date(since)) })}</b> <span className="only-wide">{t("offline.may")}</span> {waiting > 0 && t("offline.queue", { n: waiting })}</span>
      <span className="grow" />
      {retryAt !== null && retryAt > now && <span className="only-wide" aria-live="off">{t("offline.retryIn", { wait: waitWords(retryAt - now) })}</span>}
      <Button onClick={() => client.retryNow()}>{t("act.retry")}</Button>
    </div>
  );
}
