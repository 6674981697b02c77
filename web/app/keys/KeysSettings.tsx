/** Settings, keys and devices: how this device stands, then what one can do about it. */
import type { KeysState } from "@sdk";

import { ClassGlyph } from "../../ui/glyphs";
import { TriangleAlert } from "../../ui/icons";
import { t } from "../i18n";
import { Devices } from "./Devices";
import { Enter } from "./Enter";
import { useKeys, useKeysState } from "./keys";
import { Recovery } from "./Recovery";
import { Requests } from "./Requests";
import "../styles/keys.css";

function Status({ status }: { status: Exclude<KeysState["status"], "needs_keyring"> }) {
  const bad = status === "revoked" || status === "unavailable" || status === "alarm";
  return (
    <div className={bad ? "standing bad" : "standing sealed"} role="status">
      {bad ? <TriangleAlert size="l" /> : <ClassGlyph of="sealed" large />}
      <div><p className="serif">{t(`keys.status.${status}`)}</p><p>{t(`keys.status.${status}Words`)}</p></div>
    </div>
  );
}

function Alarm({ code }: { code: string | null }) {
  return (
    <div className="alarm-todo">
      <h2>{t("alarm.todo")}</h2>
      <ol><li>{t("alarm.todo1")}</li><li>{t("alarm.todo2")}</li><li>{t("alarm.todo3")}</li></ol>
      {code && <p className="small">{t("alarm.code")} : <span className="mono">{code}</span></p>}
    </div>
  );
}

export function KeysSettings() {
  const keys = useKeys();
  const state = useKeysState();
  const { status } = state;
  // A device that nobody expected comes before all else.
  const loud = state.devices.some(({ unexpected }) => unexpected);
  const devices = <Devices keys={keys} devices={state.devices} />;
  if (status === "needs_keyring") return <Enter keys={keys} link={state.link} />;
  return (
    <div className="keys-page">
      <div className="sheet"><Status status={status} />{status === "alarm" && <Alarm code={state.alarm} />}</div>
      {status === "ready" && (
        <>
          <Requests keys={keys} requests={state.requests} />
          {loud && devices}
          <Recovery keys={keys} code={state.recoveryCode} postponed={state.recoveryPostponed} />
        </>
      )}
      {(status === "alarm" || (status === "ready" && !loud)) && devices}
    </div>
  );
}
