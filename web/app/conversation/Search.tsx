/**
 * Search in the messages of a conversation, on the device: over what it folds of the journal it keeps. Older pages are read
 * while one looks, first from the device and then from the server; nothing of what is looked for leaves the device.
 */
import { useEffect, useMemo, useRef, useState } from "react";
import type { KeyboardEvent } from "react";
import type { ConversationView, MessageView, TimelineItem } from "@sdk";
import { NetworkError } from "@sdk";

import { Button, IconButton } from "../../ui/Button";
import { Search as Magnifier, X } from "../../ui/icons";
import { useClient, useReadable } from "../client";
import { moment } from "../format";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { plainText } from "../text/markdown";
import { nameOf } from "./title";
import { excerpt, Matcher, wordsOf } from "./lookup";

/** Pages read between two looks at what was found: results come as they do, and a long history is not compared at each page. */
const PAGES_A_LOOK = 5;
const SHOWN = 50;

const textOf = (message: MessageView): string => [plainText(message.text), ...message.files.map(({ name }) => name)].filter(Boolean).join(" · ");
const messageOf = (item: TimelineItem | undefined): MessageView | null => (item?.type === "message" && !item.message.redacted && !item.message.erased && !item.message.unsupported && item.message.sealed === null ? item.message : null);
const lowest = (items: readonly TimelineItem[]): { seq: number; time: string } | null => {
  for (const item of items) {
    if (item.type === "message") return { seq: item.message.seq, time: item.message.time };
    if (item.type === "membership") return { seq: item.membership.seq, time: item.membership.time };
    if (item.type === "details") return { seq: item.seq, time: item.time };
  }
  return null;
};

export function Search({ view, query, setQuery, close, go }: { view: ConversationView; query: string; setQuery: (query: string) => void; close: () => void; go: (seq: number) => void }) {
  const client = useClient();
  const source = useMemo(() => client.timeline(view.id), [client, view.id]);
  const timeline = useReadable(source);
  const [asked, setAsked] = useState(query);
  const [shown, setShown] = useState(SHOWN);
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState<"reading" | "stopped" | "done" | { cause: unknown }>("stopped");
  const list = useRef<HTMLOListElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const matcher = useRef(new Matcher<MessageView>(textOf));
  useEffect(() => { field.current?.focus(); field.current?.select(); }, []);
  useEffect(() => { const timer = setTimeout(() => { setAsked(query); setShown(SHOWN); }, query ? 200 : 0); return () => clearTimeout(timer); }, [query]);
  const words = useMemo(() => wordsOf(asked), [asked]);
  const sought = words.length > 0;

  // Older pages, one after the other, for as long as something is looked for and nobody says stop.
  const [halted, setHalted] = useState(false);
  const [again, setAgain] = useState(0);
  useEffect(() => {
    if (!sought || halted) { setState("stopped"); return; }
    let current = true;
    void (async () => {
      setState("reading");
      try {
        for (let page = 1; current && source.getSnapshot().hasOlder; page += 1) {
          const before = lowest(source.getSnapshot().items)?.seq;
          await source.loadOlder();
          const now = source.getSnapshot();
          if (now.hasOlder && lowest(now.items)?.seq === before) break;
          if (current && page % PAGES_A_LOOK === 0) setTurn((old) => old + 1);
        }
        if (current) setState(source.getSnapshot().hasOlder ? "stopped" : "done");
      } catch (cause) {
        if (current) setState({ cause });
      }
      if (current) setTurn((old) => old + 1);
    })();
    return () => { current = false; };
  }, [source, sought, halted, again]);

  // While pages come one after the other, what was found is looked at now and then; afterwards at each change.
  const changed = state === "reading" ? turn : timeline.items;
  const found = useMemo(() => {
    if (!sought) return [];
    const { items } = source.getSnapshot();
    const out: MessageView[] = [];
    for (let i = items.length - 1; i >= 0; i -= 1) {
      const message = messageOf(items[i]);
      if (message && matcher.current.fits(message, words)) out.push(message);
    }
    return out;
  }, [source, words, sought, changed]);

  const oldest = lowest(timeline.items);
  const last = Math.max(1, timeline.lastSeq);
  const done = oldest ? Math.max(0, last - oldest.seq) : 0;
  const onKeys = (event: KeyboardEvent) => {
    if (event.key === "Escape") { event.preventDefault(); close(); return; }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const rows = [...(list.current?.querySelectorAll<HTMLElement>("button.hit") ?? [])];
    const at = rows.indexOf(document.activeElement as HTMLElement);
    const next = event.key === "ArrowDown" ? rows[at + 1] : at <= 0 ? field.current : rows[at - 1];
    if (next) { event.preventDefault(); next.focus(); }
  };

  return (
    <aside className="pane details search" aria-label={t("search.label")} data-region="details" tabIndex={-1} onKeyDown={onKeys}>
      <div className="top">
        <h2>{t("search.title")}</h2>
        <IconButton label={t("search.close")} onClick={close}><X /></IconButton>
      </div>
      <div className="look">
        <div className="find"><Magnifier size="s" /><input ref={field} className="in" type="search" aria-label={t("search.field")} placeholder={t("search.field")} value={query} autoComplete="off" maxLength={200} onChange={(event) => setQuery(event.target.value)} onKeyDown={(event) => { if (event.key === "Enter" && found[0]) { event.preventDefault(); go(found[0].seq); } }} /></div>
        <p className="note" role="status">{!sought ? t("search.here") : found.length === 0 && state === "reading" ? t("search.reading") : t("search.found", { n: found.length })}</p>
      </div>
      <div className="scroll">
        <ol ref={list} className="hits">
          {found.slice(0, shown).map((message) => (
            <li key={message.seq}>
              <button type="button" className="hit" onClick={() => go(message.seq)}>
                <span className="hit-head"><b>{nameOf(client, message.account)}</b><time dateTime={message.time}>{moment(message.time)}</time></span>
                <span className="hit-text">{excerpt(textOf(message), words).map((part, i) => (part.hit ? <mark key={i}>{part.text}</mark> : part.text))}</span>
              </button>
            </li>
          ))}
        </ol>
        {found.length > shown && <div className="more"><Button onClick={() => setShown(shown + SHOWN)}>{t("act.loadMore")}</Button></div>}
        {sought && (
          <div className="far">
            {state === "done" && <p className="note">{t("search.all")}</p>}
            {typeof state === "object" && <p className="note">{state.cause instanceof NetworkError ? t("search.offline") : problemWords(state.cause)}</p>}
            {state !== "done" && oldest && <p className="note">{t("search.since", { time: moment(oldest.time) })}</p>}
            {state === "reading" && <progress max={last} value={done} aria-label={t("search.reading")} />}
            {state === "reading"
              ? <Button size="tight" onClick={() => setHalted(true)}>{t("search.stop")}</Button>
              : state !== "done" && <Button size="tight" onClick={() => { setHalted(false); setAgain(again + 1); }}>{t("search.further")}</Button>}
          </div>
        )}
      </div>
    </aside>
  );
}
