// People by account, asked for in batches when somebody looks at them, and their presence.

import type { Clock, Timer } from "./host";
import type { AccountId, Directory } from "./public";
import { Derived } from "./readable";
import type { Store } from "./store";
import type { Answer, Op, Params, Person, PersonPresence, Presence } from "./wire";

const BATCH_MS = 15;
const BATCH = 200;
/** Not known to the server: asked again after this. */
const UNKNOWN_MS = 60_000;
const OFFLINE: Presence = { availability: "offline", text: "", until: null };

export interface PeoplePorts {
  readonly clock: Clock;
  readonly store: Store;
  command<O extends Op>(op: O, params: Params<O>): Promise<Answer<O>>;
  /** Names may have changed. */
  changed(): void;
}

export class People implements Directory {
  readonly #ports: PeoplePorts;
  readonly #people = new Map<AccountId, Person>();
  readonly #presence = new Map<AccountId, Presence>();
  /** Asked of the server since this page began. */
  readonly #fresh = new Set<AccountId>();
  readonly #unknown = new Map<AccountId, number>();
  readonly #wanted = new Set<AccountId>();
  readonly #view: Derived<ReadonlyMap<AccountId, Person>>;
  #timer: Timer = null;
  #heard = false;

  constructor(ports: PeoplePorts, stored: readonly Person[]) {
    this.#ports = ports;
    for (const person of stored) this.#people.set(person.account, { ...person, presence: OFFLINE });
    this.#view = new Derived<ReadonlyMap<AccountId, Person>>(() => new Map(this.#people));
  }

  get subscribe(): Directory["subscribe"] {
    return this.#view.subscribe;
  }
  get getSnapshot(): Directory["getSnapshot"] {
    return this.#view.getSnapshot;
  }

  get(account: AccountId): Person | undefined {
    if (!this.#fresh.has(account)) this.#want(account);
    return this.#people.get(account);
  }

  name(account: AccountId): string | null {
    return this.get(account)?.display_name ?? null;
  }

  presence(account: AccountId): Presence | null {
    return this.#presence.get(account) ?? (this.#heard ? OFFLINE : null);
  }

  async search(query: string, options: { after?: string; limit?: number } = {}): Promise<Answer<"people.list">> {
    const page = await this.#ports.command("people.list", { query, after: options.after ?? null, limit: options.limit ?? 50 });
    this.learn(page.people);
    return page;
  }

  learn(people: readonly Person[]): void {
    if (people.length === 0) return;
    for (const person of people) {
      this.#fresh.add(person.account);
      this.#wanted.delete(person.account);
      this.#presence.set(person.account, person.presence);
      this.#people.set(person.account, person);
    }
    void this.#ports.store.putPeople(people).catch(() => {
      // Only a cache: without it they are asked for again.
    });
    this.#changed();
  }

  /** Everybody who is not named is offline. */
  welcome(present: readonly PersonPresence[]): void {
    this.#heard = true;
    this.#unknown.clear();
    this.#presence.clear();
    for (const { account, presence } of present) this.#presence.set(account, presence);
    for (const [account, person] of this.#people) {
      const presence = this.#presence.get(account) ?? OFFLINE;
      if (!samePresence(person.presence, presence)) this.#people.set(account, { ...person, presence });
    }
    // Whoever was asked for in vain while there was no line.
    this.#schedule();
    this.#changed();
  }

  onPresence({ account, presence }: PersonPresence): void {
    this.#presence.set(account, presence);
    const person = this.#people.get(account);
    if (person !== undefined) this.#people.set(account, { ...person, presence });
    this.#changed();
  }

  /** Ask anew for everybody, when next looked at. */
  forgetFreshness(): void {
    this.#fresh.clear();
  }

  #changed(): void {
    this.#view.changed();
    this.#ports.changed();
  }

  #want(account: AccountId): void {
    if (this.#wanted.has(account)) return;
    const asked = this.#unknown.get(account);
    if (asked !== undefined && this.#ports.clock.now() - asked < UNKNOWN_MS) return;
    this.#wanted.add(account);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== null || this.#wanted.size === 0) return;
    this.#timer = this.#ports.clock.after(BATCH_MS, () => {
      void this.#ask();
    });
  }

  async #ask(): Promise<void> {
    const accounts = [...this.#wanted].slice(0, BATCH);
    try {
      const { people } = await this.#ports.command("people.get", { accounts });
      const found = new Set(people.map((person) => person.account));
      for (const account of accounts) {
        this.#wanted.delete(account);
        this.#fresh.add(account);
        if (!found.has(account)) this.#unknown.set(account, this.#ports.clock.now());
      }
      // What the line said since is newer than this answer.
      this.learn(people.map((person) => ({ ...person, presence: this.#presence.get(person.account) ?? person.presence })));
      this.#timer = null;
      this.#schedule();
    } catch {
      // They stay wanted; the next welcome, or the next look, asks again.
      this.#timer = null;
      for (const account of accounts) this.#wanted.delete(account);
      for (const account of accounts) this.#unknown.set(account, this.#ports.clock.now() - UNKNOWN_MS + 2_000);
    }
  }
}

function samePresence(a: Presence, b: Presence): boolean {
  return a.availability === b.availability && a.text === b.text && (a.until ?? null) === (b.until ?? null);
}
