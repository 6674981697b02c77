/** The messages: a log of any length, drawn a window at a time, held still while older pages arrive above. */
import { useCallback, useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { KeyboardEvent, PointerEvent, Ref } from "react";
import type { ConversationView, TimelineItem, TimelineView } from "@sdk";

import { Button } from "../../ui/Button";
import { ArrowDown } from "../../ui/icons";
import { Empty, Waiting } from "../../ui/Waiting";
import { useClient, useMe, usePerson, useReadable } from "../client";
import { t } from "../i18n";
import { plainText } from "../text/markdown";
import { usePreferences } from "../theme";
import { Row } from "./Row";
import type { RowActs } from "./Row";
import { firstName, nameOf } from "./title";
import { Heights, rowAt, rowOf } from "./virtual";

export type TimelineHandle = { toNewest: () => void; toSeq: (seq: number) => void; focus: () => void };

const OVERSCAN = 600;
const LONG_PRESS_MS = 500;
/** A finger that moves further scrolls. */
const STILL_PX = 10;

/** The finger that opened something lifts: that is no tap on what lies there now. */
function endUnseen(): void {
  const end = (event: Event) => { if (event.cancelable) event.preventDefault(); };
  document.addEventListener("touchend", end, { capture: true, once: true, passive: false });
}

const seqOf = (item: TimelineItem | undefined): number =>
  item === undefined || item.type === "pending" ? 0 : item.type === "message" ? item.message.seq : item.type === "membership" ? item.membership.seq : item.seq;

export function Timeline({ view, timeline, acts, handle }: { view: ConversationView; timeline: TimelineView; acts: RowActs; handle: Ref<TimelineHandle> }) {
  const client = useClient();
  const me = useMe().person.account;
  const { letterKeys } = usePreferences();
  const people = useReadable(client.people);
  const other = usePerson(view.with);
  const marks = useReadable(useMemo(() => client.marks(view.id), [client, view.id]));
  const { items } = timeline;

  // What was unread when one came, so that the flag stays where it is while one reads.
  const [opened] = useState(() => ({ read: view.readSeq, unread: view.unread }));
  const freshAt = useMemo(() => {
    if (opened.unread === 0) return -1;
    let found = -1;
    for (let i = items.length - 1; i >= 0; i -= 1) {
      const item = items[i];
      if (item?.type === "pending") continue;
      if (seqOf(item) <= opened.read) break;
      if (item?.type === "message" && item.message.account !== me) found = i;
    }
    return found;
  }, [items, opened, me]);

  const heights = useRef(new Heights(52));
  const box = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((old) => old + 1), []);
  const offsets = useMemo(() => heights.current.offsets(items), [items, turn]);
  const total = offsets[items.length] ?? 0;
  /** Where the eye is: held to the newest, or to a row whose top is `delta` px above the edge of the box. */
  const eye = useRef<{ bottom: boolean; key: string; index: number; delta: number; count: number }>({ bottom: true, key: "", index: 0, delta: 0, count: 0 });
  const tall = useRef(800);
  /** Where the box stood when it was last looked at or moved here: a difference is the person's own scroll, not told yet. */
  const stood = useRef({ top: 0, height: 0 });
  const [away, setAway] = useState(false);
  const placed = useRef(false);
  const [active, setActive] = useState<string | null>(null);
  /** The row that has the focus now: it shows its acts. `active` outlives it, as the place that Tab comes back to. */
  const [focused, setFocused] = useState<string | null>(null);
  /** The row under a mouse: one for all rows, so that none keeps its acts when the pointer leaves by way of a menu. */
  const [pointed, setPointed] = useState<string | null>(null);
  // By a move and not by entering: a row may come to stand under a pointer that rests.
  const point = useCallback((event: PointerEvent) => {
    const key = event.pointerType === "mouse" ? (event.target as HTMLElement).closest<HTMLElement>("li[data-key]")?.dataset["key"] : undefined;
    if (key) setPointed(key);
  }, []);
  const wantFocus = useRef<string | null>(null);

  // A long press of a finger, where nothing else is meant by it: not on a link, a button or a picture.
  const press = useRef<{ timer: ReturnType<typeof setTimeout>; x: number; y: number } | null>(null);
  const letGo = useCallback(() => { if (press.current) clearTimeout(press.current.timer); press.current = null; }, []);
  useEffect(() => letGo, [letGo]);
  const openActs = useCallback((key: string | undefined): boolean => {
    const item = items.find((one) => one.key === key);
    if (item?.type !== "message" || item.message.redacted || item.message.erased || item.message.unsupported || item.message.sealed !== null) return false;
    acts.open(item.message);
    return true;
  }, [items, acts]);
  const pressDown = (event: PointerEvent) => {
    letGo();
    const target = event.target as HTMLElement;
    if (event.pointerType !== "touch" || !event.isPrimary || target.closest("a, button, summary, [role='toolbar']")) return;
    const key = target.closest<HTMLElement>("li[data-key]")?.dataset["key"];
    press.current = { timer: setTimeout(() => { letGo(); if (openActs(key)) endUnseen(); }, LONG_PRESS_MS), x: event.clientX, y: event.clientY };
  };
  const pressMove = (event: PointerEvent) => { if (press.current && Math.hypot(event.clientX - press.current.x, event.clientY - press.current.y) > STILL_PX) letGo(); };

  // The first time there is something: at the flag of what is new, else at the newest.
  if (!placed.current && items.length > 0) {
    placed.current = true;
    if (freshAt > 0) eye.current = { bottom: false, key: items[freshAt]?.key ?? "", index: freshAt, delta: -60, count: items.length };
  }

  // The window follows the eye, not the scroll position: rows that come above push it down unseen.
  const window = useCallback((): { first: number; last: number; y: number } => {
    const now = eye.current;
    const index = now.bottom ? -1 : rowOf(items, now.key, now.index, items.length - now.count);
    const y = index < 0 ? Math.max(0, total - tall.current) : Math.max(0, (offsets[index] ?? 0) + now.delta);
    return { first: Math.max(0, rowAt(offsets, y - OVERSCAN)), last: Math.min(items.length - 1, rowAt(offsets, y + tall.current + OVERSCAN)), y };
  }, [items, offsets, total]);
  const { first, last, y: top } = window();
  const drawn = useRef({ first, last });
  drawn.current = { first, last };

  const rowsDrawn = () => [...(list.current?.children ?? [])] as HTMLElement[];

  const note = useCallback(() => {
    const element = box.current;
    if (!element) return;
    tall.current = element.clientHeight;
    stood.current = { top: element.scrollTop, height: element.scrollHeight };
    const bottom = element.scrollHeight - element.scrollTop - element.clientHeight < 24;
    const edge = element.getBoundingClientRect().top;
    const seen = rowsDrawn().find((row) => row.getBoundingClientRect().bottom > edge + 1);
    const lowest = rowsDrawn()[rowsDrawn().length - 1];
    if (seen && lowest && seen.getBoundingClientRect().top < edge + element.clientHeight && lowest.getBoundingClientRect().bottom > edge) {
      const key = seen.dataset["key"] ?? "";
      eye.current = { bottom, key, index: rowOf(items, key, drawn.current.first, 0), delta: edge - seen.getBoundingClientRect().top, count: items.length };
    } else {
      // A leap of the scroll bar: nothing drawn is in view, the offsets say where one is.
      const index = rowAt(offsets, element.scrollTop);
      eye.current = { bottom, key: items[index]?.key ?? "", index, delta: element.scrollTop - (offsets[index] ?? 0), count: items.length };
    }
    setAway(!bottom);
    const next = window();
    if (Math.abs(next.first - drawn.current.first) > 2 || Math.abs(next.last - drawn.current.last) > 2 || (next.first === 0) !== (drawn.current.first === 0)) again();
  }, [items, offsets, window, again]);

  // Hold still, before anything is painted: learn the heights of what was drawn, then put the eye back on its row.
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || items.length === 0) return;
    tall.current = element.clientHeight;
    let learnt = false;
    for (const row of rowsDrawn()) learnt = heights.current.measure(row.dataset["key"] ?? "", row.getBoundingClientRect().height) || learnt;
    if (learnt) { again(); return; }
    const scrolled = element.scrollTop - stood.current.top;
    if (eye.current.bottom && scrolled < -1 && element.scrollHeight >= stood.current.height) note();
    else if (!eye.current.bottom && scrolled !== 0) eye.current = { ...eye.current, delta: eye.current.delta + scrolled };
    const now = eye.current;
    const stand = () => { stood.current = { top: element.scrollTop, height: element.scrollHeight }; };
    if (now.bottom) { element.scrollTop = element.scrollHeight; stand(); return; }
    const row = rowsDrawn().find((one) => one.dataset["key"] === now.key);
    if (!row) { stand(); return; }
    const off = row.getBoundingClientRect().top - element.getBoundingClientRect().top + now.delta;
    if (Math.abs(off) > 0.5) element.scrollTop += off;
    stand();
    eye.current = { ...now, index: rowOf(items, now.key, now.index, items.length - now.count), count: items.length };
    setAway(element.scrollHeight - element.scrollTop - element.clientHeight >= 24);
  });

  // Rows that change by themselves (a picture, a menu of the person's font) and the box itself.
  const observer = useRef<ResizeObserver | null>(null);
  useEffect(() => {
    const element = box.current;
    const made = new ResizeObserver(again);
    observer.current = made;
    if (element) {
      made.observe(element);
      // The rule of the margin stands beside the scroll bar, however wide the platform draws it.
      element.parentElement?.style.setProperty("--bar-width", `${element.offsetWidth - element.clientWidth}px`);
    }
    return () => made.disconnect();
  }, [again, timeline.ready]);
  const watch = useCallback((element: HTMLLIElement | null) => {
    if (!element) return;
    observer.current?.observe(element);
    return () => observer.current?.unobserve(element);
  }, []);

  useEffect(() => {
    if (timeline.hasOlder && !timeline.loadingOlder && timeline.ready && first < 12) void client.timeline(view.id).loadOlder();
  }, [client, view.id, first, timeline.hasOlder, timeline.loadingOlder, timeline.ready]);

  // What one has seen is read: the lowest row in view, while the page is looked at.
  const lowest = rowAt(offsets, top + tall.current - 24);
  const seen = away ? Math.max(0, ...[lowest, lowest - 1].map((i) => seqOf(items[i]))) : timeline.lastSeq;
  useEffect(() => {
    const tell = () => { if (document.visibilityState === "visible" && document.hasFocus() && timeline.ready && seen > 0) client.markRead(view.id, seen); };
    tell();
    addEventListener("focus", tell);
    document.addEventListener("visibilitychange", tell);
    return () => { removeEventListener("focus", tell); document.removeEventListener("visibilitychange", tell); };
  }, [client, view.id, seen, timeline.ready]);

  // Readers hear what arrives; scrolling through old rows stays silent.
  const [heard, setHeard] = useState("");
  const newest = items[items.length - 1];
  const heardSeq = useRef(0);
  useEffect(() => {
    if (newest?.type !== "message" || newest.message.seq <= heardSeq.current) return;
    const firstTime = heardSeq.current === 0;
    heardSeq.current = newest.message.seq;
    if (!firstTime && newest.message.account !== me && newest.message.text) setHeard(t("timeline.announce", { name: firstName(client.people.get(newest.message.account ?? "")), text: plainText(newest.message.text) }));
  }, [client, newest, me]);

  // Once heard it goes: what is removed later must not stay here.
  useEffect(() => { if (heard === "") return; const timer = setTimeout(() => setHeard(""), 5_000); return () => clearTimeout(timer); }, [heard]);

  const since = useRef(0);
  if (!away) since.current = timeline.lastSeq;
  let arrived = 0;
  for (let i = items.length - 1; i >= 0 && away; i -= 1) {
    const item = items[i];
    if (item?.type === "pending") continue;
    if (seqOf(item) <= since.current) break;
    if (item?.type === "message" && item.message.account !== me) arrived += 1;
  }

  const show = useCallback((index: number, where: "middle" | "near") => {
    const element = box.current;
    if (!element || index < 0) return;
    const y = offsets[index] ?? 0;
    const bottom = offsets[index + 1] ?? y;
    if (where === "near" && y >= element.scrollTop && bottom <= element.scrollTop + element.clientHeight) return;
    const target = where === "middle" ? y - element.clientHeight / 3 : y < element.scrollTop ? y - 8 : bottom - element.clientHeight + 8;
    const y2 = Math.max(0, target);
    const at = rowAt(offsets, y2);
    eye.current = { bottom: false, key: items[at]?.key ?? "", index: at, delta: y2 - (offsets[at] ?? 0), count: items.length };
    again();
  }, [items, offsets, again]);

  const toNewest = useCallback(() => {
    eye.current = { ...eye.current, bottom: true };
    setAway(false);
    again();
  }, [again]);

  // Names of those in view are asked for, if they are not known.
  useEffect(() => {
    for (const item of items.slice(first, last + 1)) {
      if (item.type === "message") for (const account of [item.message.account, ...item.message.mentions]) if (account) client.people.get(account);
      if (item.type === "membership") for (const account of [item.membership.by, ...item.membership.added.map((one) => one.account), ...item.membership.removed]) if (account) client.people.get(account);
    }
  }, [client, items, first, last]);

  const [looking, setLooking] = useState<number | null>(null);
  useEffect(() => {
    if (looking === null) return;
    const index = items.findIndex((item) => item.type === "message" && item.message.seq === looking);
    if (index < 0) return;
    show(index, "middle");
    wantFocus.current = items[index]?.key ?? null;
    setActive(items[index]?.key ?? null);
    setLooking(null);
  }, [looking, items, show]);

  useImperativeHandle(handle, () => ({
    toNewest,
    toSeq: (seq) => { void client.timeline(view.id).loadUntil(seq).then((found) => { if (found) setLooking(seq); }); },
    focus: () => {
      const stop = [...items].reverse().find((item) => item.type === "message" || item.type === "pending");
      const index = stop ? items.indexOf(stop) : -1;
      const at = active && rowOf(items, active, 0, 0) >= 0 ? active : stop?.key ?? null;
      wantFocus.current = at;
      setActive(at);
      show(at === stop?.key ? index : rowOf(items, at ?? "", 0, 0), "near");
      if (!at) box.current?.focus();
    },
  }), [client, view.id, items, active, show, toNewest]);

  useLayoutEffect(() => {
    if (wantFocus.current === null) return;
    const row = [...(list.current?.children ?? [])].find((child) => (child as HTMLElement).dataset["key"] === wantFocus.current);
    if (row) { wantFocus.current = null; (row as HTMLElement).focus({ preventScroll: true }); }
  });

  const onKeyDown = (event: KeyboardEvent) => {
    const row = (event.target as HTMLElement).closest<HTMLElement>("li[data-key]");
    if (!row || event.target !== row || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = rowOf(items, row.dataset["key"] ?? "", 0, 0);
    const item = items[at];
    const go = (next: number) => {
      const target = items[next];
      if (!target) return;
      event.preventDefault();
      wantFocus.current = target.key;
      setActive(target.key);
      show(next, "near");
    };
    if (event.key === "ArrowUp") go(at - 1);
    else if (event.key === "ArrowDown") { if (at === items.length - 1) { event.preventDefault(); acts.compose(); } else go(at + 1); }
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(items.length - 1);
    else if (event.key === "Escape") { event.preventDefault(); acts.compose(); }
    else if (event.key === "ContextMenu" || (event.shiftKey && event.key === "F10")) { if (openActs(item?.key)) event.preventDefault(); }
    else if (letterKeys && item?.type === "message" && !item.message.redacted && !item.message.erased) {
      const key = event.key.toLowerCase();
      if (key === "r") { event.preventDefault(); acts.reply(item.message.seq); }
      if (key === "e" && item.message.account === me) { event.preventDefault(); acts.edit(item.message.seq); }
      if (key === "v") { event.preventDefault(); acts.react(item.message, "seen"); }
    }
  };

  if (!timeline.ready) return <div className="timeline" data-region="timeline"><Waiting words={t("wait.messages")} /></div>;
  const shown = items.slice(first, last + 1);
  const fallback = active !== null && rowOf(items, active, first, 0) >= 0 ? active : items[items.length - 1]?.key;
  const nothing = !timeline.hasOlder && !items.some((item) => item.type === "message" || item.type === "pending");
  return (
    <div className="timeline" data-region="timeline">
      <div className="log" ref={box} role="log" aria-live="off" aria-label={t("timeline.label")} tabIndex={-1} onScroll={() => { letGo(); note(); }} onPointerDown={pressDown} onPointerUp={letGo} onPointerCancel={letGo} onPointerMove={(event) => { pressMove(event); point(event); }} onPointerLeave={() => setPointed(null)} onKeyDown={onKeyDown} onFocus={(event) => { const key = (event.target as HTMLElement).closest<HTMLElement>("li[data-key]")?.dataset["key"]; if (key) { setActive(key); setFocused(key); } }} onBlur={(event) => { const to = event.relatedTarget as HTMLElement | null; if (!to || (!event.currentTarget.contains(to) && !to.closest(".react-aria-Popover"))) setFocused(null); }}>
        <div className="fill-up" />
        {timeline.hasOlder && first === 0 && <p className="older" role="status">{t("timeline.older")}</p>}
        <ol ref={list} style={{ paddingTop: offsets[first] ?? 0, paddingBottom: Math.max(0, total - (offsets[last + 1] ?? total)) }}>
          {shown.map((item, i) => (
            <Row key={item.key} ref={watch} item={item} before={items[first + i - 1]} after={items[first + i + 1]} fresh={first + i === freshAt ? opened.unread : 0} view={view} timeline={timeline} marks={marks} me={me} acts={acts} stop={item.key === fallback} active={item.key === focused} pointed={item.key === pointed} people={people} />
          ))}
        </ol>
        {nothing && (
          <Empty title={t("timeline.empty")}>{view.kind === "direct" ? t("timeline.emptyDirect", { name: nameOf(client, other?.account ?? view.with) }) : t("timeline.emptyGroup", { n: view.memberCount })}</Empty>
        )}
      </div>
      {away && <Button className="to-newest" size="tight" onClick={toNewest}><ArrowDown size="s" />{arrived > 0 ? t("timeline.newestSince", { n: arrived }) : t("timeline.newest")}</Button>}
      <p className="sr" aria-live="polite">{heard}</p>
    </div>
  );
}
