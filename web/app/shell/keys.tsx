/** The keyboard: the table that help and settings show, and what holds everywhere. */
import { useEffect } from "react";
import type { ConversationView } from "@sdk";

import { Dialog } from "../../ui/Dialog";
import { t } from "../i18n";
import { navigate } from "../router";
import { usePreferences } from "../theme";

export function KeyTable() {
  const { enterSends } = usePreferences();
  const rows: readonly (readonly [readonly string[], string])[] = [
    [["Ctrl K"], t("keys.palette")],
    [["Alt ↑", "Alt ↓"], t("keys.nextConv")],
    [["Alt ⇧ ↑", "Alt ⇧ ↓"], t("keys.nextUnread")],
    [["F6", "⇧ F6"], t("keys.regions")],
    [["↑"], t("keys.edit")],
    [enterSends ? ["↵", "⇧ ↵"] : ["Ctrl ↵", "↵"], t("keys.send")],
    [["Ctrl Z"], t("keys.undo")],
    [["Ctrl I"], t("keys.details")],
    [["Ctrl F"], t("keys.search")],
    [["⇧ Tab", "↑", "↓"], t("keys.messages")],
    [["R", "E", "V", "Esc"], t("keys.letters")],
    [["?"], t("keys.help")],
  ];
  return (
    <>
      <table className="keys">
        <tbody>
          {rows.map(([keys, words]) => <tr key={words}><th scope="row">{keys.map((key, i) => <span key={key}>{i > 0 && " "}<kbd>{key}</kbd></span>)}</th><td>{words}</td></tr>)}
        </tbody>
      </table>
      <p className="note">{t("keys.lettersOff")}</p>
    </>
  );
}

export function HelpDialog({ close }: { close: () => void }) {
  return <Dialog title={t("keys.title")} close={close} closeWords={t("act.close")}><KeyTable /></Dialog>;
}

const REGIONS = ["rail", "list", "timeline", "composer", "details", "page"];

function moveRegion(step: number): void {
  const present = REGIONS.map((name) => document.querySelector<HTMLElement>(`[data-region="${name}"]`)).filter((element): element is HTMLElement => element !== null && element.offsetParent !== null);
  if (present.length === 0) return;
  const at = present.findIndex((element) => element.contains(document.activeElement));
  const next = present[(at + step + present.length) % present.length];
  if (!next) return;
  const stop = next.dataset["region"] === "composer" ? next.querySelector<HTMLElement>("textarea") : next.dataset["region"] === "timeline" ? next.querySelector<HTMLElement>('li[tabindex="0"]') : next.querySelector<HTMLElement>('[aria-current="page"], a[href], button, input');
  (stop ?? next).focus();
}

/** Typing is never taken for a command: single keys work only outside fields. */
const typing = (target: EventTarget | null) => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Whether the keyboard moved the focus last: the composer, focused nearly always, shows its ring only then. */
function useModality(): void {
  useEffect(() => {
    const keys = (event: KeyboardEvent) => { if (event.key === "Tab" || event.key === "F6" || event.key === "Escape") document.documentElement.dataset["keys"] = ""; };
    const pointer = () => { delete document.documentElement.dataset["keys"]; };
    addEventListener("keydown", keys, true);
    addEventListener("pointerdown", pointer, true);
    return () => { removeEventListener("keydown", keys, true); removeEventListener("pointerdown", pointer, true); };
  }, []);
}

export function useGlobalKeys({ current, conversations, palette, help }: { current: string | null; conversations: readonly ConversationView[]; palette: () => void; help: () => void }): void {
  useModality();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const over = document.querySelector(".veil") !== null;
      if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") { event.preventDefault(); palette(); return; }
      if (over) return;
      if (event.key === "F6") { event.preventDefault(); moveRegion(event.shiftKey ? -1 : 1); return; }
      if (event.altKey && !event.ctrlKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
        const step = event.key === "ArrowDown" ? 1 : -1;
        const at = conversations.findIndex((view) => view.id === current);
        for (let i = 1; i <= conversations.length; i += 1) {
          const view = conversations[(at + step * i + conversations.length * 2) % conversations.length];
          if (view && view.id !== current && (!event.shiftKey || view.unread > 0)) { event.preventDefault(); navigate(`/c/${view.id}`); return; }
        }
        return;
      }
      if (event.key === "?" && !typing(event.target) && !event.ctrlKey && !event.altKey) { event.preventDefault(); help(); }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [current, conversations, palette, help]);
}
