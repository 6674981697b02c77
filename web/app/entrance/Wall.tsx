/** The two columns of every page before one is in: the wall with its plan, and the form. */
import { useEffect } from "react";
import type { ReactNode } from "react";

import { FortPlan } from "../../ui/FortPlan";
import { Mark } from "../../ui/glyphs";
import { Check, Server } from "../../ui/icons";
import { language, pieces, setLanguage, t } from "../i18n";
import "../styles/entrance.css";

const STEPS = ["plan.1", "plan.2", "plan.3", "plan.4", "plan.5"] as const;

export function Wall({ step, host, title, children }: { step?: number; host?: string | null | undefined; title: string; children: ReactNode }) {
  useEffect(() => { document.title = `${title} · Rempart`; }, [title]);
  const words = step === undefined ? t("plan.built") : t("plan.step", { n: Math.min(step, 5) });
  return (
    <div className="first">
      <aside className="plan wall">
        <p className="brand"><Mark />Rempart</p>
        {step !== undefined && <span className="only-s">{words}</span>}
        <FortPlan current={step ?? 6} label={words} numbers={step !== undefined} />
        {step !== undefined && (
          <ol className="steps">
            {STEPS.map((key, i) => {
              const state = i + 1 < step ? "done" : i + 1 === step ? "now" : "todo";
              return (
                <li key={key} className={state} aria-current={state === "now" ? "step" : undefined}>
                  {state === "done" ? <Check size="s" /> : <span>{i + 1}</span>}
                  {t(key)}
                  {i === 4 && <em>{t("plan.later")}</em>}
                </li>
              );
            })}
          </ol>
        )}
        <div className="foot">
          <p className="where">
            <Server size="s" />
            {pieces("plan.where").map((piece, i) => piece.slot ? <span key={i} className="mono">{host ?? location.host}</span> : piece.text)}
          </p>
          <p className="tongue">
            <button type="button" lang={language() === "fr" ? "en" : "fr"} className="linkish" onClick={() => setLanguage(language() === "fr" ? "en" : "fr")}>{language() === "fr" ? "English" : "Français"}</button>
          </p>
        </div>
      </aside>
      <main className="stage">{children}</main>
    </div>
  );
}

/** A finished step, folded to one line. */
export function Sum({ title, words, change }: { title: string; words: ReactNode; change?: ReactNode }) {
  return (
    <li className="sum">
      <Check />
      <div><b>{title}</b><p>{words}</p></div>
      {change}
    </li>
  );
}
