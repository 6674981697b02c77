/** What must be known of one's keys wherever one is: one band at a time, the gravest. None holds up the work. */
import { useState } from "react";
import type { ReactNode } from "react";

import { Button, buttonClass } from "../../ui/Button";
import { KeyRound, Smartphone, TriangleAlert } from "../../ui/icons";
import { say } from "../../ui/Toasts";
import { useClient, useLoaded } from "../client";
import { stamp } from "../format";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { Link, useRoute } from "../router";
import { deviceName, useKeys, useKeysState } from "./keys";
import { RequestDialog } from "./Requests";
import "../styles/keys.css";

function Band({ kind, icon, title, words, urgent = false, children }: { kind: string; icon: ReactNode; title: string; words?: ReactNode; urgent?: boolean; children: ReactNode }) {
  return (
    <div className={`band ${kind}`} role={urgent ? "alert" : "status"}>
      {icon}
      <span className="words"><b>{title}</b> {words}</span>
      <span className="grow" />
      {children}
    </div>
  );
}

const There = ({ words }: { words: string }) => <Link className={buttonClass()} to="/settings/keys">{words}</Link>;

function Unexpected({ device, since }: { device: string; since: number }) {
  const client = useClient();
  const { answer } = useLoaded(() => client.command("me.sessions.list", {}), device);
  const name = deviceName(device, answer.state === "here" ? answer.value.sessions : []);
  return <Band urgent kind="danger" icon={<TriangleAlert />} title={t("band.unexpected")} words={t("band.unexpectedWords", { name, time: stamp(new Date(since)) })}><There words={t("band.see")} /></Band>;
}

export function KeyBands() {
  const keys = useKeys();
  const state = useKeysState();
  const route = useRoute();
  const [asked, setAsked] = useState<string | null>(null);
  // The page of keys says the same, with the means to act.
  const here = route.name === "settings" && route.section === "keys";
  const unexpected = state.devices.find((one) => one.unexpected);
  const request = state.requests[0];
  const open = state.requests.find(({ device }) => device === asked);
  const band = () => {
    if (state.status === "alarm") return <Band urgent kind="alarm" icon={<TriangleAlert />} title={t("band.alarm")} words={t("band.alarmWords")}>{!here && <There words={t("alarm.todo")} />}</Band>;
    if (here) return null;
    if (state.status === "revoked") return <Band kind="danger" icon={<TriangleAlert />} title={t("band.revoked")}><There words={t("band.see")} /></Band>;
    if (unexpected) return <Unexpected device={unexpected.device} since={unexpected.since} />;
    if (state.status === "needs_keyring") return <Band kind="waiver" icon={<KeyRound />} title={t("enter.band")} words={<span className="only-wide">{t("enter.bandWords")}</span>}><There words={t("enter.bandAct")} /></Band>;
    if (state.status !== "ready") return null;
    if (request) return <Band kind="waiver" icon={<Smartphone />} title={t("link.band", { name: request.name })}><Button onClick={() => setAsked(request.device)}>{t("link.bandAct")}</Button></Band>;
    if (state.recoveryCode === null || state.recoveryPostponed) return null;
    const later = () => keys.recoveryLater().then(() => say(t("recovery.laterSaid"), { seconds: 8 }), (cause: unknown) => say(problemWords(cause)));
    return (
      <Band kind="waiver" icon={<KeyRound />} title={t("recovery.band")} words={<span className="only-wide">{t("recovery.bandWords")}</span>}>
        <There words={t("recovery.bandAct")} />
        <Button kind="bare" onClick={() => void later()}>{t("recovery.later")}</Button>
      </Band>
    );
  };
  return (
    <>
      {band()}
      {open && <RequestDialog keys={keys} request={open} close={() => setAsked(null)} />}
    </>
  );
}
