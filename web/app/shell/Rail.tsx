/** The wall at the left, or the bar at the bottom of a phone. */
import { Mark } from "../../ui/glyphs";
import { Hash, MessageSquare, Settings, SlidersHorizontal, Users } from "../../ui/icons";
import { may, useClient, useMe, useReadable } from "../client";
import { t } from "../i18n";
import { Link } from "../router";
import type { Route } from "../router";
import { MeMenu } from "./Me";
import { ADMIN } from "./pages";

export function Rail({ route }: { route: Route }) {
  const me = useMe();
  const totals = useReadable(useClient().totals);
  const admin = ADMIN.find(({ right }) => may(me, right));
  const here = (...names: Route["name"][]) => (names.includes(route.name) ? "page" as const : undefined);
  return (
    <nav className="rail wall" aria-label={t("rail.label")} data-region="rail" tabIndex={-1}>
      <Link className="mark" to="/" aria-label={t("rail.home")}><Mark /></Link>
      <Link to="/" aria-current={here("home", "conversation")}>
        <MessageSquare size="l" />{t("rail.messages")}
        {totals.unread > 0 && <span className="n">{totals.unread > 99 ? "99+" : totals.unread}<span className="sr"> {t("rail.unread", { n: totals.unread })}</span></span>}
      </Link>
      {may(me, "channel.join") && <Link to="/channels" aria-current={here("channels")}><Hash size="l" />{t("rail.channels")}</Link>}
      {may(me, "people.see") && <Link to="/people" aria-current={here("people", "person")}><Users size="l" />{t("rail.people")}</Link>}
      <span className="gap" />
      <Link to="/settings" className="only-wide" aria-current={here("settings")}><Settings size="l" />{t("rail.settings")}</Link>
      {admin && <Link to={`/admin/${admin.section}`} aria-current={here("admin")}><SlidersHorizontal size="l" />{t("rail.admin")}</Link>}
      <MeMenu />
    </nav>
  );
}
