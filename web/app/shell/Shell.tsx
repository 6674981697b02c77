/** The house, once one is in: rail, page, and what lies over them. */
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import type { Kind, Person } from "@sdk";

import { Button } from "../../ui/Button";
import { Empty, Waiting } from "../../ui/Waiting";
import { useClient, useReadable } from "../client";
import { ConversationsPage } from "../conversation/ConversationsPage";
import { NewConversation } from "../conversation/NewConversation";
import { whenAsked } from "../conversation/write";
import { t } from "../i18n";
import { KeyBands } from "../keys/Bands";
import { navigate } from "../router";
import type { Route } from "../router";
import { HelpDialog, useGlobalKeys } from "./keys";
import { OfflineBand } from "./OfflineBand";
import { Palette } from "./Palette";
import { Rail } from "./Rail";
import "../styles/shell.css";
import "../styles/conversation.css";

const PeoplePage = lazy(() => import("../people/PeoplePage").then((page) => ({ default: page.PeoplePage })));
const PersonPage = lazy(() => import("../people/PeoplePage").then((page) => ({ default: page.PersonPage })));
const ChannelsPage = lazy(() => import("../people/ChannelsPage").then((page) => ({ default: page.ChannelsPage })));
const SettingsPage = lazy(() => import("../settings/SettingsPage").then((page) => ({ default: page.SettingsPage })));
const AdminPage = lazy(() => import("../admin/AdminPage").then((page) => ({ default: page.AdminPage })));

export function Missing() {
  useEffect(() => { document.title = `${t("missing.title")} · Rempart`; }, []);
  return <main className="page" id="main"><Empty page level={1} title={t("missing.title")} acts={<Button kind="go" onClick={() => navigate("/")}>{t("missing.act")}</Button>}>{t("missing.words")}</Empty></main>;
}

function Page({ route, make, palette }: { route: Route; make: (kind?: Kind) => void; palette: () => void }) {
  switch (route.name) {
    case "home": case "conversation": return <ConversationsPage id={route.name === "conversation" ? route.id : null} details={route.name === "conversation" && route.details} make={() => make()} palette={palette} />;
    case "people": return <PeoplePage />;
    case "person": return <PersonPage key={route.id} id={route.id} />;
    case "channels": return <ChannelsPage make={() => make("channel")} />;
    case "settings": return <SettingsPage section={route.section} />;
    case "admin": return <AdminPage section={route.section} />;
    default: return <Missing />;
  }
}

export function Shell({ route }: { route: Route }) {
  const conversations = useReadable(useClient().conversations);
  const [over, setOver] = useState<"palette" | "help" | Kind | Person | null>(null);
  useEffect(() => whenAsked(setOver), []);
  const palette = useCallback(() => setOver("palette"), []);
  const help = useCallback(() => setOver("help"), []);
  const make = useCallback((kind?: Kind) => setOver(kind ?? "direct"), []);
  const close = useCallback(() => setOver(null), []);
  const current = route.name === "conversation" ? route.id : null;
  useGlobalKeys({ current, conversations, palette, help });
  return (
    <div className={route.name === "conversation" ? "shell deep" : "shell"}>
      <a className="skip" href="#main" onClick={(event) => { event.preventDefault(); const main = document.getElementById("main"); if (main) { main.tabIndex = -1; main.focus(); } }}>{t("act.skip")}</a>
      <div className="bands"><OfflineBand /><KeyBands /></div>
      <Rail route={route} />
      <Suspense fallback={<main className="page"><Waiting words={t("wait.page")} /></main>}><Page route={route} make={make} palette={palette} /></Suspense>
      {over === "palette" && <Palette close={close} make={() => make()} />}
      {over === "help" && <HelpDialog close={close} />}
      {typeof over === "object" && over !== null && <NewConversation with={over} close={close} />}
      {(over === "direct" || over === "group" || over === "channel") && <NewConversation kind={over} close={close} />}
    </div>
  );
}
