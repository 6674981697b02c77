/** Choosing people from the directory: one field, results below, those chosen above. */
import { useEffect, useId, useState } from "react";
import type { Person } from "@sdk";

import { IconButton } from "../../ui/Button";
import { Face } from "../../ui/Face";
import { FieldError } from "../../ui/Field";
import { Check, Search, X } from "../../ui/icons";
import { useClient, useMe } from "../client";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { PresenceOf } from "./Presence";

export function PeoplePicker({ picked, pick, without, single = false, focus = true }: { focus?: boolean; picked: readonly Person[]; pick: (people: readonly Person[]) => void; without?: ReadonlySet<string>; single?: boolean }) {
  const client = useClient();
  const me = useMe().person.account;
  const id = useId();
  const [query, setQuery] = useState("");
  const [found, setFound] = useState<readonly Person[] | null>(null);
  const [cause, setCause] = useState<unknown>(null);
  const [index, setIndex] = useState(0);

  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      client.people.search(query, { limit: 50 }).then(
        ({ people }) => { if (current) { setFound(people.filter((person) => person.account !== me && person.active && !without?.has(person.account))); setIndex(0); setCause(null); } },
        (problem: unknown) => { if (current) setCause(problem); },
      );
    }, query ? 150 : 0);
    return () => { current = false; clearTimeout(timer); };
  }, [client, query, me, without]);

  const chosen = new Set(picked.map(({ account }) => account));
  const toggle = (person: Person) => {
    if (single) pick(chosen.has(person.account) ? [] : [person]);
    else pick(chosen.has(person.account) ? picked.filter(({ account }) => account !== person.account) : [...picked, person]);
  };
  const list = found ?? [];
  return (
    <div className="picker">
      {picked.length > 0 && !single && (
        <ul className="picked" aria-label={t("new.picked", { n: picked.length })}>
          {picked.map((person) => <li key={person.account} className="chip">{person.display_name}<IconButton label={t("new.unpick", { name: person.display_name })} onClick={() => toggle(person)}><X size="s" /></IconButton></li>)}
        </ul>
      )}
      <div className="find">
        <Search size="s" />
        <input className="in" role="combobox" aria-expanded="true" aria-autocomplete="list" aria-controls={id} aria-activedescendant={list[index] ? `${id}-${index}` : undefined} aria-label={t("new.people")} placeholder={t("new.peopleFind")} value={query} autoFocus={focus} autoComplete="off" onChange={(event) => setQuery(event.target.value)} onKeyDown={(event) => {
          if (event.key === "ArrowDown") { event.preventDefault(); setIndex(Math.min(list.length - 1, index + 1)); }
          if (event.key === "ArrowUp") { event.preventDefault(); setIndex(Math.max(0, index - 1)); }
          const person = list[index];
          if (event.key === "Enter" && person) { event.preventDefault(); toggle(person); setQuery(""); }
        }} />
      </div>
      {Boolean(cause) && <FieldError>{problemWords(cause)}</FieldError>}
      <ul className="options" id={id} role="listbox" aria-label={t("new.people")} aria-multiselectable={!single}>
        {list.map((person, i) => (
          <li key={person.account} id={`${id}-${i}`} role="option" aria-selected={chosen.has(person.account)} className={i === index ? "at-key" : undefined} onClick={() => { setIndex(i); toggle(person); }}>
            <Face size="s" id={person.account} name={person.display_name} outside={person.role === "guest"} />
            <span className="grow"><span className="nm">{person.display_name}<PresenceOf account={person.account} /></span><span className="note">{[person.title, person.department].filter(Boolean).join(" · ") || person.address}</span></span>
            {chosen.has(person.account) && <Check size="s" />}
          </li>
        ))}
        {found !== null && list.length === 0 && <li className="note none" role="option" aria-disabled="true" aria-selected="false">{t("new.nobody")}</li>}
      </ul>
    </div>
  );
}
