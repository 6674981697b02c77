/** The acts of a message: one list for the menu of a mouse, and for the sheet that a long press or the menu key opens. */
import type { ReactNode } from "react";
import type { ConversationView, MessageView } from "@sdk";

import { Dialog } from "../../ui/Dialog";
import { Copy, Eye, Hand, Pencil, Reply, SmilePlus, ThumbsUp, Trash } from "../../ui/icons";
import { copy } from "../entrance/Factor";
import { t } from "../i18n";
import { plainText } from "../text/markdown";
import type { RowActs } from "./Row";
import { nameOf } from "./title";
import { useClient, useMe } from "../client";

/** Reactions are words too. */
export const WORDS = { seen: { key: "reaction.seen", icon: <Eye size="s" /> }, agreed: { key: "reaction.agreed", icon: <ThumbsUp size="s" /> }, mine: { key: "reaction.mine", icon: <Hand size="s" /> } } as const;

/** What somebody may do with a message here. */
export function rightsOf(message: MessageView, view: ConversationView, me: string): { own: boolean; canWrite: boolean; canEdit: boolean; canRedact: boolean } {
  const own = message.account === me;
  const canWrite = view.role !== "reader";
  return { own, canWrite, canEdit: own && canWrite, canRedact: own || view.role === "owner" || view.role === "moderator" };
}

export function MessageSheet({ message, view, acts, close }: { message: MessageView; view: ConversationView; acts: RowActs; close: () => void }) {
  const client = useClient();
  const me = useMe().person.account;
  const { own, canWrite, canEdit, canRedact } = rightsOf(message, view, me);
  // The sheet gives the focus back when it goes; what the act focuses comes after.
  const after = (act: () => void) => () => { close(); requestAnimationFrame(() => requestAnimationFrame(act)); };
  const entry = (words: string, icon: ReactNode, act: () => void, danger = false) => <li><button type="button" className={danger ? "sheet-act bad" : "sheet-act"} onClick={after(act)}>{icon}{words}</button></li>;
  return (
    <Dialog title={t("msg.tools")} close={close} closeWords={t("act.close")} size="narrow">
      <p className="sheet-of"><b>{own ? t("timeline.you") : nameOf(client, message.account)}</b> — {plainText(message.text).slice(0, 120) || message.files[0]?.name}</p>
      {canWrite && <div className="sheet-reacts">{(["seen", "agreed", "mine"] as const).map((key) => <button key={key} type="button" className="react" aria-pressed={message.reactions.get(key)?.includes(me) ?? false} onClick={after(() => acts.react(message, key))}>{WORDS[key].icon}{t(WORDS[key].key)}</button>)}</div>}
      <ul className="sheet-acts">
        {canWrite && entry(t("reaction.other"), <SmilePlus />, () => acts.otherReaction(message))}
        {canWrite && entry(t("msg.reply"), <Reply />, () => acts.reply(message.seq))}
        {message.text !== "" && entry(t("msg.copy"), <Copy />, () => void copy(message.text))}
        {canEdit && entry(t("msg.edit"), <Pencil />, () => acts.edit(message.seq))}
        {own && entry(t("msg.readBy"), <Eye />, () => acts.whoRead(message))}
        {canRedact && entry(t("msg.redact"), <Trash />, () => acts.redact(message), true)}
      </ul>
    </Dialog>
  );
}
