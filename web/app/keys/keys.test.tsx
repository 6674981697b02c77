import type { ReactElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { beforeEach, describe, expect, it } from "vitest";
import { ApiProblem } from "@sdk";
import type { Client, ConversationView, KeysState, Person, TimelineItem, TimelineView } from "@sdk";

import { ClientProvider } from "../client";
import { Row } from "../conversation/Row";
import { setLanguage, t } from "../i18n";
import { ProtectionSays } from "../protection";
import { KeyBands } from "./Bands";
import { ChangedGuard } from "./Changed";
import { ChooseProtection, useProtectionChoice } from "./ChooseProtection";
import { accountsOf, blockedWords, changedMembers, codeFault, deviceName, lockOf, withoutKeys } from "./keys";
import { KeysSettings } from "./KeysSettings";
import { Locked } from "./Locked";
import { Stand } from "./Stand";
import { VerifiedMark } from "./Verify";

const ME = "0190b3c4-0000-7000-8000-00000000000a";
const BOB = "0190b3c4-0000-7000-8000-00000000000b";
const CAROL = "0190b3c4-0000-7000-8000-00000000000c";
const READY: KeysState = { status: "ready", recoveryCode: null, recoveryPostponed: false, link: null, requests: [], devices: [], changed: new Map(), verified: new Set(), alarm: null };

const person = (account: string, name: string): Person =>
  ({ account, address: `${name}@kerbrat.example`, display_name: name, title: "", department: "", role: "member", active: true, presence: { availability: "offline", text: "", until: null } }) as Person;
const PEOPLE = new Map([[ME, person(ME, "Anne")], [BOB, person(BOB, "Bob")], [CAROL, person(CAROL, "Carol")]]);

/** What a component reads, and nothing that it could do. */
function drawn(state: Partial<KeysState>, element: ReactElement): string {
  const still = <T,>(value: T) => ({ subscribe: () => () => undefined, getSnapshot: () => value });
  const keys: KeysState = { ...READY, ...state };
  const client = {
    keys: still(keys), session: still({ status: "signed_in", server: null, me: { person: PEOPLE.get(ME), may: [] } }),
    people: { ...still(PEOPLE), get: (account: string) => PEOPLE.get(account) }, conversations: still([]),
    command: () => new Promise(() => undefined),
  } as unknown as Client;
  return renderToStaticMarkup(<ClientProvider value={client}>{element}</ClientProvider>);
}

const view = (more: Partial<ConversationView> = {}): ConversationView => ({ id: "c", kind: "group", protection: "sealed", sealed: "ready", role: "member", memberCount: 3, ...more }) as ConversationView;

beforeEach(() => {
  setLanguage("fr");
  (globalThis as { location?: unknown }).location ??= { pathname: "/", hash: "" };
});

describe("a recovery code as it is typed", () => {
  it("is read whatever its case, spaces and dashes, and says what is missing or strange", () => {
    expect(codeFault("")).toBeNull();
    expect(codeFault("7k3m-q9tz 0hvx.4bnd – w2sc 8jrf 61pg eyaO")).toBeNull();
    expect(codeFault("7k3m q9tz il0o")).toBe("Il manque 20 signes.");
    expect(codeFault(`${"A".repeat(32)}B`)).toBe("Il y a 1 signe de trop.");
    expect(codeFault("7k3m ! q9tz")).toContain("«\u202f!\u202f»");
    expect(codeFault("U")).toContain("U");
  });
});

describe("what stands in the way", () => {
  it("locks sealed conversations where this device has no keys", () => {
    expect((["needs_keyring", "unavailable", "revoked", "ready", "starting", "alarm"] as const).map((status) => lockOf({ ...READY, status }))).toEqual(["needs_keyring", "unavailable", "revoked", null, null, null]);
    expect(drawn({}, <Locked why="needs_keyring" />)).toContain("/settings/keys");
    expect(drawn({}, <Locked why="unavailable" />)).toContain("navigation privée");
  });

  it("holds up sending in a sealed conversation until a changed key is settled, and nowhere else", () => {
    const changed = { ...READY, changed: new Map([[BOB, { reset: false }], [CAROL, { reset: true }]]) };
    expect(changedMembers(changed, [ME, BOB, CAROL]).map(({ account }) => account)).toEqual([CAROL, BOB]);
    expect(blockedWords(view(), changed, [ME, BOB])).toBe(t("changed.blocked"));
    expect(blockedWords(view(), changed, [ME])).toBeNull();
    expect(blockedWords(view({ protection: "open", sealed: null }), changed, [ME, BOB])).toBeNull();
    expect(blockedWords(view(), { ...READY, status: "alarm" }, [])).toBe(t("alarm.blocked"));
    expect(blockedWords(view({ sealed: "alarm" }), READY, [])).toBe(t("alarm.blocked"));
    expect(blockedWords(view({ sealed: "waiting" }), READY, [])).toBeNull();
  });

  it("says who changed, the gravest first, and louder when an administrator did it", () => {
    const quiet = drawn({ changed: new Map([[BOB, { reset: false }]]) }, <ChangedGuard view={view()} members={[ME, BOB]} />);
    expect(quiet).toContain("La clé de Bob a changé.");
    expect(quiet).not.toContain("grave");
    const loud = drawn({ changed: new Map([[BOB, { reset: false }], [CAROL, { reset: true }]]) }, <ChangedGuard view={view()} members={[ME, BOB, CAROL]} />);
    expect(loud).toContain("Un administrateur a remplacé la clé de Carol.");
    expect(loud).toContain("grave");
    expect(loud).toContain("Et 1 autre membre.");
    expect(drawn({ changed: new Map([[BOB, { reset: true }]]) }, <ChangedGuard view={view({ protection: "open" })} members={[BOB]} />)).toBe("");
  });

  it("says how the conversation stands on this device", () => {
    expect(drawn({}, <Stand view={view()} />)).toBe("");
    expect(drawn({}, <Stand view={view({ sealed: "lost" })} />)).toContain("perdu le fil");
    expect(drawn({}, <Stand view={view({ sealed: "alarm" })} />)).toContain('role="alert"');
  });
});

describe("choosing a protection", () => {
  const Chooser = ({ kind = "group", refused = null }: { kind?: "group" | "channel"; refused?: readonly string[] | null }) => {
    const choice = useProtectionChoice(kind, [person(BOB, "Bob"), person(CAROL, "Carol")], refused);
    return <><ChooseProtection kind={kind} choice={choice} /><output>{choice.protection}</output></>;
  };
  it("is sealed at first, and offers no archive that does not exist", () => {
    const words = drawn({}, <Chooser />);
    expect(words).toContain("<output>sealed</output>");
    expect(words).toContain("le serveur ne peut pas lire");
    expect(words).not.toContain("Enregistrée");
  });
  it("names those without keys, and never turns open by itself", () => {
    const words = drawn({}, <Chooser refused={[BOB, CAROL]} />);
    expect(words).toContain("Bob et Carol n’ont encore aucun appareil avec des clés");
    expect(words).toContain("<output>sealed</output>");
    expect(drawn({}, <Chooser refused={[]} />)).toContain("Une des personnes");
    expect(drawn({ status: "needs_keyring" }, <Chooser />)).toContain("/settings/keys");
  });
  it("says that a channel is open", () => {
    const words = drawn({}, <Chooser kind="channel" />);
    expect(words).toContain("le serveur peut le lire");
    expect(words).toContain("<output>open</output>");
  });
  it("takes from a refusal whom it is about", () => {
    const problem = new ApiProblem({ type: "", code: "devices_missing", status: 409, title: "", detail: `${BOB} ${CAROL}`, field: "members", incident: null, retry_after_ms: null });
    expect(accountsOf(problem)).toEqual([BOB, CAROL]);
    expect(accountsOf(new ApiProblem({ ...problem.toProblem(), detail: null }))).toEqual([]);
  });
  it("asks the copy of the key log who has none", async () => {
    const compare = (account: string) => Promise.resolve(account === BOB ? null : { number: "", code: "", fingerprint: "" });
    expect(await withoutKeys({ compare } as never, [BOB, CAROL])).toEqual([BOB]);
  });
});

describe("in the timeline", () => {
  const timeline = { items: [], members: new Map(), hasOlder: false } as unknown as TimelineView;
  const message = (sealed: "waiting" | "locked" | null): TimelineItem => ({ type: "message", key: "m", clientId: null, waiting: false, message: { seq: 2, account: BOB, time: "2026-11-22T09:14:00.000Z", text: "", mentions: [], files: [], replyTo: null, revised: null, redacted: null, erased: false, unsupported: false, sealed, reactions: new Map() } });
  const line = (item: TimelineItem, before?: TimelineItem) => drawn({}, <Row item={item} before={before} after={undefined} fresh={0} view={view()} timeline={timeline} marks={{ byAccount: new Map(), deliveredToAll: 0, readByAll: 0, readBySome: 0 }} me={ME} acts={{} as never} stop active pointed people={PEOPLE} ref={null} />);
  it("holds the place of what waits and of what cannot be read, without acts on it", () => {
    expect(line(message("waiting"))).toContain("En attente des clés…");
    expect(line(message("locked"))).toContain("Écrit avant que cet appareil soit là");
    expect(line(message("locked"))).not.toContain("toolbar");
  });
  it("says why once for a run", () => {
    const words = line(message("locked"), message("locked"));
    expect(words).toContain("Illisible sur cet appareil");
    expect(words).not.toContain("Écrit avant");
  });
  it("tells of keys without a word of the protocol", () => {
    for (const what of ["started", "dropped", "alarm"] as const) {
      const words = line({ type: "keys", key: "k", seq: 1, time: "2026-11-22T09:14:00.000Z", what, account: what === "started" ? BOB : null });
      expect(words).toMatch(/clés/);
      expect(words).not.toMatch(/epoch|époque|commit|MLS|welcome/i);
    }
  });
});

describe("settings and bands", () => {
  it("says how this device stands, in both languages", () => {
    for (const language of ["fr", "en"] as const) {
      setLanguage(language);
      for (const status of ["starting", "unavailable", "ready", "revoked", "alarm"] as const) expect(drawn({ status }, <KeysSettings />)).toContain(t(`keys.status.${status}`));
      expect(drawn({ status: "needs_keyring" }, <KeysSettings />)).toContain(t("enter.title"));
    }
  });
  it("does not show the recovery code before it is asked for", () => {
    const words = drawn({ recoveryCode: "7K3M-Q9TZ" }, <KeysSettings />);
    expect(words).not.toContain("7K3M");
    expect(words).toContain(t("recovery.show"));
    expect(drawn({}, <KeysSettings />)).toContain(t("recovery.renew"));
  });
  it("puts an unexpected device before all else, and gives no way to lose the one in use", () => {
    const device = (id: string, current: boolean, unexpected: boolean) => ({ device: id, current, since: 0, unexpected });
    const loud = drawn({ devices: [device("aaaa1111", true, false), device("bbbb2222", false, true)] }, <KeysSettings />);
    expect(loud.indexOf(t("devices.unexpected"))).toBeLessThan(loud.indexOf(t("recovery.title")));
    expect(loud).toContain(t("devices.mine"));
    const alone = drawn({ devices: [device("aaaa1111", true, false)] }, <KeysSettings />);
    expect(alone).not.toContain(t("devices.lost"));
    expect(deviceName("aaaa1111", [])).toBe("Appareil 1111");
    expect(deviceName("a", [{ device: "a", name: "Firefox" }])).toBe("Firefox");
  });
  it("shows the code to compare on both sides", () => {
    expect(drawn({ status: "needs_keyring", link: { code: "4TQ9-ZK", state: "waiting" } }, <KeysSettings />)).toContain("4TQ9-ZK");
    expect(drawn({ status: "needs_keyring", link: { code: "4TQ9-ZK", state: "refused" } }, <KeysSettings />)).toContain("a refusé");
    expect(drawn({ status: "needs_keyring", link: "unsupported" }, <KeysSettings />)).not.toContain(t("enter.ask"));
  });
  it("bands one thing at a time, the gravest", () => {
    const unexpected = { devices: [{ device: "bbbb2222", current: false, since: 0, unexpected: true }] };
    expect(drawn({ status: "alarm", ...unexpected }, <KeyBands />)).toContain(t("band.alarm"));
    expect(drawn({ ...unexpected, recoveryCode: "X" }, <KeyBands />)).toContain(t("band.unexpected"));
    expect(drawn({ status: "needs_keyring" }, <KeyBands />)).toContain(t("enter.band"));
    expect(drawn({ recoveryCode: "X" }, <KeyBands />)).toContain(t("recovery.band"));
    expect(drawn({ recoveryCode: "X", recoveryPostponed: true }, <KeyBands />)).toBe("");
    expect(drawn({}, <KeyBands />)).toBe("");
  });
});

describe("what is said of a sealed conversation", () => {
  it("is honest about the server and about this device", () => {
    const words = drawn({}, <ProtectionSays of="sealed" members={3} />);
    for (const part of ["code fourni par le serveur", "ne lisent rien d’avant leur arrivée", "les membres et leurs rôles", "qui est mentionné", "à quel message un autre répond"]) expect(words).toContain(part);
    expect(drawn({}, <ProtectionSays of="open" members={3} />)).not.toContain("code fourni par le serveur");
  });
  it("marks those whose key was compared", () => {
    expect(drawn({ verified: new Set([BOB]) }, <VerifiedMark account={BOB} />)).toContain("Vérifié");
    expect(drawn({}, <VerifiedMark account={BOB} />)).toBe("");
  });
});
