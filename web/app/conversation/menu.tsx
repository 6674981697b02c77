/** What one may do with a conversation for oneself: mute, pin, leave; and its title where one's role allows. */
import { useState } from "react";
import type { ReactNode } from "react";
import type { ConversationView } from "@sdk";

import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { FieldError, TextArea, TextField } from "../../ui/Field";
import { Bell, BellOff, LogOut, Pencil, Pin, PinOff } from "../../ui/icons";
import type { MenuEntry } from "../../ui/Menu";
import { say } from "../../ui/Toasts";
import { useAct, useClient } from "../client";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { navigate } from "../router";
import { titleOf } from "./title";

function Leave({ view, close }: { view: ConversationView; close: () => void }) {
  const client = useClient();
  const act = useAct();
  return (
    <Dialog title={t("details.leaveTitle", { title: titleOf(view) })} close={close} closeWords={t("act.close")} size="narrow" role="alertdialog">
      <p>{t("details.leaveWords")}</p>
      {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
      <div className="end">
        <Button kind="danger" aria-busy={act.busy} onClick={() => void act.run(async () => { await client.command("conversations.leave", { conversation: view.id }); navigate("/", { replace: true }); })}>{t("details.leaveAct")}</Button>
        <Button kind="bare" onClick={close}>{t("act.cancel")}</Button>
      </div>
    </Dialog>
  );
}

function EditTitle({ view, close }: { view: ConversationView; close: () => void }) {
  const client = useClient();
  const [title, setTitle] = useState(view.title);
  const [topic, setTopic] = useState(view.topic);
  const [tried, setTried] = useState(false);
  const act = useAct();
  return (
    <Dialog title={t("details.editTitle")} close={close} closeWords={t("act.close")}>
      <form className="form close" noValidate onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (title.trim()) void act.run(async () => { await client.setDetails(view.id, { title: title.trim(), topic: topic.trim(), avatar: view.avatar }); close(); });
      }}>
        <TextField label={t("details.title")} value={title} onText={setTitle} maxLength={100} autoFocus error={tried && !title.trim() ? t("details.titleMissing") : undefined} required />
        <TextArea label={t("details.topic")} hint={t("new.topicHint")} value={topic} onText={setTopic} maxLength={500} rows={2} />
        {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
        <div className="end"><Button kind="go" type="submit" aria-busy={act.busy}>{t("act.save")}</Button><Button kind="bare" onClick={close}>{t("act.cancel")}</Button></div>
      </form>
    </Dialog>
  );
}

export function useConversationMenu(view: ConversationView): { entries: (MenuEntry | false)[]; dialog: ReactNode; editTitle: () => void; leave: () => void; mute: () => void; pin: () => void } {
  const client = useClient();
  const [open, setOpen] = useState<"leave" | "title" | null>(null);
  const set = (change: { muted?: boolean; pinned?: boolean }) => { client.command("conversations.mute", { conversation: view.id, ...change }).catch((cause: unknown) => say(problemWords(cause))); };
  const mute = () => set({ muted: !view.muted });
  const pin = () => set({ pinned: !view.pinned });
  const owner = view.role === "owner" || view.role === "moderator";
  const dialog = open === "leave" ? <Leave view={view} close={() => setOpen(null)} /> : open === "title" ? <EditTitle view={view} close={() => setOpen(null)} /> : null;
  return {
    entries: [
      { key: "pin", words: view.pinned ? t("details.unpin") : t("details.pin"), icon: view.pinned ? <PinOff size="s" /> : <Pin size="s" />, act: pin },
      { key: "mute", words: view.muted ? t("details.unmute") : t("details.mute"), icon: view.muted ? <Bell size="s" /> : <BellOff size="s" />, act: mute },
      owner && view.kind !== "direct" && { key: "title", words: t("details.editTitle"), icon: <Pencil size="s" />, act: () => setOpen("title") },
      view.kind !== "direct" && "line",
      view.kind !== "direct" && { key: "leave", words: t("details.leave"), icon: <LogOut size="s" />, danger: true, act: () => setOpen("leave") },
    ],
    dialog,
    editTitle: () => setOpen("title"),
    leave: () => setOpen("leave"),
    mute,
    pin,
  };
}
