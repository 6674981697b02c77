/** Profile, appearance, keyboard: the short sections. */
import { useState } from "react";

import { Button } from "../../ui/Button";
import { Face } from "../../ui/Face";
import { Check, FieldError, Segments, TextField } from "../../ui/Field";
import { say } from "../../ui/Toasts";
import { useAct, useClient, useMe, useReadable } from "../client";
import { setLanguage, t } from "../i18n";
import type { Language } from "../i18n";
import { fieldWords, problemWords } from "../i18n/problems";
import { KeyTable } from "../shell/keys";
import { prefer, usePreferences } from "../theme";

export function Profile() {
  const client = useClient();
  const me = useMe();
  const [title, setTitle] = useState(me.person.title);
  const act = useAct();
  const onTitle = fieldWords(act.cause, "title");
  return (
    <div className="sheet">
      <div className="who-am-i">
        <Face size="xl" id={me.person.account} name={me.person.display_name} />
        <div><h2>{me.person.display_name}</h2><p className="mono">{me.person.address}</p><p className="small muted">{[t(`role.${me.person.role}`), me.person.department].filter(Boolean).join(" · ")}. {t("settings.nameBy")}</p></div>
      </div>
      <form className="form close" onSubmit={(event) => { event.preventDefault(); void act.run(async () => { await client.command("me.update", { title: title.trim() }); await client.refreshMe(); say(t("said.saved")); }); }}>
        <TextField label={t("settings.titleField")} hint={t("settings.titleHint")} value={title} onText={setTitle} maxLength={100} autoComplete="organization-title" error={onTitle} />
        {Boolean(act.cause) && !onTitle && <FieldError>{problemWords(act.cause)}</FieldError>}
        <div className="end"><Button kind="go" type="submit" aria-busy={act.busy}>{t("act.save")}</Button></div>
      </form>
    </div>
  );
}

export function Appearance() {
  const client = useClient();
  const me = useMe();
  const { theme } = usePreferences();
  const act = useAct();
  const pick = (language: Language) => void act.run(async () => {
    await client.command("me.update", { language });
    await client.refreshMe();
    setLanguage(language);
  });
  return (
    <div className="sheet form">
      <Segments legend={t("settings.theme")} options={(["system", "light", "dark"] as const).map((one) => [one, t(`settings.theme.${one}`)] as const)} value={theme} onPick={(next) => prefer({ theme: next })} />
      <Segments legend={t("settings.language")} options={[["fr", "Français"], ["en", "English"]] as const} value={me.language} onPick={pick} />
      {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
    </div>
  );
}

export function KeyboardSettings() {
  const { enterSends, letterKeys } = usePreferences();
  return (
    <div className="sheet form">
      <Check label={t("settings.enterSends")} hint={t("settings.enterSendsHint")} checked={enterSends} onPick={(on) => prefer({ enterSends: on })} />
      <Check label={t("settings.letterKeys")} hint={t("settings.letterKeysHint")} checked={letterKeys} onPick={(on) => prefer({ letterKeys: on })} />
      <div><KeyTable /></div>
    </div>
  );
}

export function About() {
  const session = useReadable(useClient().session);
  const server = session.status === "signed_in" ? session.server : null;
  return (
    <div className="sheet">
      {server && <p>{t("settings.version", { version: server.version })}</p>}
      <p className="small muted">{t("settings.licence")}</p>
      <p><a href="/notices.txt" target="_blank" rel="noopener noreferrer">{t("settings.notices")}</a></p>
    </div>
  );
}
