/** Choosing a protection where one opens a conversation: sealed unless somebody has no keys, and open only by a choice. */
import { useEffect, useId, useState } from "react";
import type { Kind, Person, Protection } from "@sdk";

import { buttonClass } from "../../ui/Button";
import { FieldError } from "../../ui/Field";
import { ClassGlyph } from "../../ui/glyphs";
import { names as nameList } from "../format";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { Link } from "../router";
import { lockOf, useKeys, useKeysState, withoutKeys } from "./keys";
import "../styles/keys.css";

export type Choice = {
  readonly protection: Protection;
  readonly choose: (protection: Protection) => void;
  /** Why a sealed conversation cannot be opened now, in words; null while it can. */
  readonly hindrance: string | null;
  readonly checking: boolean;
  readonly lacksKeys: boolean;
  readonly cause: unknown;
};

type Found = { readonly for: string; readonly missing: readonly string[] };

/** `refused` are those whom the server named as having no keys. */
export function useProtectionChoice(kind: Kind, people: readonly Person[], refused: readonly string[] | null): Choice {
  const keys = useKeys();
  const state = useKeysState();
  const [chosen, choose] = useState<Protection>("sealed");
  const [found, setFound] = useState<Found>({ for: "", missing: [] });
  const [cause, setCause] = useState<unknown>(null);
  const possible = kind !== "channel";
  const ready = state.status === "ready";
  const wanted = people.map(({ account }) => account).join();
  useEffect(() => {
    if (!possible || !ready) return;
    let current = true;
    setCause(null);
    withoutKeys(keys, wanted === "" ? [] : wanted.split(",")).then(
      (missing) => { if (current) setFound({ for: wanted, missing }); },
      (problem: unknown) => { if (current) setCause(problem); },
    );
    return () => { current = false; };
  }, [keys, possible, ready, wanted]);

  const name = (account: string) => people.find((person) => person.account === account)?.display_name;
  const missing = [...new Set([...(refused ?? []), ...(found.for === wanted ? found.missing : [])])];
  const known = missing.flatMap((account) => name(account) ?? []);
  const hindrance = (): string | null => {
    if (state.status === "alarm") return t("choose.alarm");
    if (state.status === "starting") return t("choose.starting");
    if (!ready) return t("choose.notHere");
    if (known.length > 1) return t("choose.missingMany", { names: nameList(known) });
    if (known[0] !== undefined) return t("choose.missingOne", { name: known[0] });
    return refused !== null && refused.length === 0 ? t("choose.missingSomebody") : null;
  };
  if (!possible) return { protection: "open", choose, hindrance: null, checking: false, lacksKeys: false, cause: null };
  return { protection: chosen, choose, hindrance: hindrance(), checking: ready && wanted !== "" && found.for !== wanted && !cause, lacksKeys: lockOf(state) === "needs_keyring", cause };
}

export function ChooseProtection({ kind, choice }: { kind: Kind; choice: Choice }) {
  const name = useId();
  if (kind === "channel") return <p className="band-class open small"><ClassGlyph of="open" /><span>{t("choose.channel")}</span></p>;
  const { protection, choose, hindrance, checking, lacksKeys, cause } = choice;
  return (
    <fieldset className="protections" aria-describedby={`${name}-note`}>
      <legend className="legend">{t("choose.legend")}</legend>
      {(["sealed", "open"] as const).map((one) => (
        <label key={one} className={`protection ${one}`}>
          <input type="radio" name={name} checked={protection === one} onChange={() => choose(one)} />
          <span><b><ClassGlyph of={one} />{t(`class.${one}`)}</b><span className="small">{t(`choose.${one}`)}</span></span>
        </label>
      ))}
      <div id={`${name}-note`} role="status" className="choice-note">
        {checking && <p className="note">{t("choose.checking")}</p>}
        {hindrance !== null && protection === "sealed" && (
          <p className="small">{hindrance} {t("choose.missingAct")}{lacksKeys && <> <Link className={buttonClass("plain", "tight")} to="/settings/keys">{t("choose.keys")}</Link></>}</p>
        )}
      </div>
      {Boolean(cause) && <FieldError>{problemWords(cause)}</FieldError>}
    </fieldset>
  );
}
