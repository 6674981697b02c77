/** The sdk's client in React: one context, one hook per kind of reading. */
import { createContext, useContext, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { Client, ConversationView, Me, Person, Readable } from "@sdk";

const Context = createContext<Client | null>(null);
export const ClientProvider = Context.Provider;

export function useClient(): Client {
  const client = useContext(Context);
  if (!client) throw new Error("the client is missing above this component");
  return client;
}

export function useReadable<T>(readable: Readable<T>): T {
  return useSyncExternalStore(readable.subscribe, readable.getSnapshot, readable.getSnapshot);
}

/** Who is signed in. Only below the gate that makes sure of it. */
export function useMe(): Me {
  const session = useReadable(useClient().session);
  if (session.status !== "signed_in") throw new Error("nobody is signed in above this component");
  return session.me;
}

/** Why one may not do something, or nothing when one may. Rights come from the server; this only spares a refusal. */
export const may = (me: Me, action: string): boolean => me.may.includes(action);

export function usePerson(account: string | null | undefined): Person | undefined {
  const client = useClient();
  useReadable(client.people);
  return account ? client.people.get(account) : undefined;
}

export function useConversation(id: string): ConversationView | null {
  const client = useClient();
  return useReadable(useMemo(() => client.conversation(id), [client, id]));
}

export type Loaded<T> = { state: "waiting" } | { state: "here"; value: T } | { state: "failed"; cause: unknown };

/** Asks once for each `key`; `again` asks anew and keeps what is shown meanwhile. */
export function useLoaded<T>(ask: () => Promise<T>, key: string): { answer: Loaded<T>; again: () => void; put: (value: T) => void } {
  const [answer, setAnswer] = useState<Loaded<T>>({ state: "waiting" });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let current = true;
    ask().then(
      (value) => { if (current) setAnswer({ state: "here", value }); },
      (cause: unknown) => { if (current) setAnswer({ state: "failed", cause }); },
    );
    return () => { current = false; };
    // `ask` is made anew at each render; `key` says when its question changed.
  }, [key, turn]);
  return { answer, again: () => setTurn(turn + 1), put: (value) => setAnswer({ state: "here", value }) };
}

/** One act at a time: busy while it runs, the refusal afterwards. */
export function useAct(): { busy: boolean; cause: unknown; run: (act: () => Promise<void>) => Promise<boolean>; clear: () => void } {
  const [busy, setBusy] = useState(false);
  const [cause, setCause] = useState<unknown>(null);
  const run = async (act: () => Promise<void>): Promise<boolean> => {
    setBusy(true);
    setCause(null);
    try {
      await act();
      return true;
    } catch (problem) {
      setCause(problem ?? new Error("unknown"));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, cause, run, clear: () => setCause(null) };
}
