/** Who can read, in a sentence: by the title, in the list, under the composer and in the details. Always line, glyph and word. */
import type { Protection } from "@sdk";

import { ClassGlyph } from "../ui/glyphs";
import { t } from "./i18n";
import { lines } from "./keys/keys";

/** In the header. */
export function ProtectionPlate({ of, outside = 0 }: { of: Protection; outside?: number }) {
  return (
    <p className="plate">
      <ClassGlyph of={of} />
      <b>{t(`class.${of}`)}</b>
      <span>{t(`class.${of}.head`)}</span>
      {outside > 0 && <span className="ext">{t("outside.head", { n: outside })}</span>}
    </p>
  );
}

/** In a row of the list. */
export function ClassWord({ of }: { of: Protection }) {
  return <span className="cls"><ClassGlyph of={of} />{t(`class.${of}.low`)}</span>;
}

/** Under the composer, where one is about to write. */
export function UnderLine({ of, members }: { of: Protection; members: number }) {
  const words = of === "open" ? t("class.open.under") : t(`class.${of}.under`, { n: members });
  return (
    <span className={`plate ${of}`}>
      <ClassGlyph of={of} />
      <span><b className="c">{of === "recorded" ? t("class.recorded.underName") : t(`class.${of}`)}.</b> {words}</span>
    </span>
  );
}

/** In the details: who reads, the server, the archive. */
export function ProtectionSays({ of, members }: { of: Protection; members: number }) {
  return (
    <div className={`says ${of}`}>
      <p className="h"><ClassGlyph of={of} large />{t(`class.${of}`)}</p>
      <p>{t(`class.${of}.says`)}</p>
      <dl>
        <dt>{t("says.who")}</dt>
        <dd>{of === "open" ? t("says.membersAndServer", { n: members }) : t("says.members", { n: members })}</dd>
        <dt>{t("says.server")}</dt>
        <dd>{of === "open" ? t("says.serverReads") : t("says.serverCannot")}</dd>
        <dt>{t("says.archive")}</dt>
        <dd>{of === "sealed" ? t("says.noArchive") : of === "recorded" ? t("says.archiveOfficers") : t("says.archiveLater")}</dd>
        {of === "sealed" && <><dt>{t("says.newcomers")}</dt><dd>{t("says.newcomersNone")}</dd></>}
        {of !== "open" && <><dt>{t("assure.term")}</dt><dd><b>{t("assure.served")}</b></dd></>}
      </dl>
      {of !== "open" && <p className="note">{t("assure.servedWords")}</p>}
      {of !== "open" && (
        <details className="sees">
          <summary>{t("sees.summary")}</summary>
          <p><b>{t("sees.sealed")}</b></p>
          <ul>{lines(t("sees.sealedList")).map((line) => <li key={line}>{line}</li>)}</ul>
          <p><b>{t("sees.seen")}</b></p>
          <ul>{lines(t("sees.seenList")).map((line) => <li key={line}>{line}</li>)}</ul>
        </details>
      )}
    </div>
  );
}
