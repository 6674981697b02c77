/** The list of conversations: tabs, a filter, pinned first. */
import { useMemo, useRef, useState } from "react";
import type { ConversationView } from "@sdk";

import { IconButton } from "../../ui/Button";
import { Face } from "../../ui/Face";
import { BellOff, Hash, Search, SquarePen, Users } from "../../ui/icons";
import { Empty } from "../../ui/Waiting";
import { useClient, useMe, usePerson, useReadable } from "../client";
import { listTime } from "../format";
import { t } from "../i18n";
import { PresenceOf } from "../people/Presence";
import { ClassWord } from "../protection";
import { Link, navigate } from "../router";
import { matches, previewOf, titleOf } from "./title";

type Tab = "all" | "unread" | "mine";

export function ConversationFace({ view, size }: { view: ConversationView; size?: "s" }) {
  const other = usePerson(view.kind === "direct" ? view.with : null);
  const common = { id: view.with ?? view.id, name: titleOf(view, other), outside: other?.role === "guest", ...(size ? { size } : {}) };
  if (view.kind === "group") return <Face {...common}><Users /></Face>;
  if (view.kind === "channel") return <Face {...common}><Hash /></Face>;
  return <Face {...common} />;
}

function Row({ view, current }: { view: ConversationView; current: boolean }) {
  const client = useClient();
  const me = useMe();
  const other = usePerson(view.kind === "direct" ? view.with : null);
  const draft = useReadable(useMemo(() => client.draft(view.id), [client, view.id]));
  const outbox = useReadable(client.outbox);
  const pending = outbox.findLast((item) => item.conversation === view.id && item.content.type === "message");
  const title = titleOf(view, other);
  const unread = view.unread > 0;
  // The row's name is what it shows; what it only draws is said for readers.
  const said = [unread && t("rail.unread", { n: view.unread }), view.mentions > 0 && view.kind !== "direct" && t("list.mentions", { n: view.mentions }), view.muted && t("list.muted"), other?.role === "guest" && t("outside.tag")].filter(Boolean).join(", ");
  const counted = view.failed > 0 || unread;
  return (
    <Link to={`/c/${view.id}`} className={`conv ${view.protection}${unread && !view.muted ? " unread" : ""}`} aria-current={current ? "page" : undefined} data-conversation={view.id}>
      <ConversationFace view={view} />
      <span className="name">
        <span>{title}</span>
        {view.with && view.kind === "direct" && <PresenceOf account={view.with} />}
        {view.muted && <BellOff size="s" />}
      </span>
      <span className="when">{listTime(view.time)}</span>
      <span className={counted ? "last" : "last full"}>
        <ClassWord of={view.protection} />
        <span>{previewOf(view, me.person.account, client, current ? "" : draft.text, pending)}</span>
      </span>
      {view.failed > 0 ? <span className="count bad-count">{t("list.failed")}</span> : unread && (view.mentions > 0 ? <span className="count you">@ {view.mentions}</span> : <span className={view.muted ? "count quiet" : "count"}>{view.unread}</span>)}
      {said && <span className="sr"> {said}</span>}
    </Link>
  );
}

/** `alone` is the list as the page itself: one pane at a time, and no conversation chosen. */
export function ConversationList({ current, make, palette, alone }: { current: string | null; make: () => void; palette: () => void; alone: boolean }) {
  const client = useClient();
  const session = useReadable(client.session);
  const people = useReadable(client.people);
  const all = useReadable(client.conversations);
  const [tab, setTab] = useState<Tab>("all");
  const [query, setQuery] = useState("");
  const tabs = useRef<HTMLDivElement>(null);
  const unread = all.filter((view) => view.unread > 0);
  const mine = all.filter((view) => view.mentions > 0);
  const chosen = tab === "all" ? all : tab === "unread" ? unread : mine;
  const shown = query ? all.filter((view) => matches(`${titleOf(view, people.get(view.with ?? ""))} ${view.topic}`, query)) : chosen;
  const pinned = shown.filter((view) => view.pinned);
  const rest = shown.filter((view) => !view.pinned);
  const organisation = session.status === "signed_in" ? session.server?.organisation : null;
  const labels: Record<Tab, string> = { all: t("list.all"), unread: `${t("list.unread")}${unread.length ? ` ${unread.length}` : ""}`, mine: `${t("list.mine")}${mine.length ? ` ${mine.length}` : ""}` };
  const keys = Object.keys(labels) as Tab[];
  const turn = (step: number) => {
    const next = keys[(keys.indexOf(tab) + step + keys.length) % keys.length] ?? "all";
    setTab(next);
    tabs.current?.querySelector<HTMLElement>(`[data-tab="${next}"]`)?.focus();
  };
  const Pane = alone ? "main" : "aside";
  const Name = alone ? "h1" : "span";
  return (
    <Pane className="pane list" id={alone ? "main" : undefined} aria-label={t("list.label")} data-region="list" tabIndex={-1}>
      <div className="top">
        <Name className="org">{organisation ?? "Rempart"}</Name>
        <IconButton label={t("list.new")} onClick={make}><SquarePen /></IconButton>
      </div>
      <div className="find">
        <Search size="s" />
        <input className="in" aria-label={t("list.filter")} placeholder={t("list.find")} value={query} type="search" autoComplete="off" onChange={(event) => setQuery(event.target.value)} onKeyDown={(event) => {
          if (event.key === "Escape") setQuery("");
          if (event.key === "Enter" && shown[0]) { navigate(`/c/${shown[0].id}`); setQuery(""); }
          if (event.key === "ArrowDown") { event.preventDefault(); document.querySelector<HTMLElement>(".conv")?.focus(); }
        }} />
        <button type="button" className="hot" onClick={palette}><kbd>Ctrl K</kbd><span className="sr"> {t("palette.title")}</span></button>
      </div>
      <div className="tabs" role="tablist" aria-label={t("list.label")} ref={tabs}>
        {keys.map((key) => (
          <button key={key} type="button" role="tab" data-tab={key} id={`tab-${key}`} aria-controls="conversations" aria-selected={tab === key} tabIndex={tab === key ? 0 : -1} onClick={() => { setTab(key); setQuery(""); }} onKeyDown={(event) => { if (event.key === "ArrowRight") turn(1); if (event.key === "ArrowLeft") turn(-1); }}>{labels[key]}</button>
        ))}
      </div>
      <div className="scroll" id="conversations" role="tabpanel" aria-labelledby={`tab-${tab}`} onKeyDown={(event) => {
        if (event.key !== "ArrowDown" && event.key !== "ArrowUp" || event.altKey) return;
        const rows = [...event.currentTarget.querySelectorAll<HTMLElement>(".conv")];
        const at = rows.indexOf(document.activeElement as HTMLElement);
        const next = rows[at + (event.key === "ArrowDown" ? 1 : -1)];
        if (at >= 0 && next) { event.preventDefault(); next.focus(); }
      }}>
        {pinned.length > 0 && <p className="sec"><span>{t("list.pinned")}</span></p>}
        {pinned.map((view) => <Row key={view.id} view={view} current={view.id === current} />)}
        {pinned.length > 0 && rest.length > 0 && <p className="sec"><span>{t("list.rest")}</span></p>}
        {rest.map((view) => <Row key={view.id} view={view} current={view.id === current} />)}
        {all.length === 0 && <Empty title={t("list.emptyTitle")}>{t("list.emptyWords")}</Empty>}
        {all.length > 0 && shown.length === 0 && <p className="sec">{query ? t("list.noneFound") : tab === "unread" ? t("list.noneUnread") : t("list.noneMine")}</p>}
      </div>
    </Pane>
  );
}
