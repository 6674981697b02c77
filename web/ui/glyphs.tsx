/** Our own drawings: the fort mark, the three class glyphs, the presence shapes, the document. Lucide has everything else. */
const FORT = "M2.5 2.5 8 4.4 9 7h6l1-2.6 5.5-1.9-1.9 5.5L17 9v6l2.6 1 1.9 5.5-5.5-1.9L15 17H9l-1 2.6-5.5 1.9L4.4 16 7 15V9L4.4 8Z";
const FORT_OPEN = "M17 9 19.6 8 21.5 2.5 16 4.4 15 7H9L8 4.4 2.5 2.5 4.4 8 7 9v6l-2.6 1-1.9 5.5L8 19.6 9 17h6l1 2.6 5.5 1.9L19.6 16 17 15";

export type Protection = "sealed" | "recorded" | "open";

/** The star fort with its gate: the logo. */
export function Mark() {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <path d={FORT} fill="currentColor" />
      <path d="M10 14.5v-3a2 2 0 0 1 4 0v3Z" fill="var(--wall)" />
    </svg>
  );
}

/** Filled, ruled, or open with a bridge. Always beside its word. */
export function ClassGlyph({ of, large = false }: { of: Protection; large?: boolean }) {
  return (
    <svg className={large ? "glyph l" : "glyph"} viewBox="0 0 24 24" aria-hidden="true" strokeLinejoin="round" strokeLinecap="round">
      {of === "sealed" && <path d={FORT} fill="currentColor" stroke="currentColor" strokeWidth="1.2" />}
      {of === "recorded" && (
        <>
          <path d={FORT} fill="none" stroke="currentColor" strokeWidth="1.7" />
          <path d="M9.6 10h4.8M9.6 12.1h4.8M9.6 14.2h3" fill="none" stroke="currentColor" strokeWidth="1.5" />
        </>
      )}
      {of === "open" && (
        <>
          <path d={FORT_OPEN} fill="none" stroke="currentColor" strokeWidth="1.7" />
          <path d="M11 12h2.5M16 12h2.5M21 12h2" fill="none" stroke="currentColor" strokeWidth="2" />
        </>
      )}
    </svg>
  );
}

/** Dashed fort of an empty page. */
export function EmptyFort() {
  return (
    <svg className="fortlet" viewBox="0 0 24 24" aria-hidden="true">
      <path d={FORT} fill="none" stroke="currentColor" strokeWidth="1" strokeDasharray="1.6 1.4" strokeLinejoin="round" />
    </svg>
  );
}

export type Availability = "available" | "busy" | "away" | "dnd" | "offline";

/** Presence by shape, in ink: disc, disc with bar, half disc, dashed ring. `dnd` has the bar in a square: it asks to be left alone. */
export function PresenceShape({ of, label }: { of: Availability; label?: string }) {
  return (
    <svg className="presence" viewBox="0 0 12 12" role={label ? "img" : undefined} aria-label={label} aria-hidden={label ? undefined : true}>
      {of === "available" && <circle cx="6" cy="6" r="5" fill="currentColor" />}
      {of === "busy" && <path fillRule="evenodd" d="M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1ZM3 5v2h6V5Z" fill="currentColor" />}
      {of === "dnd" && <path fillRule="evenodd" d="M1 1h10v10H1ZM3 5v2h6V5Z" fill="currentColor" />}
      {of === "away" && (
        <>
          <path d="M6 1a5 5 0 0 1 0 10Z" fill="currentColor" />
          <circle cx="6" cy="6" r="4.4" fill="none" stroke="currentColor" strokeWidth="1.2" />
        </>
      )}
      {of === "offline" && <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" strokeWidth="1.4" strokeDasharray="2 1.6" />}
    </svg>
  );
}

/** A sheet of paper with a folded corner: a file. */
export function DocumentShape() {
  return (
    <svg className="doc" viewBox="0 0 36 42" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.5">
      <path d="M3 1.5h21l9 9v30H3z" />
      <path d="M24 1.5v9h9" />
      <path d="M9 20h18M9 25h18M9 30h11" />
    </svg>
  );
}
