/** One's own face at the bottom of the rail: presence in words, and the way out. */
import { useState } from "react";
import type { Availability } from "@sdk";

import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Face } from "../../ui/Face";
import { FieldError, SelectField, TextField } from "../../ui/Field";
import { PresenceShape } from "../../ui/glyphs";
import { LogOut, Pencil, RotateCw, Settings } from "../../ui/icons";
import { Menu } from "../../ui/Menu";
import { say } from "../../ui/Toasts";
import { useAct, useClient, useMe, useReadable } from "../client";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { useKeysState } from "../keys/keys";
import { presenceWords, usePresence } from "../people/Presence";
import { Link, navigate } from "../router";

const CHOICES = ["available", "busy", "away", "dnd"] as const satisfies readonly Availability[];
const ENDS = ["none", "30", "60", "240", "day"] as const;
type End = (typeof ENDS)[number];

function endOf(end: End): string | null {
  if (end === "none") return null;
  const until = new Date();
  if (end === "day") until.setHours(23, 59, 0, 0);
  else until.setMinutes(until.getMinutes() + Number(end));
  return until.toISOString();
}

function PresenceDialog({ close }: { close: () => void }) {
  const client = useClient();
  const present = usePresence(useMe().person.account);
  const [choice, setChoice] = useState<(typeof CHOICES)[number]>(() => CHOICES.find((one) => one === present?.availability) ?? "busy");
  const [text, setText] = useState(present?.text ?? "");
  const [end, setEnd] = useState<End>("60");
  const act = useAct();
  return (
    <Dialog title={t("presence.title")} close={close} closeWords={t("act.close")} size="narrow">
      <form className="form close" onSubmit={(event) => { event.preventDefault(); void act.run(async () => { await client.setPresence({ availability: choice, text: text.trim(), until: endOf(end) }); close(); }); }}>
        <SelectField label={t("presence.title")} hideLabel options={CHOICES.map((one) => [one, t(`presence.${one}`)] as const)} value={choice} onPick={setChoice} />
        <TextField label={t("presence.text")} hint={t("presence.textHint")} value={text} onText={setText} maxLength={120} autoComplete="off" />
        <SelectField label={t("presence.until")} options={ENDS.map((one) => [one, t(`presence.until.${one}`)] as const)} value={end} onPick={setEnd} />
        {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
        <div className="end"><Button kind="go" type="submit" aria-busy={act.busy}>{t("act.save")}</Button><Button kind="bare" onClick={close}>{t("act.cancel")}</Button></div>
      </form>
    </Dialog>
  );
}

export function SignOutDialog({ close }: { close: () => void }) {
  const client = useClient();
  const outbox = useReadable(client.outbox);
  const act = useAct();
  const keys = useKeysState();
  const waiting = outbox.filter((item) => item.content.type === "message").length;
  // Signing out ends this device's keys. Without the code and without another device nobody could bring them back.
  const last = keys.status === "ready" && keys.devices.length <= 1;
  const unnoted = last && keys.recoveryCode !== null;
  return (
    <Dialog title={t("me.signOutTitle")} close={close} closeWords={t("act.close")} size="narrow" role="alertdialog">
      <p>{t("me.signOutWords")}</p>
      {last && <p>{t("me.signOutSealed")}</p>}
      {unnoted && <p className="bad">{t("me.signOutCode")} <Link to="/settings/keys" onClick={close}>{t("recovery.bandAct")}</Link></p>}
      {waiting > 0 && <p className="bad">{t("me.signOutQueue", { n: waiting })}</p>}
      {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
      <div className="end"><Button kind={unnoted ? "danger" : "go"} aria-busy={act.busy} onClick={() => void act.run(async () => { await client.signOut(); navigate("/signin", { replace: true }); })}>{t(unnoted ? "me.signOutAnyway" : "gate.signOut")}</Button><Button kind="bare" onClick={close}>{t("act.cancel")}</Button></div>
    </Dialog>
  );
}

export function MeMenu() {
  const client = useClient();
  const me = useMe();
  const presence = usePresence(me.person.account);
  const [open, setOpen] = useState<"presence" | "out" | null>(null);
  const availability = presence?.availability ?? "offline";
  const set = (choice: Availability | null) => { client.setPresence({ availability: choice, text: "", until: null }).catch((cause: unknown) => say(problemWords(cause))); };
  return (
    <div className="me">
      <Menu className="me-button" placement="top start" entries={[
        ...CHOICES.map((one) => ({ key: one, words: t(`presence.${one}`), icon: <PresenceShape of={one} />, ticked: availability === one, act: () => set(one) })),
        { key: "auto", words: t("presence.auto"), note: t("presence.autoWords"), icon: <RotateCw size="s" />, act: () => set(null) },
        { key: "words", words: t("presence.words"), icon: <Pencil size="s" />, act: () => setOpen("presence") },
        "line",
        { key: "settings", words: t("rail.settings"), icon: <Settings size="s" />, act: () => navigate("/settings") },
        { key: "out", words: t("me.signOut"), icon: <LogOut size="s" />, act: () => setOpen("out") },
      ]}>
        <Face id={me.person.account} name={me.person.display_name} />
        <span><PresenceShape of={availability} />{t(`presence.short.${availability}`)}</span>
        <span className="sr">{t("me.menu", { name: me.person.display_name, presence: presence ? presenceWords(presence) : t("presence.offline") })}</span>
      </Menu>
      {open === "presence" && <PresenceDialog close={() => setOpen(null)} />}
      {open === "out" && <SignOutDialog close={() => setOpen(null)} />}
    </div>
  );
}
