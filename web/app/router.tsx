/** Addresses. Secrets of links stay in the fragment, which a browser never sends. */
import { useSyncExternalStore } from "react";
import type { AnchorHTMLAttributes, Ref } from "react";

export type Route =
  | { name: "setup" | "invite" | "reset"; secret: string }
  | { name: "signin" | "home" | "people" | "channels" }
  | { name: "conversation"; id: string; details: boolean }
  | { name: "person"; id: string }
  | { name: "settings"; section: string }
  | { name: "admin"; section: string }
  | { name: "missing"; path: string };

const ID = /^[0-9a-f-]{36}$/;

export function parseRoute(path: string, fragment: string): Route {
  const parts = path.split("/").filter(Boolean);
  const [head, second, third] = parts;
  const secret = fragment.replace(/^#/, "");
  const missing: Route = { name: "missing", path };
  if (parts.length > 3) return missing;
  switch (head) {
    case undefined: return { name: "home" };
    case "setup": case "invite": case "reset": return second ? missing : { name: head, secret };
    case "signin": case "channels": return second ? missing : { name: head };
    case "c": return second && ID.test(second) && (third === undefined || third === "details") ? { name: "conversation", id: second, details: third === "details" } : missing;
    case "people": return !second ? { name: "people" } : ID.test(second) && !third ? { name: "person", id: second } : missing;
    case "settings": return third ? missing : { name: "settings", section: second ?? "profile" };
    case "admin": return third ? missing : { name: "admin", section: second ?? "people" };
    default: return missing;
  }
}

const listeners = new Set<() => void>();
const tell = () => listeners.forEach((listener) => listener());
let known = "";
let route: Route = { name: "home" };

function snapshot(): Route {
  const now = location.pathname + location.hash;
  if (now !== known) {
    known = now;
    route = parseRoute(location.pathname, location.hash);
  }
  return route;
}

export const useRoute = (): Route =>
  useSyncExternalStore((listener) => {
    listeners.add(listener);
    addEventListener("popstate", tell);
    addEventListener("hashchange", tell);
    return () => { listeners.delete(listener); removeEventListener("popstate", tell); removeEventListener("hashchange", tell); };
  }, snapshot, snapshot);

export function navigate(path: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, "", path);
  else history.pushState(null, "", path);
  tell();
}

/** A `ref` for the current entry of a bar that scrolls sideways on phones. */
export const intoView = (element: HTMLElement | null): void => element?.scrollIntoView({ block: "nearest", inline: "nearest" });

export function Link({ to, onClick, ...rest }: { to: string; ref?: Ref<HTMLAnchorElement> | undefined } & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href">) {
  return (
    <a
      {...rest}
      href={to}
      onClick={(event) => {
        onClick?.(event);
        if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        navigate(to);
      }}
    />
  );
}
