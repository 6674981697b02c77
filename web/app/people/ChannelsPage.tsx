/** Channels: found by anybody, joined with one act. */
import { useEffect } from "react";
import type { Channel } from "@sdk";

import { Button } from "../../ui/Button";
import { FieldError } from "../../ui/Field";
import { Hash, Plus } from "../../ui/icons";
import { say } from "../../ui/Toasts";
import { Empty, Waiting } from "../../ui/Waiting";
import { may, useClient, useLoaded, useMe, useReadable } from "../client";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { ClassWord } from "../protection";
import { navigate } from "../router";
import "../styles/people.css";

/** Title and topic from the `details` content that the server passes on as it is stored. */
export function channelDetails(encoded: string | null | undefined): { title: string; topic: string } {
  const none = { title: t("conv.untitled"), topic: "" };
  if (!encoded) return none;
  try {
    const bytes = Uint8Array.from(atob(encoded.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    const content: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof content !== "object" || content === null) return none;
    const { title, topic } = content as { title?: unknown; topic?: unknown };
    return { title: typeof title === "string" && title ? title : none.title, topic: typeof topic === "string" ? topic : "" };
  } catch {
    return none;
  }
}

export function ChannelsPage({ make }: { make: () => void }) {
  const client = useClient();
  const me = useMe();
  const mine = useReadable(client.conversations);
  const { answer, again } = useLoaded(() => client.command("channels.list", {}), `channels-${mine.filter((view) => view.kind === "channel").length}`);
  useEffect(() => { document.title = `${t("channels.title")} · Rempart`; }, []);
  const join = async (channel: Channel) => {
    try {
      if (!channel.joined) await client.joinChannel(channel.conversation);
      navigate(`/c/${channel.conversation}`);
    } catch (cause) {
      say(problemWords(cause), { seconds: 8 });
    }
  };
  const makes = may(me, "channel.create") && <Button kind="go" onClick={make}><Plus size="s" />{t("channels.make")}</Button>;
  return (
    <main className="page" id="main" data-region="page" tabIndex={-1}>
      <div className="ph"><div><h1>{t("channels.title")}</h1><p>{t("channels.words")}</p></div>{makes}</div>
      {answer.state === "waiting" && <Waiting words={t("wait.page")} />}
      {answer.state === "failed" && <div className="tw"><FieldError>{problemWords(answer.cause)}</FieldError><Button onClick={again}>{t("act.retry")}</Button></div>}
      {answer.state === "here" && answer.value.channels.length === 0 && <Empty page title={t("channels.none")}>{t("channels.noneWords")}</Empty>}
      {answer.state === "here" && answer.value.channels.length > 0 && (
        <ul className="channels">
          {answer.value.channels.map((channel) => {
            const { title, topic } = channelDetails(channel.details);
            return (
              <li key={channel.conversation}>
                <Hash />
                <div className="grow">
                  <h2>{title}</h2>
                  {topic && <p>{topic}</p>}
                  <p className={`note ${channel.protection}`}><ClassWord of={channel.protection} /> · {t("channels.members", { n: channel.members })}</p>
                </div>
                <Button kind={channel.joined ? "bare" : "plain"} aria-label={channel.joined ? t("channels.openLabel", { title }) : t("channels.joinLabel", { title })} onClick={() => void join(channel)}>{channel.joined ? t("channels.open") : t("channels.join")}</Button>
              </li>
            );
          })}
        </ul>
      )}
    </main>
  );
}
