/** A conversation that this device cannot open: why, and the way out. */
import { ClassGlyph } from "../../ui/glyphs";
import { buttonClass } from "../../ui/Button";
import { t } from "../i18n";
import { Link } from "../router";
import type { Lock } from "./keys";
import "../styles/keys.css";

export function Locked({ why }: { why: Lock }) {
  return (
    <div className="locked sealed" data-region="timeline" tabIndex={-1}>
      <ClassGlyph of="sealed" large />
      <h2>{t("locked.title")}</h2>
      <p>{t(`locked.${why}`)}</p>
      <Link className={buttonClass(why === "needs_keyring" ? "go" : "plain")} to="/settings/keys">{why === "needs_keyring" ? t("locked.act") : t("locked.see")}</Link>
    </div>
  );
}
