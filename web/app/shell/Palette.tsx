/** Ctrl K: go to anyone, anything. */
import { useEffect, useId, useMemo, useRef, useState } from "react";
import type { ReactNode } from "react";
import type { Person } from "@sdk";
import { Dialog as AriaDialog, Modal, ModalOverlay } from "react-aria-components";

import { Face } from "../../ui/Face";
import { Hash, Search, Users } from "../../ui/icons";
import { may, useClient, useMe, useReadable } from "../client";
import { ConversationFace } from "../conversation/List";
import { writeTo } from "../conversation/write";
import { matches, rank, titleOf } from "../conversation/title";
import { t } from "../i18n";
import { PresenceOf } from "../people/Presence";
import { ClassWord } from "../protection";
import { navigate } from "../router";
import { ADMIN, SETTINGS } from "./pages";

type Found = { key: string; group: "palette.conversations" | "palette.people" | "palette.pages"; words: string; note: ReactNode; icon: ReactNode; go: () => void };

export function Palette({ close, make }: { close: () => void; make: () => void }) {
  const client = useClient();
  const me = useMe();
  const conversations = useReadable(client.conversations);
  const people = useReadable(client.people);
  const id = useId();
  const [query, setQuery] = useState("");
  const [found, setFound] = useState<readonly Person[]>([]);
  const [index, setIndex] = useState(0);
  const list = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (query.trim() === "" || !may(me, "people.see")) { setFound([]); return; }
    let current = true;
    const timer = setTimeout(() => {
      // Offline, the people already known still come up.
      client.people.search(query, { limit: 8 }).then((page) => { if (current) setFound(page.people); }, () => { if (current) setFound([...people.values()].filter((person) => matches(`${person.display_name} ${person.address}`, query)).slice(0, 8)); });
    }, 120);
    return () => { current = false; clearTimeout(timer); };
  }, [client, query, me, people]);

  const results = useMemo<readonly Found[]>(() => {
    const views = conversations.filter((view) => query === "" || matches(`${titleOf(view, people.get(view.with ?? ""))} ${view.topic}`, query)).sort((a, b) => (query ? rank(titleOf(a, people.get(a.with ?? "")), query) - rank(titleOf(b, people.get(b.with ?? "")), query) : 0)).slice(0, query ? 8 : 7);
    const pages: Found[] = [
      { key: "new", group: "palette.pages", words: t("list.new"), note: "", icon: <Users />, go: make },
      ...(may(me, "channel.join") ? [{ key: "channels", group: "palette.pages" as const, words: t("rail.channels"), note: "", icon: <Hash />, go: () => navigate("/channels") }] : []),
      ...(may(me, "people.see") ? [{ key: "people", group: "palette.pages" as const, words: t("rail.people"), note: "", icon: <Users />, go: () => navigate("/people") }] : []),
      ...SETTINGS.filter(({ right }) => right === null || may(me, right)).map(({ section, words, icon }) => ({ key: `s-${section}`, group: "palette.pages" as const, words: t(words), note: t("rail.settings"), icon, go: () => navigate(`/settings/${section}`) })),
      ...ADMIN.filter(({ right }) => may(me, right)).map(({ section, words, icon }) => ({ key: `a-${section}`, group: "palette.pages" as const, words: t(words), note: t("rail.admin"), icon, go: () => navigate(`/admin/${section}`) })),
    ];
    const direct = new Map(conversations.filter((view) => view.kind === "direct").map((view) => [view.with, view.id]));
    return [
      ...views.map((view): Found => ({ key: view.id, group: "palette.conversations", words: titleOf(view, people.get(view.with ?? "")), note: <span className={view.protection}><ClassWord of={view.protection} /></span>, icon: <ConversationFace view={view} size="s" />, go: () => navigate(`/c/${view.id}`) })),
      ...found.filter((person) => person.active && person.account !== me.person.account && !views.some((view) => view.with === person.account)).map((person): Found => ({ key: person.account, group: "palette.people", words: person.display_name, note: [person.title, person.department].filter(Boolean).join(" · ") || person.address, icon: <Face size="s" id={person.account} name={person.display_name} outside={person.role === "guest"} />, go: () => { const known = direct.get(person.account); if (known) navigate(`/c/${known}`); else void writeTo(client, person.account); } })),
      ...(query ? pages.filter((page) => matches(`${page.words} ${typeof page.note === "string" ? page.note : ""}`, query)).slice(0, 6) : []),
    ];
  }, [client, conversations, people, found, query, me, make]);

  const at = Math.min(index, results.length - 1);
  useEffect(() => { list.current?.querySelector(`[data-index="${at}"]`)?.scrollIntoView({ block: "nearest" }); }, [at]);
  const choose = (result: Found | undefined) => { if (!result) return; close(); result.go(); };

  return (
    <ModalOverlay className="veil palette-veil" isOpen isDismissable onOpenChange={(open) => { if (!open) close(); }}>
      <Modal className="dialog-box palette">
        <AriaDialog aria-label={t("palette.title")} className="dialog">
          <div className="find">
            <Search />
            <input role="combobox" className="in" aria-expanded="true" aria-autocomplete="list" aria-controls={id} aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined} aria-label={t("palette.title")} placeholder={t("palette.find")} autoFocus autoComplete="off" value={query} onChange={(event) => { setQuery(event.target.value); setIndex(0); }} onKeyDown={(event) => {
              if (event.key === "ArrowDown") { event.preventDefault(); setIndex((at + 1) % Math.max(1, results.length)); }
              if (event.key === "ArrowUp") { event.preventDefault(); setIndex((at - 1 + results.length) % Math.max(1, results.length)); }
              if (event.key === "Enter") { event.preventDefault(); choose(results[at]); }
            }} />
          </div>
          <div className="options" role="listbox" id={id} ref={list} aria-label={t("palette.title")}>
            {results.map((result, i) => (
              <div key={`${result.group}-${result.key}`} className="option-wrap" role="presentation">
                {(i === 0 || results[i - 1]?.group !== result.group) && <p className="sec" role="presentation">{t(result.group)}</p>}
                <div id={`${id}-${i}`} role="option" aria-selected={i === at} data-index={i} className={i === at ? "option at-key" : "option"} onClick={() => choose(result)} onPointerMove={() => setIndex(i)}>
                  {result.icon}
                  <span className="nm">{result.words}{result.group === "palette.people" && <PresenceOf account={result.key} />}</span>
                  <span className="note">{result.note}</span>
                </div>
              </div>
            ))}
            {results.length === 0 && <p className="sec">{t("palette.none")}</p>}
          </div>
          <p className="sr" role="status">{t("palette.count", { n: results.length })}</p>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
