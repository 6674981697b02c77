/** A device without the account's keys: another device hands them over, or the recovery code opens them. */
import { useEffect, useRef, useState } from "react";
import type { KeysState } from "@sdk";

import { Button } from "../../ui/Button";
import { FieldError, TextField } from "../../ui/Field";
import { Hourglass, KeyRound, Smartphone } from "../../ui/icons";
import { say } from "../../ui/Toasts";
import { useAct } from "../client";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { codeFault } from "./keys";
import type { Keys } from "./keys";

/** A code to compare with another screen: large, in signs that cannot be confused, and read out one by one. */
export function ShortCode({ code }: { code: string }) {
  return <p className="short-code mono"><span className="sr">{t("link.code")} : {[...code.replaceAll("-", "")].join(" ")}</span><span aria-hidden="true">{code}</span></p>;
}

function ByDevice({ keys, link }: { keys: Keys; link: KeysState["link"] }) {
  const act = useAct();
  const ask = () => void act.run(() => keys.askLink());
  return (
    <section className="route" aria-labelledby="by-device">
      <h3 id="by-device"><Smartphone />{t("enter.device")}</h3>
      <p className="small">{t("enter.deviceWords")}</p>
      <div role="status">
        {link === "unsupported" && <p className="fact bad">{t("enter.unsupported")}</p>}
        {link !== null && link !== "unsupported" && link.state === "waiting" && (
          <>
            <ShortCode code={link.code} />
            <p className="small">{t("enter.waiting")}</p>
            <p className="fact"><Hourglass />{t("enter.waitingNow")}</p>
          </>
        )}
        {link !== null && link !== "unsupported" && link.state === "refused" && <p className="fact bad">{t("enter.refused")}</p>}
      </div>
      {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
      {link !== "unsupported" && (
        <div className="end"><Button kind={link === null ? "go" : "plain"} aria-busy={act.busy} onClick={ask}>{link === null ? t("enter.ask") : t("enter.askAgain")}</Button></div>
      )}
    </section>
  );
}

function ByCode({ keys }: { keys: Keys }) {
  const [code, setCode] = useState("");
  const [tried, setTried] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const act = useAct();
  const fault = codeFault(code);
  const submit = async () => {
    setTried(true);
    if (fault !== null || code.trim() === "") { field.current?.focus(); return; }
    if (await act.run(() => keys.recover(code))) say(t("enter.done"));
    else field.current?.focus();
  };
  const error = act.cause ? problemWords(act.cause) : tried ? fault ?? (code.trim() === "" ? t("problem.recovery_code_malformed") : undefined) : undefined;
  return (
    <section className="route" aria-labelledby="by-code">
      <h3 id="by-code"><KeyRound />{t("enter.code")}</h3>
      <p className="small">{t("enter.codeWords")}</p>
      <form className="form close" noValidate onSubmit={(event) => { event.preventDefault(); void submit(); }}>
        <TextField ref={field} label={t("enter.codeLabel")} hint={t("enter.codeHint")} value={code} onText={(text) => { setCode(text); setTried(false); act.clear(); }} className="mono" autoComplete="off" autoCapitalize="characters" spellCheck={false} maxLength={80} error={error} />
        <div className="end"><Button type="submit" aria-busy={act.busy}>{t("enter.codeAct")}</Button></div>
      </form>
    </section>
  );
}

export function Enter({ keys, link }: { keys: Keys; link: KeysState["link"] }) {
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => { title.current?.focus(); }, []);
  return (
    <div className="sheet enter">
      <h2 ref={title} tabIndex={-1}>{t("enter.title")}</h2>
      <p className="measure">{t("enter.lead")}</p>
      <div className="routes">
        <ByDevice keys={keys} link={link} />
        <ByCode keys={keys} />
      </div>
      <p className="small muted measure">{t("enter.neither")}</p>
    </div>
  );
}
