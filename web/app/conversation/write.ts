/** Writing to somebody: in the conversation there is, in a new sealed one, or by asking when it could only be open. */
import type { Client, Person } from "@sdk";

import { say } from "../../ui/Toasts";
import { problemWords } from "../i18n/problems";
import { withoutKeys } from "../keys/keys";
import { navigate } from "../router";

let asked: (person: Person) => void = () => undefined;

/** The shell listens here: an open conversation is opened only by a choice, in its dialog. */
export function whenAsked(listener: (person: Person) => void): () => void {
  asked = listener;
  return () => { asked = () => undefined; };
}

export async function writeTo(client: Client, account: string): Promise<void> {
  const direct = client.conversations.getSnapshot().filter((view) => view.kind === "direct" && view.with === account);
  const known = direct.find((view) => view.protection === "sealed") ?? direct[0];
  if (known) { navigate(`/c/${known.id}`); return; }
  try {
    const ready = client.keys.getSnapshot().status === "ready";
    if (ready && (await withoutKeys(client.keys, [account])).length === 0) {
      navigate(`/c/${await client.createConversation({ kind: "direct", members: [account], protection: "sealed" })}`);
      return;
    }
    const person = client.people.get(account) ?? (await client.command("people.get", { accounts: [account] })).people[0];
    if (person) asked(person);
  } catch (cause) {
    say(problemWords(cause), { seconds: 8 });
  }
}
