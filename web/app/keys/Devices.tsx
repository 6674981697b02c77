/** Devices of the account that have keys: which are one's own, and taking one out. */
import { useEffect, useState } from "react";
import type { Client, OwnDevice } from "@sdk";

import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { FieldError } from "../../ui/Field";
import { Monitor, ShieldCheck, TriangleAlert } from "../../ui/icons";
import { say } from "../../ui/Toasts";
import { useAct, useClient, useLoaded } from "../client";
import { stamp } from "../format";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { deviceName } from "./keys";
import type { Keys } from "./keys";

const AGAIN_MS = 5_000;
const AT_ONCE = 4;

/** How many sealed conversations have a removal of this device still to come. */
async function stillIn(client: Client, device: string): Promise<number> {
  const sealed = client.conversations.getSnapshot().filter((view) => view.protection !== "open");
  let count = 0;
  for (let at = 0; at < sealed.length; at += AT_ONCE) {
    const groups = await Promise.all(sealed.slice(at, at + AT_ONCE).map(({ id }) => client.command("groups.get", { conversation: id })));
    count += groups.filter(({ leaves }) => leaves.some((leaf) => leaf.device === device)).length;
  }
  return count;
}

function Lost({ keys, device, name, close, gone }: { keys: Keys; device: string; name: string; close: () => void; gone: () => void }) {
  const act = useAct();
  return (
    <Dialog title={t("devices.lostTitle", { name })} close={close} closeWords={t("act.close")} role="alertdialog">
      <p>{t("devices.lostWords")}</p>
      <div className="effects">
        <section><h3 className="legend">{t("devices.effectNow")}</h3><ul><li>{t("devices.effectNow1")}</li><li>{t("devices.effectNow2")}</li><li>{t("devices.effectNow3")}</li></ul></section>
        <section><h3 className="legend">{t("devices.effectNext")}</h3><ul><li>{t("devices.effectNext1")}</li></ul></section>
        <section><h3 className="legend">{t("devices.effectNot")}</h3><ul><li>{t("devices.effectNot1")}</li></ul></section>
      </div>
      {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
      <div className="end">
        <Button kind="danger" aria-busy={act.busy} onClick={() => void act.run(async () => { await keys.revokeDevice(device); gone(); })}>{t("devices.lostAct")}</Button>
        <Button kind="bare" onClick={close}>{t("act.cancel")}</Button>
      </div>
    </Dialog>
  );
}

/** The two states of a removal: cut off by the server at once, out of the keys with the next message of each conversation. */
function Gone({ device, name }: { device: string; name: string }) {
  const client = useClient();
  const [waiting, setWaiting] = useState<number | null>(null);
  useEffect(() => {
    if (waiting === 0) return;
    let current = true;
    const look = () => stillIn(client, device).then((count) => { if (current) setWaiting(count); }, () => undefined);
    const timer = setTimeout(() => void look(), waiting === null ? 0 : AGAIN_MS);
    return () => { current = false; clearTimeout(timer); };
  });
  return (
    <li className="gone-device">
      <ShieldCheck />
      <div role="status">
        <b>{t("devices.gone", { name })}</b>
        <p className="small">{t("devices.goneCut")}</p>
        <p className="small">{waiting === null ? t("devices.goneChecking") : waiting === 0 ? t("devices.goneDone") : t("devices.goneWaiting", { n: waiting })}</p>
      </div>
    </li>
  );
}

function Row({ keys, one, name, lose }: { keys: Keys; one: OwnDevice; name: string; lose: () => void }) {
  const act = useAct();
  const since = t("devices.since", { time: stamp(new Date(one.since)) });
  return (
    <li className={one.unexpected ? "device unexpected" : "device"}>
      {one.unexpected ? <TriangleAlert /> : <Monitor />}
      <div className="grow">
        {one.unexpected && <p className="alert-word">{t("devices.unexpected")}</p>}
        <b>{name}</b>
        <p className="note">{one.current ? `${t("devices.here")}, ${since}` : since}</p>
        {one.unexpected && <p className="small">{t("devices.unexpectedWords")}</p>}
        {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
      </div>
      <div className="end">
        {one.unexpected && <Button aria-busy={act.busy} onClick={() => void act.run(async () => { await keys.acceptDevice(one.device); say(t("devices.mineSaid")); })}>{t("devices.mine")}</Button>}
        {!one.current && <Button kind={one.unexpected ? "danger" : "bare"} aria-label={t("devices.lostLabel", { name })} onClick={lose}>{t("devices.lost")}</Button>}
      </div>
    </li>
  );
}

export function Devices({ keys, devices }: { keys: Keys; devices: readonly OwnDevice[] }) {
  const client = useClient();
  const { answer } = useLoaded(() => client.command("me.sessions.list", {}), devices.map(({ device }) => device).join());
  const [losing, setLosing] = useState<OwnDevice | null>(null);
  const [lost, setLost] = useState<readonly { device: string; name: string }[]>([]);
  const sessions = answer.state === "here" ? answer.value.sessions : [];
  const name = (device: string) => deviceName(device, sessions);
  // What one must answer comes first, then this device, then the newest.
  const sorted = [...devices].sort((a, b) => Number(b.unexpected) - Number(a.unexpected) || Number(b.current) - Number(a.current) || b.since - a.since);
  return (
    <section className="sheet" aria-labelledby="devices-title">
      <h2 id="devices-title">{t("devices.title")}</h2>
      <p className="small muted">{t("devices.lead")}</p>
      {devices.length === 0 && lost.length === 0 ? <p className="note">{t("devices.none")}</p> : (
        <ul className="devices">
          {sorted.map((one) => <Row key={one.device} keys={keys} one={one} name={name(one.device)} lose={() => setLosing(one)} />)}
          {lost.map((one) => <Gone key={one.device} {...one} />)}
        </ul>
      )}
      {losing && <Lost keys={keys} device={losing.device} name={name(losing.device)} close={() => setLosing(null)} gone={() => { setLost([...lost, { device: losing.device, name: name(losing.device) }]); setLosing(null); }} />}
    </section>
  );
}
