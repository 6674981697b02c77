/** One's own settings: a sub-navigation and a page a section. */
import { useEffect } from "react";

import { Empty } from "../../ui/Waiting";
import { may, useMe } from "../client";
import { t } from "../i18n";
import { KeysSettings } from "../keys/KeysSettings";
import { intoView, Link } from "../router";
import { SETTINGS } from "../shell/pages";
import { About, Appearance, KeyboardSettings, Profile } from "./sections";
import { Security } from "./Security";
import { Sessions } from "./Sessions";
import { Tokens } from "./Tokens";
import "../styles/people.css";
import "../styles/settings.css";
import "../styles/entrance.css";

export function SettingsPage({ section }: { section: string }) {
  const me = useMe();
  const pages = SETTINGS.filter(({ right }) => right === null || may(me, right));
  const page = pages.find((one) => one.section === section);
  useEffect(() => { document.title = `${page ? t(page.words) : t("settings.title")} · Rempart`; }, [page]);
  return (
    <div className="adm">
      <nav className="subnav" aria-label={t("settings.title")}>
        <h2>{t("settings.title")}</h2>
        {pages.map((one) => <Link key={one.section} to={`/settings/${one.section}`} aria-current={one.section === section ? "page" : undefined} ref={one.section === section ? intoView : undefined}>{one.icon}{t(one.words)}</Link>)}
      </nav>
      <main className="page settings" id="main" data-region="page" tabIndex={-1}>
        {page ? (
          <>
            <div className="ph"><div><h1>{t(page.words)}</h1></div></div>
            {page.section === "profile" && <Profile />}
            {page.section === "security" && <Security />}
            {page.section === "keys" && <KeysSettings />}
            {page.section === "sessions" && <Sessions />}
            {page.section === "tokens" && <Tokens />}
            {page.section === "appearance" && <Appearance />}
            {page.section === "keyboard" && <KeyboardSettings />}
            {page.section === "about" && <About />}
          </>
        ) : <Empty page level={1} title={t("missing.title")}>{t("missing.words")}</Empty>}
      </main>
    </div>
  );
}
