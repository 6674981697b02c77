/** The recovery code: shown once asked for, copied or printed, and forgotten here once it is noted. */
import { useState } from "react";

import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { FieldError } from "../../ui/Field";
import { Copy, Printer, ShieldCheck } from "../../ui/icons";
import { say } from "../../ui/Toasts";
import { useAct, useMe } from "../client";
import { copy } from "../entrance/Factor";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import type { Keys } from "./keys";

function Renew({ keys, close }: { keys: Keys; close: () => void }) {
  const act = useAct();
  return (
    <Dialog title={t("recovery.renewTitle")} close={close} closeWords={t("act.close")} size="narrow" role="alertdialog">
      <p>{t("recovery.renewWords")}</p>
      {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
      <div className="end">
        <Button kind="danger" aria-busy={act.busy} onClick={() => void act.run(async () => { await keys.renewRecovery(); close(); })}>{t("recovery.renew")}</Button>
        <Button kind="bare" onClick={close}>{t("act.cancel")}</Button>
      </div>
    </Dialog>
  );
}

export function Recovery({ keys, code, postponed }: { keys: Keys; code: string | null; postponed: boolean }) {
  const me = useMe();
  const [shown, setShown] = useState(false);
  const [renewing, setRenewing] = useState(false);
  const act = useAct();
  const groups = code?.split(/[-\s]/).filter(Boolean) ?? [];
  return (
    <section className="sheet recovery" aria-labelledby="recovery-title">
      <h2 id="recovery-title">{t("recovery.title")}</h2>
      <p className="measure">{t("recovery.lead")}</p>
      {code === null ? (
        <>
          <p className="fact"><ShieldCheck />{t("recovery.kept")}</p>
          <p className="small muted">{t("recovery.keptWords")}</p>
          <div className="end"><Button onClick={() => setRenewing(true)}>{t("recovery.renew")}</Button></div>
        </>
      ) : (
        <div className="form close">
          {shown ? (
            <section className="codes" aria-label={t("recovery.of", { address: me.person.address })}>
              <p className="print-only">Rempart · {t("recovery.of", { address: me.person.address })}</p>
              <p className="groups mono">{groups.map((group, i) => <span key={i}>{group}</span>)}</p>
            </section>
          ) : <div className="end"><Button kind="go" onClick={() => setShown(true)}>{t("recovery.show")}</Button></div>}
          {shown && (
            <div className="end">
              <Button onClick={() => window.print()}><Printer size="s" />{t("act.print")}</Button>
              <Button onClick={() => void copy(code)}><Copy size="s" />{t("act.copy")}</Button>
            </div>
          )}
          {shown && <p className="small muted">{t("recovery.notedWords")}</p>}
          {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
          <div className="end">
            {shown && <Button kind="go" aria-busy={act.busy} onClick={() => void act.run(async () => { await keys.recoveryNoted(); setShown(false); say(t("recovery.notedSaid")); })}>{t("recovery.noted")}</Button>}
            {!postponed && <Button kind="bare" onClick={() => void act.run(async () => { await keys.recoveryLater(); setShown(false); say(t("recovery.laterSaid"), { seconds: 8 }); })}>{t("recovery.later")}</Button>}
          </div>
        </div>
      )}
      {renewing && <Renew keys={keys} close={() => { setRenewing(false); setShown(true); }} />}
    </section>
  );
}
