import { useId, useState } from "react";
import type { InputHTMLAttributes, ReactNode, Ref, SelectHTMLAttributes, TextareaHTMLAttributes } from "react";

import { IconButton } from "./Button";
import { CircleAlert, Eye, EyeOff } from "./icons";

/** A sentence at the thing that caused it. */
export function FieldError({ id, children }: { id?: string; children: ReactNode }) {
  return (
    <p className="err" id={id} role="alert">
      <CircleAlert size="s" />
      <span>{children}</span>
    </p>
  );
}

type Around = { label: string; hint?: ReactNode; error?: ReactNode; hideLabel?: boolean };

function Frame({ id, label, hint, error, hideLabel, children, after }: Around & { id: string; children: ReactNode; after?: ReactNode }) {
  return (
    <div className="field">
      <label htmlFor={id} className={hideLabel ? "sr" : undefined}>{label}</label>
      {children}
      {hint && <p className="hint" id={`${id}-hint`}>{hint}</p>}
      {error && <FieldError id={`${id}-error`}>{error}</FieldError>}
      {after}
    </div>
  );
}

const described = (id: string, { hint, error }: Around) =>
  [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;

export type TextFieldProps = Around & { onText?: (text: string) => void; suffix?: ReactNode; after?: ReactNode; ref?: Ref<HTMLInputElement> } & Omit<InputHTMLAttributes<HTMLInputElement>, "onChange">;

export function TextField({ label, hint, error, hideLabel, onText, suffix, after, ref, className = "", ...rest }: TextFieldProps) {
  const id = useId();
  const input = (
    <input
      {...rest}
      ref={ref}
      id={id}
      className={`in ${className}`}
      aria-invalid={error ? true : undefined}
      aria-describedby={described(id, { label, hint, error })}
      onChange={(event) => onText?.(event.target.value)}
    />
  );
  return (
    <Frame {...{ id, label, hint, error, after }} {...(hideLabel ? { hideLabel } : {})}>
      {suffix ? <div className="suffix">{input}<span>{suffix}</span></div> : input}
    </Frame>
  );
}

/** The eye shows what was typed: a password checked is a password typed once. */
export function PasswordField({ label, hint, error, hideLabel, onText, after, ref, show, hide, ...rest }: TextFieldProps & { show: string; hide: string }) {
  const id = useId();
  const [seen, setSeen] = useState(false);
  return (
    <Frame {...{ id, label, hint, error, after }} {...(hideLabel ? { hideLabel } : {})}>
      <div className="pw">
        <input
          placeholder=" "
          {...rest}
          ref={ref}
          id={id}
          type={seen ? "text" : "password"}
          className={seen ? "in mono" : "in"}
          spellCheck={false}
          autoCapitalize="none"
          aria-invalid={error ? true : undefined}
          aria-describedby={described(id, { label, hint, error })}
          onChange={(event) => onText?.(event.target.value)}
        />
        <IconButton label={seen ? hide : show} aria-pressed={seen} onClick={() => setSeen(!seen)}>{seen ? <EyeOff /> : <Eye />}</IconButton>
      </div>
    </Frame>
  );
}

export function TextArea({ label, hint, error, hideLabel, onText, ...rest }: Around & { onText: (text: string) => void } & Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "onChange">) {
  const id = useId();
  return (
    <Frame {...{ id, label, hint, error }} {...(hideLabel ? { hideLabel } : {})}>
      <textarea {...rest} id={id} className="in" aria-invalid={error ? true : undefined} aria-describedby={described(id, { label, hint, error })} onChange={(event) => onText(event.target.value)} />
    </Frame>
  );
}

export function SelectField<T extends string>({ label, hint, error, hideLabel, options, value, onPick, ...rest }: Around & { options: readonly (readonly [T, string])[]; value: T; onPick: (value: T) => void } & Omit<SelectHTMLAttributes<HTMLSelectElement>, "onChange" | "value">) {
  const id = useId();
  return (
    <Frame {...{ id, label, hint, error }} {...(hideLabel ? { hideLabel } : {})}>
      <select {...rest} id={id} className="in" value={value} aria-describedby={described(id, { label, hint, error })} onChange={(event) => { const picked = options.find(([key]) => key === event.target.value); if (picked) onPick(picked[0]); }}>
        {options.map(([key, words]) => <option key={key} value={key}>{words}</option>)}
      </select>
    </Frame>
  );
}

/** A choice among two to four, all in view. */
export function Segments<T extends string>({ legend, options, value, onPick, hideLegend }: { legend: string; hideLegend?: boolean; options: readonly (readonly [T, ReactNode])[]; value: T; onPick: (value: T) => void }) {
  const name = useId();
  return (
    <fieldset className="field">
      <legend className={hideLegend ? "sr" : "legend"}>{legend}</legend>
      <div className="seg">
        {options.map(([key, words]) => (
          <label key={key}>
            <input type="radio" name={name} checked={key === value} onChange={() => onPick(key)} />
            {words}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function Check({ label, hint, checked, onPick }: { label: ReactNode; hint?: ReactNode; checked: boolean; onPick: (checked: boolean) => void }) {
  return (
    <label className="check">
      <input type="checkbox" className="cb" checked={checked} onChange={(event) => onPick(event.target.checked)} />
      <span>{label}{hint && <span className="hint"><br />{hint}</span>}</span>
    </label>
  );
}
