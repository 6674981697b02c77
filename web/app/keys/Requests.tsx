/** A new device of the account asks for its keys: the person compares a code, then gives or refuses. */
import { useState } from "react";
import type { KeysState } from "@sdk";

import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { FieldError } from "../../ui/Field";
import { Smartphone } from "../../ui/icons";
import { say } from "../../ui/Toasts";
import { useAct } from "../client";
import { clock } from "../format";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { ShortCode } from "./Enter";
import type { Keys } from "./keys";
import "../styles/keys.css";

type Request = KeysState["requests"][number];

export function RequestDialog({ keys, request, close }: { keys: Keys; request: Request; close: () => void }) {
  const act = useAct();
  const answer = (accept: boolean) => void act.run(async () => {
    await keys.answerLink(request.device, accept);
    say(accept ? t("link.given", { name: request.name }) : t("link.refused"), { seconds: 8 });
    close();
  });
  return (
    <Dialog title={t("link.title")} close={close} closeWords={t("act.close")}>
      <p>{t("link.words", { name: request.name })}</p>
      <ShortCode code={request.code} />
      <p className="note">{t("link.until", { time: clock(request.expires) })}</p>
      {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
      <div className="end">
        <Button kind="go" aria-busy={act.busy} onClick={() => answer(true)}>{t("link.accept")}</Button>
        <Button kind="danger" onClick={() => answer(false)}>{t("link.refuse")}</Button>
      </div>
      <p className="small">{t("link.refuseWords")}</p>
    </Dialog>
  );
}

export function Requests({ keys, requests }: { keys: Keys; requests: readonly Request[] }) {
  const [open, setOpen] = useState<string | null>(null);
  const request = requests.find(({ device }) => device === open);
  if (requests.length === 0) return null;
  return (
    <section className="sheet" aria-labelledby="requests-title">
      <h2 id="requests-title">{t("link.section")}</h2>
      <ul className="devices">
        {requests.map((one) => (
          <li key={one.device} className="device">
            <Smartphone />
            <div className="grow"><b>{t("link.band", { name: one.name })}</b><p className="note">{t("link.until", { time: clock(one.expires) })}</p></div>
            <div className="end"><Button kind="go" onClick={() => setOpen(one.device)}>{t("link.bandAct")}</Button></div>
          </li>
        ))}
      </ul>
      {request && <RequestDialog keys={keys} request={request} close={() => setOpen(null)} />}
    </section>
  );
}
