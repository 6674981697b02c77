/** The three panes: list, conversation, details. Below 1180 px details lie over the conversation; below 720 px one pane at a time. */
import { useEffect, useState, useSyncExternalStore } from "react";

import { Button } from "../../ui/Button";
import { Empty, Waiting } from "../../ui/Waiting";
import { useConversation, useClient, useReadable } from "../client";
import { t } from "../i18n";
import { navigate } from "../router";
import { Details } from "./Details";
import { ConversationList } from "./List";
import { Talk } from "./Talk";

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
  const [patient, setPatient] = useState(true);
  useEffect(() => { const timer = setTimeout(() => setPatient(false), 4000); return () => clearTimeout(timer); }, []);
  const toggle = () => {
    setDetails(!details);
    try { if (wide()) localStorage.setItem(STORE, details ? "closed" : "open"); } catch { /* The choice then lasts as long as the page. */ }
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => { if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "i") { event.preventDefault(); toggle(); } };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
  if (!view) {
    if (patient || connection.status === "connecting") return <main className="pane talk" id="main"><Waiting words={t("wait.messages")} /></main>;
    return <main className="pane talk" id="main"><Empty page level={1} title={t("conv.goneTitle")} acts={<Button onClick={() => navigate("/")}>{t("missing.act")}</Button>}>{t("conv.goneWords")}</Empty></main>;
  }
  return (
    <>
      <Talk view={view} details={details} toggleDetails={toggle} />
      {details && <Details view={view} close={toggle} />}
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
