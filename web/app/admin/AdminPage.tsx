/** Administration: a sub-navigation, and the pages one has a right to. */
import { useEffect } from "react";

import { Empty } from "../../ui/Waiting";
import { may, useMe } from "../client";
import { t } from "../i18n";
import { intoView, Link } from "../router";
import { ADMIN } from "../shell/pages";
import { Accounts } from "./Accounts";
import { Health } from "./Health";
import { InvitationsPage } from "./Invitations";
import { AuditJournal } from "./Journal";
import "../styles/people.css";
import "../styles/admin.css";

export function AdminPage({ section }: { section: string }) {
  const me = useMe();
  const pages = ADMIN.filter(({ right }) => may(me, right));
  const page = pages.find((one) => one.section === section);
  useEffect(() => { document.title = `${page ? t(page.words) : t("admin.title")} · Rempart`; }, [page]);
  return (
    <div className="adm">
      <nav className="subnav" aria-label={t("admin.title")}>
        <h2>{t("admin.title")}</h2>
        {pages.map((one) => <Link key={one.section} to={`/admin/${one.section}`} aria-current={one.section === section ? "page" : undefined} ref={one.section === section ? intoView : undefined}>{one.icon}{t(one.words)}</Link>)}
      </nav>
      <main className="page" id="main" data-region="page" tabIndex={-1}>
        {page?.section === "people" && <Accounts />}
        {page?.section === "invitations" && <InvitationsPage />}
        {page?.section === "journal" && <AuditJournal />}
        {page?.section === "health" && <Health />}
        {!page && <Empty page level={1} title={t("missing.title")}>{t("missing.words")}</Empty>}
      </main>
    </div>
  );
}
