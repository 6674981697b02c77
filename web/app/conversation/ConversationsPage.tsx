/** The three panes: list, conversation, details. Below 1180 px details lie over the conversation; below 720 px one pane at a time. */
import { useEffect, useRef, useState, useSyncExternalStore } from "react";

import { Button } from "../../ui/Button";
import { Empty, Waiting } from "../../ui/Waiting";
import { useConversation, useClient, useReadable } from "../client";
import { t } from "../i18n";
import { navigate } from "../router";
import { Details } from "./Details";
import { ConversationList } from "./List";
import { Search } from "./Search";
import { Talk } from "./Talk";
import type { TimelineHandle } from "./Timeline";

const narrow = matchMedia("(max-width: 719.98px)");
const useNarrow = () => useSyncExternalStore((listener) => { narrow.addEventListener("change", listener); return () => narrow.removeEventListener("change", listener); }, () => narrow.matches);

const STORE = "rempart.details";
const wide = () => matchMedia("(min-width: 1180px)").matches;
const keptOpen = () => { try { return localStorage.getItem(STORE) !== "closed"; } catch { return true; } };

function Chosen({ id, asked }: { id: string; asked: boolean }) {
  const view = useConversation(id);
  const client = useClient();
  const connection = useReadable(client.connection);
  const [details, setDetails] = useState(() => asked || (wide() && keptOpen()));
  const [searching, setSearching] = useState(false);
  const [query, setQuery] = useState("");
  const rows = useRef<TimelineHandle>(null);
  const [patient, setPatient] = useState(true);
  useEffect(() => { const timer = setTimeout(() => setPatient(false), 4000); return () => clearTimeout(timer); }, []);
  const toggle = () => {
    setSearching(false);
    if (searching && details) return;
    setDetails(!details);
    try { if (wide()) localStorage.setItem(STORE, details ? "closed" : "open"); } catch { /* The choice then lasts as long as the page. */ }
  };
  const look = (on: boolean) => {
    setSearching(on);
    if (on) setTimeout(() => document.querySelector<HTMLInputElement>(".look input")?.focus());
    else rows.current?.focus();
  };
  // Where the pane lies over the messages, going to one closes it.
  const go = (seq: number) => { if (!wide()) setSearching(false); rows.current?.toSeq(seq); };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || document.querySelector(".veil")) return;
      const key = event.key.toLowerCase();
      if (key === "i" && !event.shiftKey) { event.preventDefault(); toggle(); }
      // Where the field has the focus already, the browser's own search is meant.
      if (key === "f" && !(event.target as HTMLElement).closest?.(".look")) { event.preventDefault(); look(true); }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
  if (!view) {
    if (patient || connection.status === "connecting") return <main className="pane talk" id="main"><Waiting words={t("wait.messages")} /></main>;
    return <main className="pane talk" id="main"><Empty page level={1} title={t("conv.goneTitle")} acts={<Button onClick={() => navigate("/")}>{t("missing.act")}</Button>}>{t("conv.goneWords")}</Empty></main>;
  }
  return (
    <>
      <Talk view={view} details={details && !searching} toggleDetails={toggle} searching={searching} toggleSearch={() => look(!searching)} rows={rows} />
      {searching ? <Search view={view} query={query} setQuery={setQuery} close={() => look(false)} go={go} /> : details && <Details view={view} close={toggle} />}
    </>
  );
}

export function ConversationsPage({ id, details, make, palette }: { id: string | null; details: boolean; make: () => void; palette: () => void }) {
  const all = useReadable(useClient().conversations);
  const alone = useNarrow() && id === null;
  useEffect(() => { if (id === null) document.title = `${t("list.label")} · Rempart`; }, [id]);
  return (
    <div className={id === null ? "work root" : "work"}>
      <ConversationList current={id} make={make} palette={palette} alone={alone} />
      {alone ? null : id === null ? (
        <main className="pane talk nobody" id="main">
          <Empty page level={1} title={all.length === 0 ? t("list.emptyTitle") : t("conv.pickTitle")} acts={<Button kind="go" onClick={make}>{t("list.new")}</Button>}>{all.length === 0 ? t("list.emptyWords") : t("conv.pickWords")}</Empty>
        </main>
      ) : <Chosen key={id} id={id} asked={details} />}
    </div>
  );
}
