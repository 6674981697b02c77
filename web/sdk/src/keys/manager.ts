// The account's and this device's keys: made at first sign-in without a question, brought to further devices, published, topped up.

import { fromBase64Url, toBase64Url } from "../bytes";
import { ApiProblem, NetworkError } from "../problem";
import type { AccountId } from "../public";
import { Value } from "../readable";
import type { Backend, Device, LogChange, LogView } from "../sealed/ports";
import { decodeKept, encodeKept, sameBytes } from "../sealed/record";
import type { Answer, KeyStatus, Op, Params } from "../wire";
import { ALARM, FollowedDirectory } from "./directory";
import { fromBase32 } from "./code";
import { makeLinkKeys, makeRecoveryCode, openFromLink, openKeyring, sealForLink, sealKeyring, shortCode, type LinkKeys } from "./keyring";
import { NO_KEYS, type KeysActions, type KeysState } from "./state";
import { accept, firstContact, know, standing, unverify, withResets, type Words } from "./words";

const PACKAGES = 100;
const FEW_PACKAGES = 50;
const PACKAGES_AT_ONCE = 25;
const LAST_RESORT_MS = 7 * 24 * 3_600_000;
const LINK_POLL_MS = 3_000;
const RING = "keys/ring";
const PEOPLE = "keys/people";
const LAST_RESORT = "keys/last-resort";
/** What this profile saw of the log and of people outlives its keys. Only the person's sign-out forgets it. */
const REMEMBERED = [ALARM, PEOPLE];

/** The account's secrets as this device keeps them. */
interface Ring {
  readonly seed: string;
  /** Until the person has noted it. */
  readonly code: string | null;
  readonly postponed: boolean;
}

export interface ManagerPorts {
  readonly backend: Backend;
  readonly account: AccountId;
  readonly device: string;
  now(): number;
  after(ms: number, run: () => void): unknown;
  cancel(timer: unknown): void;
  random(bytes: Uint8Array): void;
  command<O extends Op>(op: O, params: Params<O>): Promise<Answer<O>>;
  /** This device has its keys: groups can be followed. */
  ready(device: Device, directory: FollowedDirectory): void;
  /** The key log says something new. */
  changed(): void;
  fault(error: unknown): void;
}

export class KeysManager implements KeysActions {
  readonly state = new Value<KeysState>(NO_KEYS);
  readonly directory: FollowedDirectory;
  readonly #ports: ManagerPorts;
  #device: Device | null = null;
  #ring: Ring | null = null;
  /** Keys of this profile that cannot be this device's. Nothing of them is erased before the person brings others. */
  #aside: { readonly device: Device; readonly ring: Ring | null } | null = null;
  /** Null before the first contact with the log. */
  #words: Words | null = null;
  #saying: Promise<void> = Promise.resolve();
  #link: LinkKeys | null = null;
  #poll: unknown = null;
  #bringing: Promise<void> | null = null;
  #closed = false;

  constructor(ports: ManagerPorts) {
    this.#ports = ports;
    this.directory = new FollowedDirectory({
      log: ports.backend.log,
      vault: ports.backend.vault,
      now: ports.now,
      page: (after, limit) => ports.command("keys.log", { after, limit }),
      changed: (changes) => this.#heard(changes),
      alarm: (code) => {
        this.#set({ status: "alarm", alarm: code });
        ports.changed();
      },
    });
  }

  /** Takes up what is kept; works without a line. */
  async open(): Promise<void> {
    const { backend } = this.#ports;
    const [ring, words] = await backend.vault.getAll([RING, PEOPLE]);
    if (ring != null) this.#ring = decodeKept<Ring>(ring);
    if (words != null) this.#words = decodeKept<Words>(words);
    await this.directory.load();
    // The log was followed, and what was thought of it could not be kept then: this is what was believed at first.
    if (this.#words === null && this.directory.view.identities.length > 0) await this.#say((first) => first);
    this.#device = await backend.device();
    this.#setAside();
    this.#show();
  }

  /** Keys under another name than the one that the server gives now, or of an identity that is not the log's. */
  #setAside(): void {
    const { account, device: own } = this.#ports;
    const device = this.#device;
    if (device === null) return;
    const known = this.directory.identity(account);
    if (device.seat.device === own && (known === null || sameBytes(known, device.seat.accountKey))) return;
    this.#aside = { device, ring: this.#ring };
    this.#device = null;
    this.#ring = null;
  }

  close(): void {
    this.#closed = true;
    this.#ports.cancel(this.#poll);
  }

  /** There is a line: makes, publishes and tops up whatever is missing. */
  bring(): Promise<void> {
    this.#bringing ??= this.#bring().finally(() => {
      this.#bringing = null;
    });
    return this.#bringing;
  }

  async #bring(): Promise<void> {
    const { command, account } = this.#ports;
    const status = await command("keys.status", {});
    this.directory.serverKey = fromBase64Url(status.external_sender);
    await this.directory.refresh();
    if (this.directory.alarmed) return;
    // The log decides, not the server's word. Another device of the account may have been first.
    this.#setAside();
    const known = this.directory.identity(account);
    if (this.#device === null && (known !== null || status.identity != null)) {
      this.#set({ status: "needs_keyring" });
      this.#show();
      return;
    }
    const device = this.#device ?? (await this.#first());
    const mine = this.directory.view.devices.find((one) => one.account === account && one.device === device.seat.device);
    if (mine?.live === false) {
      this.#set({ status: "revoked" });
      return;
    }
    if (mine === undefined) await this.#publish(device, known === null);
    await this.#complete(device, status);
  }

  async #complete(device: Device, status: KeyStatus): Promise<void> {
    await this.#keepAtServer(status);
    await this.#topUp(device, status);
    await this.directory.refresh();
    this.#device = device;
    this.#show();
    if (this.directory.alarmed) return;
    this.#ports.ready(device, this.directory);
    await this.links();
  }

  /** The account's first keys. On disk first, then the log, then the keyring at the server: whatever breaks, the next try goes on. */
  async #first(): Promise<Device> {
    const { backend, account, device, now, random } = this.#ports;
    // The log has no identity of the account: keys made under another name were never anybody's.
    await this.#makeRoom();
    const seed = new Uint8Array(32);
    random(seed);
    const code = makeRecoveryCode(random);
    const ring: Ring = { seed: toBase64Url(seed), code, postponed: false };
    const made = await backend.enrol({ account, device, now: now() }, seed, { [RING]: encodeKept(ring) });
    this.#ring = ring;
    this.#device = made;
    return made;
  }

  async #makeRoom(): Promise<void> {
    if (this.#aside === null) return;
    await this.#ports.backend.discard(REMEMBERED);
    this.#aside = null;
  }

  async #publish(device: Device, first: boolean): Promise<void> {
    const entries = [...(first ? [await device.identityEntry()] : []), await device.deviceEntry()];
    await this.#ports.command("keys.publish", { entries: entries.map(toBase64Url) });
  }

  /** Only after the log has the identity: of two browsers that begin at once, the one that is first there writes the keyring. */
  async #keepAtServer(status: KeyStatus): Promise<void> {
    const { command, account, random } = this.#ports;
    if (status.keyring_version > 0 || this.#ring === null) return;
    const ring: Ring = { ...this.#ring, code: this.#ring.code ?? makeRecoveryCode(random) };
    await this.#keepRing(ring);
    const sealed = await sealKeyring({ seed: fromBase64Url(ring.seed) }, ring.code ?? "", account);
    await command("keys.keyring.put", { follows: 0, sealed: toBase64Url(sealed) });
  }

  async #topUp(device: Device, status: KeyStatus): Promise<void> {
    const { backend, command, now } = this.#ports;
    const kept = await backend.vault.get(LAST_RESORT);
    const old = kept === null || now() - decodeKept<number>(kept) > LAST_RESORT_MS;
    if (!status.last_resort || old) {
      const [last] = await device.keyPackages(0, true, now());
      if (last !== undefined) await command("keys.packages.put", { one_time: [], last_resort: toBase64Url(last) });
      await backend.vault.write({ [LAST_RESORT]: encodeKept(now()) });
    }
    if (status.packages >= FEW_PACKAGES) return;
    for (let missing = PACKAGES - status.packages; missing > 0 && !this.#closed; missing -= PACKAGES_AT_ONCE) {
      const made = await device.keyPackages(Math.min(missing, PACKAGES_AT_ONCE), false, now());
      await command("keys.packages.put", { one_time: made.map(toBase64Url), last_resort: null });
    }
  }

  /** Something of the account's keys changed, or a new device asks. */
  async heard(): Promise<void> {
    if (this.#link !== null) await this.#look();
    if (this.state.value.status !== "ready") return;
    await Promise.all([this.directory.refresh(), this.links()]);
  }

  // ── A device that has no keys yet ──

  async recover(code: string): Promise<void> {
    const { command, account } = this.#ports;
    if (fromBase32(code, 20) === null) throw refusal("recovery_code_malformed", "This is not a recovery code.");
    const { sealed } = await command("keys.keyring.get", {});
    if (sealed === null || sealed === undefined) throw refusal("recovery_none", "There is no keyring to recover.");
    const keyring = await openKeyring(fromBase64Url(sealed), code, account);
    if (keyring === null) throw refusal("recovery_code_wrong", "This is not the recovery code of this account.");
    await this.#enter(keyring.seed, refusal("recovery_code_wrong", "These keys are not those of this account."));
  }

  /** `other`: what is said of keys whose identity is not the one that the log has of the account. */
  async #enter(seed: Uint8Array, other: ApiProblem): Promise<void> {
    const { backend, account, device, now, command } = this.#ports;
    const status = await command("keys.status", {});
    this.directory.serverKey = fromBase64Url(status.external_sender);
    await this.directory.refresh();
    if (this.directory.alarmed) throw refusal("log_alarm", "The key log shows what it must not.");
    const known = this.directory.entry(account);
    if (known === null) throw other;
    const ring: Ring = { seed: toBase64Url(seed), code: null, postponed: false };
    const aside = this.#aside;
    // Keys that are the account's are not given up for others that are not.
    if (aside !== null && aside.ring !== null && sameBytes(aside.device.seat.accountKey, known.key) && aside.ring.seed !== ring.seed) throw other;
    await this.#makeRoom();
    const made = await backend.enrol({ account, device, now: now() }, seed, { [RING]: encodeKept(ring) });
    if (!sameBytes(made.seat.accountKey, known.key)) {
      await backend.discard(REMEMBERED);
      throw other;
    }
    this.#ring = ring;
    this.#device = made;
    this.#stopLink();
    // Whoever has the keyring knows the identity for their own.
    await this.#say((words) => accept(words, known, false));
    if (this.directory.owner(device) === null) await this.#publish(made, false);
    await this.#complete(made, status);
  }

  async askLink(): Promise<void> {
    const { account, device, command } = this.#ports;
    const keys = await makeLinkKeys();
    if (keys === null) {
      this.#set({ link: "unsupported" });
      return;
    }
    await command("keys.link.ask", { public: toBase64Url(keys.public) });
    this.#link = keys;
    this.#set({ link: { code: await shortCode(keys.public, account, device), state: "waiting" } });
    this.#watchLink();
  }

  #watchLink(): void {
    this.#ports.cancel(this.#poll);
    this.#poll = this.#ports.after(LINK_POLL_MS, () => {
      if (this.#closed || this.#link === null) return;
      this.#look()
        .catch((error: unknown) => (error instanceof NetworkError ? undefined : this.#ports.fault(error)))
        .finally(() => this.#watchLink());
    });
  }

  async #look(): Promise<void> {
    const { command, account } = this.#ports;
    const { state, sealed } = await command("keys.link.state", {});
    const keys = this.#link;
    if (keys === null || state === "waiting") return;
    if (state === "answered" && sealed != null) {
      const keyring = await openFromLink(fromBase64Url(sealed), keys, account);
      this.#stopLink();
      if (keyring === null) throw refusal("link_wrong", "What the other device sent cannot be opened.");
      await this.#enter(keyring.seed, refusal("link_other_identity", "The other device sent keys that are not those of this account."));
      return;
    }
    const { link } = this.state.value;
    this.#stopLink();
    this.#set({ link: state === "refused" && link !== null && link !== "unsupported" ? { ...link, state: "refused" } : null });
  }

  #stopLink(): void {
    this.#ports.cancel(this.#poll);
    this.#link = null;
    this.#set({ link: null });
  }

  // ── A device that has keys ──

  /** Asks who waits. */
  async links(): Promise<void> {
    const { command, account } = this.#ports;
    const { links } = await command("keys.link.list", {});
    const requests = await Promise.all(
      links.map(async ({ device, name, public: key, expires }) => ({ device, name, expires, code: await shortCode(fromBase64Url(key), account, device), public: key })),
    );
    this.#set({ requests });
  }

  async answerLink(device: string, accept: boolean): Promise<void> {
    const { command, account } = this.#ports;
    const { links } = await command("keys.link.list", {});
    const request = links.find((one) => one.device === device);
    const shown = this.state.value.requests.find((one) => one.device === device);
    if (request === undefined || shown === undefined) throw refusal("link_ended", "This request has ended.");
    const key = fromBase64Url(request.public);
    // The server may have put another key in its place since.
    if ((await shortCode(key, account, device)) !== shown.code) throw refusal("link_changed", "This request has changed. Compare the codes again.");
    let sealed: Uint8Array | null = null;
    if (accept) {
      if (this.#ring === null) throw refusal("no_keyring", "This device does not have the account's keys.");
      sealed = await sealForLink({ seed: fromBase64Url(this.#ring.seed) }, key, account);
      if (sealed === null) throw refusal("link_unsupported", "This browser cannot hand over keys. Use the recovery code.");
      await this.#say((words) => know(words, device));
    }
    await command("keys.link.answer", { device, public: request.public, sealed: sealed === null ? null : toBase64Url(sealed) });
    await this.links();
  }

  async recoveryNoted(): Promise<void> {
    if (this.#ring !== null) await this.#keepRing({ ...this.#ring, code: null, postponed: false });
  }
  async recoveryLater(): Promise<void> {
    if (this.#ring !== null) await this.#keepRing({ ...this.#ring, postponed: true });
  }

  async renewRecovery(): Promise<void> {
    const { command, account, random } = this.#ports;
    const ring = this.#ring;
    if (ring === null) throw refusal("no_keyring", "This device does not have the account's keys.");
    const code = makeRecoveryCode(random);
    const { version } = await command("keys.keyring.get", {});
    // Kept before it is sent: a code that nobody knows would lock the person out.
    await this.#keepRing({ ...ring, code, postponed: false });
    await command("keys.keyring.put", { follows: version, sealed: toBase64Url(await sealKeyring({ seed: fromBase64Url(ring.seed) }, code, account)) });
  }

  async acceptDevice(device: string): Promise<void> {
    await this.#say((words) => know(words, device));
  }

  async revokeDevice(device: string): Promise<void> {
    if (this.#device === null) throw refusal("no_keyring", "This device does not have the account's keys.");
    await this.#ports.command("keys.publish", { entries: [toBase64Url(await this.#device.revocationEntry(device))] });
    await this.acceptDevice(device);
    await this.directory.refresh();
    this.#show();
  }

  // ── Other people's keys ──

  async acceptChanged(account: AccountId, fingerprint: string): Promise<void> {
    const identity = await this.#shown(account, fingerprint);
    await this.#say((words) => (standing(words, this.directory.view).changed.has(account) ? accept(words, identity, false) : words));
  }

  async setVerified(account: AccountId, verified: boolean, fingerprint: string): Promise<void> {
    if (!verified) return this.#say((words) => unverify(words, account));
    const identity = await this.#shown(account, fingerprint);
    return this.#say((words) => accept(words, identity, true));
  }

  /** The identity that the person was shown. What the log says meanwhile is another, and stays to be accepted. */
  async #shown(account: AccountId, fingerprint: string): Promise<LogView["identities"][number]> {
    // Before the fingerprint is asked for: a key that comes in between is then not the one that is accepted.
    const identity = this.directory.entry(account);
    const now = await this.#ports.backend.log.compare(this.#ports.account, account);
    if (identity === null || now?.fingerprint !== fingerprint) throw refusal("key_changed_again", "The key has changed again since it was shown.");
    return identity;
  }

  async compare(account: AccountId): ReturnType<KeysActions["compare"]> {
    const { backend, account: me } = this.#ports;
    const known = await backend.log.compare(me, account);
    if (known !== null) return known;
    // Somebody may have come in since this copy was last brought up to date.
    try {
      await this.directory.refresh();
    } catch (error) {
      if (error instanceof NetworkError) return null;
      throw error;
    }
    return backend.log.compare(me, account);
  }

  #heard(changes: readonly LogChange[]): void {
    this.#show();
    if (this.#words === null || changes.some((one) => one.news === "identity" && one.reset)) {
      const first = this.#words === null;
      this.#say((words) => (first ? words : withResets(words, changes))).catch((error: unknown) => this.#ports.fault(error));
    }
    this.#ports.changed();
  }

  /** One after the other, each upon what the one before left. */
  #say(change: (words: Words) => Words): Promise<void> {
    this.#words ??= firstContact(this.directory.view, this.#ports.account);
    const saying = this.#saying.then(async () => {
      const words = change(this.#words ?? firstContact(this.directory.view, this.#ports.account));
      await this.#ports.backend.vault.write({ [PEOPLE]: encodeKept(words) });
      this.#words = words;
      this.#show();
    });
    this.#saying = saying.catch(() => undefined);
    return saying;
  }

  async #keepRing(ring: Ring): Promise<void> {
    await this.#ports.backend.vault.write({ [RING]: encodeKept(ring) });
    this.#ring = ring;
    this.#show();
  }

  #show(): void {
    const { account, device: own } = this.#ports;
    const { view } = this.directory;
    const words = this.#words ?? firstContact(view, account);
    const { changed, verified } = standing(words, view);
    const devices = view.devices
      .filter((one) => one.account === account && one.live)
      .map(({ device, since }) => ({ device, since, current: device === own, unexpected: device !== own && !words.known.includes(device) }));
    const enrolled = this.#device !== null && devices.some((one) => one.current);
    this.#set({
      status: this.directory.alarmed ? "alarm" : enrolled ? "ready" : this.state.value.status,
      alarm: this.directory.alarmCode,
      recoveryCode: this.#ring?.code ?? null,
      recoveryPostponed: this.#ring?.postponed ?? false,
      devices,
      changed,
      verified,
    });
  }

  #set(change: Partial<KeysState>): void {
    if (!this.#closed) this.state.set({ ...this.state.value, ...change });
  }

  /** The device, when it was enrolled before: what is kept can be followed and read without a line. */
  get device(): Device | null {
    return this.state.value.status === "ready" ? this.#device : null;
  }
}

function refusal(code: string, title: string): ApiProblem {
  return new ApiProblem({ type: `urn:rempart:problem:${code}`, code, status: 409, title, detail: null, field: null, retry_after_ms: null, incident: null });
}
