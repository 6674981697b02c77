import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";

export type ButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, "disabled"> & {
  /** `go` is the one filled button of a view. */
  kind?: "plain" | "go" | "bare" | "danger";
  size?: "normal" | "tight" | "big";
  /** Why it cannot be used now. It stays focusable, and says this. */
  unless?: string | false | undefined;
  ref?: Ref<HTMLButtonElement>;
};

export const buttonClass = (kind: ButtonProps["kind"] = "plain", size: ButtonProps["size"] = "normal", more = "") =>
  ["b", kind !== "plain" && kind, size !== "normal" && size, more].filter(Boolean).join(" ");

export function Button({ kind, size, unless, className, onClick, type = "button", ref, ...rest }: ButtonProps) {
  return (
    <button
      {...rest}
      ref={ref}
      type={unless ? "button" : type}
      className={buttonClass(kind, size, className)}
      aria-disabled={unless ? true : undefined}
      title={unless || rest.title}
      onClick={unless ? (event) => event.preventDefault() : onClick}
    />
  );
}

/** A drawing alone needs its words: `label` is required. */
export function IconButton({ label, children, kind = "bare", className = "", ...rest }: ButtonProps & { label: string; children: ReactNode }) {
  return (
    <Button {...rest} kind={kind} className={`icon ${className}`} aria-label={label} title={rest.title ?? label}>
      {children}
    </Button>
  );
}
