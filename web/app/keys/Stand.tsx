/** How a sealed conversation stands on this device, said where one writes when it is not as it should be. */
import type { ConversationView } from "@sdk";

import { Hourglass, KeyRound, TriangleAlert } from "../../ui/icons";
import { t } from "../i18n";
import "../styles/keys.css";

const ICONS = { waiting: <Hourglass />, lost: <KeyRound />, alarm: <TriangleAlert />, elsewhere: <KeyRound /> } as const;

export function Stand({ view }: { view: ConversationView }) {
  const { sealed } = view;
  if (sealed === null || sealed === "ready") return null;
  return (
    <div className={sealed === "alarm" ? "guard grave" : "guard quiet"} role={sealed === "alarm" ? "alert" : "status"}>
      {ICONS[sealed]}
      <p><b>{t(`stand.${sealed}`)}</b> {t(`stand.${sealed}Words`)}</p>
    </div>
  );
}
