import { useEffect, useState } from "react";
import type { ReactNode } from "react";

import { EmptyFort } from "./glyphs";

/** Nothing for 300 ms, then still shapes; after 2 s a sentence. */
export function Waiting({ words, rows = 4 }: { words: string; rows?: number }) {
  const [stage, setStage] = useState(0);
  useEffect(() => {
    const timers = [setTimeout(() => setStage(1), 300), setTimeout(() => setStage(2), 2000)];
    return () => timers.forEach(clearTimeout);
  }, []);
  if (stage === 0) return <div aria-busy="true" />;
  return (
    <div className="bones" aria-busy="true" role="status">
      <span className={stage === 2 ? "small muted" : "sr"}>{words}</span>
      {Array.from({ length: rows }, (_, i) => <div key={i} aria-hidden="true"><i /><i /><i /></div>)}
    </div>
  );
}

/** One serif line, one sentence, one act; the dashed fort only on whole pages. */
export function Empty({ title, children, acts, page = false, level = 2 }: { title: string; children?: ReactNode; acts?: ReactNode; page?: boolean; level?: 1 | 2 }) {
  const Heading = level === 1 ? "h1" : "h2";
  return (
    <div className={page ? "empty" : "empty line"}>
      {page && <EmptyFort />}
      <Heading className="serif">{title}</Heading>
      {children && <p>{children}</p>}
      {acts && <div className="do">{acts}</div>}
    </div>
  );
}
