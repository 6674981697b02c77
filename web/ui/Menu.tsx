import type { ReactNode } from "react";
import { Button as AriaButton, Menu as AriaMenu, MenuItem, MenuTrigger, Popover, Separator } from "react-aria-components";
import type { Placement } from "react-aria";

import { buttonClass } from "./Button";
import { Check } from "./icons";

export type MenuEntry = {
  key: string;
  words: string;
  icon?: ReactNode;
  note?: string;
  danger?: boolean;
  ticked?: boolean;
  unless?: boolean;
  act: () => void;
} | "line";

export function Menu({ label, entries, children, kind = "bare", className = "icon", placement = "bottom end" }: { label?: string; entries: readonly (MenuEntry | false | undefined)[]; children: ReactNode; kind?: "bare" | "plain" | "go"; className?: string; placement?: Placement }) {
  const shown = entries.filter((entry): entry is MenuEntry => Boolean(entry));
  return (
    <MenuTrigger>
      <AriaButton className={buttonClass(kind, "normal", className)} {...(label ? { "aria-label": label } : {})}>{children}</AriaButton>
      <Popover placement={placement} offset={4}>
        <AriaMenu onAction={(key) => { for (const entry of shown) if (entry !== "line" && entry.key === key) entry.act(); }}>
          {shown.map((entry, i) =>
            entry === "line" ? (
              <Separator key={`line-${i}`} />
            ) : (
              <MenuItem key={entry.key} id={entry.key} textValue={entry.words} className={entry.danger ? "react-aria-MenuItem danger" : "react-aria-MenuItem"} isDisabled={entry.unless ?? false} aria-label={[entry.words, entry.note, entry.ticked && "✓"].filter(Boolean).join(" ")}>
                {entry.icon}
                <span>{entry.words}{entry.note && <><br /><small>{entry.note}</small></>}</span>
                {entry.ticked && <span className="tick"><Check size="s" /></span>}
              </MenuItem>
            ),
          )}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}
