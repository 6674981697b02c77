// A simulated platform for tests: a clock that a test moves, and a server in memory behind fetch and WebSocket.

import { createHash } from "node:crypto";
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { fromBase64Url, toBase64Url } from "../bytes";
import type { Channel, Clock, Host, Socket } from "../host";
import type {
  AccountEntry, Conversation, Entry, EntryKind, Frame, Mark, Me, MemberRole, Person, PersonPresence, PostEntry, Problem, Upload, Welcome,
} from "../wire";

globalThis.IDBKeyRange ??= IDBKeyRange;

/** Lets everything run that waits for no clock. */
export async function settle(turns = 12): Promise<void> {
  for (let at = 0; at < turns; at++) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets everything run until something holds; whoever waits says by its next line what was expected. */
export async function until(holds: () => boolean): Promise<void> {
  for (let at = 0; at < 500 && !holds(); at++) await settle(1);
}

export class SimClock implements Clock {
  #now = 1_795_349_598_000;
  #next = 1;
  readonly #timers = new Map<number, { at: number; run: () => void }>();

  now(): number {
    return this.#now;
  }
  after(ms: number, run: () => void): number {
    const id = this.#next++;
    this.#timers.set(id, { at: this.#now + ms, run });
    return id;
  }
  cancel(timer: unknown): void {
    this.#timers.delete(timer as number);
  }
  /** Moves on, running what becomes due in its order. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.at <= until).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0];
      if (due === undefined) break;
      this.#timers.delete(due[0]);
      this.#now = Math.max(this.#now, due[1].at);
      due[1].run();
      await settle(4);
    }
    this.#now = until;
    await settle();
  }
}

export const ME = "0190b3c4-0000-7000-8000-00000000000a";
export const BOB = "0190b3c4-0000-7000-8000-00000000000b";
export const CAROL = "0190b3c4-0000-7000-8000-00000000000c";
export const ROOM = "0190b3c4-0000-7000-8000-0000000000f1";
export const DEVICE = "0190b3c4-0000-7000-8000-0000000000d1";

export function person(account: string, name: string): Person {
  return {
    account, address: `${name.toLowerCase()}@kerbrat.example`, display_name: name, title: "", department: "", role: "member", active: true,
    presence: { availability: "offline", text: "", until: null },
  };
}

export function problem(code: string, status: number, more: Partial<Problem> = {}): Problem {
  return { type: `urn:rempart:problem:${code}`, code, status, title: code, detail: null, field: null, retry_after_ms: null, incident: null, ...more };
}

class Refusal extends Error {
  constructor(readonly problem: Problem) {
    super(problem.code);
  }
}

interface SimConversation {
  conversation: Conversation;
  entries: Entry[];
  members: Map<string, MemberRole>;
  marks: Map<string, Mark>;
}

/** The other end of a socket. */
export class SimSocket implements Socket {
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  open = true;
  greeted = false;
  /** Frames held back by a test. */
  held: Frame[] | null = null;
  constructor(readonly server: SimServer) {}

  send(text: string): void {
    if (!this.open) throw new Error("closed");
    const { id, op, params } = JSON.parse(text) as { id: string; op: string; params: unknown };
    queueMicrotask(() => this.server.receive(this, id, op, params));
  }
  close(): void {
    this.open = false;
    this.server.sockets.delete(this);
  }
  push(frame: Frame): void {
    if (this.held !== null) {
      this.held.push(frame);
      return;
    }
    this.deliver(frame);
  }
  deliver(frame: Frame): void {
    if (this.open) this.onmessage?.({ data: JSON.stringify(frame) });
  }
  /** The line breaks, or the server closes it. */
  cut(code = 1006): void {
    if (!this.open) return;
    this.close();
    this.onclose?.({ code });
  }
}

export class SimServer {
  readonly sockets = new Set<SimSocket>();
  readonly conversations = new Map<string, SimConversation>();
  readonly people = new Map<string, Person>([ME, BOB, CAROL].map((id, at) => [id, person(id, ["Alice", "Bob", "Carol"][at] ?? "")]));
  readonly log: { op: string; params: unknown }[] = [];
  readonly uploads = new Map<string, { bytes: Uint8Array[]; size: number; offset: number }>();
  readonly requests: { method: string; path: string; headers: Record<string, string>; body: unknown }[] = [];
  presence: PersonPresence[] = [];
  accountEntries: AccountEntry[] = [];
  session = true;
  ready = true;
  reachable = true;
  must: string[] = [];
  /** Called before a command is done; may throw a refusal, or say that the answer is lost (the command is done) or the request is. */
  before: (op: string, params: unknown) => "answer" | "lose_answer" | "lose_request" = () => "answer";
  beforeHttp: (method: string, path: string) => "answer" | "lose_answer" | "lose_request" = () => "answer";

  constructor(readonly clock: SimClock) {}

  me(): Me {
    return {
      person: this.people.get(ME) ?? person(ME, "Alice"), language: "fr", device: DEVICE, session: "0190b3c4-0000-7000-8000-0000000000e1", may: [],
      totp: false, recovery_left: 0, must: this.must,
    };
  }

  refuse(code: string, status: number, more?: Partial<Problem>): never {
    throw new Refusal(problem(code, status, more));
  }

  addConversation(id = ROOM, more: Partial<Conversation> = {}): SimConversation {
    const made: SimConversation = {
      conversation: {
        conversation: id, kind: "group", protection: "open", last_seq: 0, last_time: null, role: "owner", from_seq: 1, read_seq: 0, muted: false,
        pinned: false, members: 2, with: null, details: null, created: this.time(), ...more,
      },
      entries: [],
      members: new Map<string, MemberRole>([[ME, "owner"], [BOB, "member"]]),
      marks: new Map(),
    };
    this.conversations.set(id, made);
    return made;
  }

  time(): string {
    return new Date(this.clock.now()).toISOString();
  }

  /** Appends and tells the lines. */
  append(id: string, account: string | null, content: unknown, more: { refersTo?: number; clientId?: string; kind?: EntryKind; bytes?: string } = {}): Entry {
    const room = this.conversations.get(id);
    if (room === undefined) throw new Error("no such conversation");
    const seq = room.entries.length + 1;
    const entry: Entry = {
      seq,
      kind: more.kind ?? "content",
      account,
      device: account === null ? null : DEVICE,
      client_id: more.clientId ?? `0190b3c4-0000-7000-8000-${(seq + 0x100000).toString(16).padStart(12, "0")}`,
      time: this.time(),
      refers_to: more.refersTo ?? null,
      content: more.bytes ?? (content === null ? null : toBase64Url(new TextEncoder().encode(JSON.stringify(content)))),
      epoch: null,
      blobs: [],
      leaf: "",
      salt: "",
    };
    room.entries.push(entry);
    room.conversation = { ...room.conversation, last_seq: seq, last_time: entry.time };
    for (const socket of this.sockets) if (socket.greeted) socket.push({ op: "entry", conversation: id, entry });
    return entry;
  }

  say(id: string, account: string, text: string, more: { refersTo?: number; mentions?: string[] } = {}): Entry {
    return this.append(id, account, { v: 1, type: "message", text, mentions: more.mentions ?? [] }, more);
  }

  push(frame: Frame): void {
    for (const socket of this.sockets) if (socket.greeted) socket.push(frame);
  }

  account(change: { change: "settings" } | { change: "read"; conversation: string; read: number } | { change: "membership"; conversation: string; member: boolean }): void {
    const entry = { seq: this.accountEntries.length + 1, time: this.time(), ...change } as AccountEntry;
    this.accountEntries.push(entry);
    this.push({ op: "account", entry });
  }

  cut(code?: number): void {
    for (const socket of [...this.sockets]) socket.cut(code);
  }

  ops(op: string): unknown[] {
    return this.log.filter((one) => one.op === op).map((one) => one.params);
  }

  /** Reads of a stored entry's own text, for the tests' comparisons. */
  texts(id: string): string[] {
    return (this.conversations.get(id)?.entries ?? []).flatMap((entry) => {
      const content = entry.content == null ? null : (JSON.parse(new TextDecoder().decode(fromBase64Url(entry.content))) as { text?: string });
      return content?.text === undefined ? [] : [content.text];
    });
  }

  receive(socket: SimSocket, id: string, op: string, params: unknown): void {
    if (!socket.open) return;
    this.log.push({ op, params });
    try {
      const fate = this.before(op, params);
      if (fate === "lose_request") {
        socket.cut();
        return;
      }
      // The line is dead already for what comes of it.
      if (fate === "lose_answer") socket.held = [];
      const answer = op === "hello" ? this.welcome(socket) : this.command(op, params as never);
      if (fate === "lose_answer") {
        socket.cut();
        return;
      }
      socket.push({ op: "ok", id, answer });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      socket.push({ op: "refused", id, problem: error.problem });
    }
  }

  welcome(socket: SimSocket): Welcome {
    socket.greeted = true;
    return {
      now: this.time(),
      account_seq: this.accountEntries.length,
      conversations: [...this.conversations.values()].map((room) => room.conversation),
      presence: this.presence,
    };
  }

  command(op: string, params: Record<string, never>): unknown {
    if (!this.session) this.refuse("not_signed_in", 401);
    const p = params as Record<string, unknown>;
    const room = typeof p.conversation === "string" ? this.conversations.get(p.conversation) : undefined;
    switch (op) {
      case "me.get":
        return this.me();
      case "ping":
      case "typing.set":
      case "presence.active":
      case "presence.set":
      case "cursor.ack":
        return {};
      case "marks.read":
        if (room !== undefined) room.conversation = { ...room.conversation, read_seq: Math.max(room.conversation.read_seq, p.seq as number) };
        return {};
      case "marks.get":
        return { marks: [...(room?.marks.values() ?? [])] };
      case "people.get":
        return { people: (p.accounts as string[]).flatMap((account) => this.people.get(account) ?? []), next: null, total: null };
      case "conversations.get":
        return room?.conversation ?? this.refuse("not_a_member", 403);
      case "conversations.members":
        return { members: [...(room?.members ?? [])].map(([account, role]) => ({ account, role, since: this.time() })) };
      case "account_journal.read":
        return { entries: this.accountEntries.filter((entry) => entry.seq > (p.after as number)), last_seq: this.accountEntries.length };
      case "journal.read": {
        if (room === undefined) return this.refuse("not_a_member", 403);
        const all = room.entries.filter((entry) => entry.seq >= room.conversation.from_seq);
        const limit = p.limit as number;
        const entries = p.after != null
          ? all.filter((entry) => entry.seq > (p.after as number)).slice(0, limit)
          : all.filter((entry) => entry.seq < (p.before as number)).slice(-limit);
        return { entries, last_seq: room.entries.length };
      }
      case "messages.post": {
        if (room === undefined) return this.refuse("not_a_member", 403);
        const post = params as unknown as PostEntry;
        const former = room.entries.find((entry) => entry.client_id === post.client_id && entry.account === ME);
        const entry = former ?? this.append(post.conversation, ME, null, {
          clientId: post.client_id, bytes: post.content, ...(post.refers_to == null ? {} : { refersTo: post.refers_to }),
        });
        return { seq: entry.seq, time: entry.time, leaf: "", salt: "", promise: "" };
      }
      default:
        return this.refuse("unknown_command", 404);
    }
  }

  async http(url: string, init: RequestInit): Promise<Response> {
    const path = url.replace(/^https?:\/\/[^/]+\/api\/v1\//, "");
    const method = init.method ?? "GET";
    const headers = Object.fromEntries(Object.entries(init.headers as Record<string, string>).map(([name, value]) => [name.toLowerCase(), value]));
    const body = typeof init.body === "string" ? (JSON.parse(init.body) as unknown) : init.body;
    this.requests.push({ method, path, headers, body });
    if (!this.reachable) throw new TypeError("failed to fetch");
    const fate = this.beforeHttp(method, path);
    if (fate === "lose_request") throw new TypeError("failed to fetch");
    const answer = (status: number, value: unknown) => {
      if (fate === "lose_answer") throw new TypeError("failed to fetch");
      return new Response(JSON.stringify(value), { status });
    };
    if (method !== "GET" && headers["x-rempart"] !== "1") return answer(403, problem("csrf", 403));
    try {
      if (path === "server") {
        return answer(200, {
          ready: this.ready, organisation: "Kerbrat", domain: "kerbrat.example", host: "localhost", version: "0", password_bits: 80, max_file: 1e9, now: this.time(),
        });
      }
      if (path === "session" && method === "DELETE") {
        this.session = false;
        return answer(200, {});
      }
      if (path === "session" && method === "GET") return answer(200, { me: this.session ? this.me() : null });
      if (path === "session") {
        if ((body as { password: string }).password !== "right") this.refuse("wrong_password", 401, { field: "password" });
        this.session = true;
        return answer(200, { status: "signed_in", account: ME, device: DEVICE, session: "s" });
      }
      if (path.startsWith("commands/")) return answer(200, this.command(path.slice("commands/".length), body as never));
      if (path.startsWith("uploads")) return answer(200, await this.upload(method, path, headers, body));
      return answer(404, problem("not_found", 404));
    } catch (error) {
      if (error instanceof Refusal) return answer(error.problem.status, error.problem);
      throw error;
    }
  }

  async upload(method: string, path: string, headers: Record<string, string>, body: unknown): Promise<Upload | object> {
    if (method === "POST") {
      const id = `upload-${this.uploads.size + 1}`;
      this.uploads.set(id, { bytes: [], size: (body as { size: number }).size, offset: 0 });
      return this.uploadState(id);
    }
    const id = path.split("/")[1] ?? "";
    const upload = this.uploads.get(id);
    if (upload === undefined) return this.refuse("upload_unknown", 404);
    if (method === "DELETE") {
      this.uploads.delete(id);
      return {};
    }
    if (method === "PATCH") {
      if (Number(headers["upload-offset"]) !== upload.offset) this.refuse("upload_offset", 409);
      const bytes = new Uint8Array(await (body as Blob).arrayBuffer());
      upload.bytes.push(bytes);
      upload.offset += bytes.length;
    }
    return this.uploadState(id);
  }

  uploadState(id: string): Upload {
    const upload = this.uploads.get(id);
    if (upload === undefined) return this.refuse("upload_unknown", 404);
    const ended = upload.offset === upload.size && upload.bytes.length > 0;
    const hash = ended ? createHash("sha256").update(Buffer.concat(upload.bytes)).digest("hex") : null;
    return { upload: id, offset: upload.offset, size: upload.size, blob: hash, media_type: ended ? "application/octet-stream" : null };
  }
}

/** Tabs of one profile: they share the database, the channels and the locks. */
export class SimProfile {
  readonly indexedDB: IDBFactory = new IDBFactory();
  readonly channels = new Map<string, Set<Channel>>();
  readonly locks = new Map<string, { held: boolean; queue: (() => void)[] }>();
}

export interface SimHost extends Host {
  readonly events: { online(): void; offline(): void; visible(): void; input(): void };
}

export function simHost(clock: SimClock, server: SimServer, profile = new SimProfile()): SimHost {
  const noop = () => undefined;
  const events = { online: noop as () => void, offline: noop as () => void, visible: noop as () => void, input: noop as () => void };
  let seed = 1;
  return {
    origin: "http://localhost",
    clock,
    indexedDB: profile.indexedDB as unknown as globalThis.IDBFactory,
    deviceName: "test",
    sealed: null,
    events,
    fetch: (url, init) => server.http(url, init),
    socket() {
      const socket = new SimSocket(server);
      queueMicrotask(() => {
        if (!server.reachable || !server.session) {
          socket.cut();
          return;
        }
        server.sockets.add(socket);
        socket.onopen?.(undefined as never);
      });
      return socket;
    },
    random(bytes) {
      for (let at = 0; at < bytes.length; at++) {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
        bytes[at] = seed >> 16;
      }
    },
    jitter: () => 0.5,
    sha256: async (bytes) => new Uint8Array(createHash("sha256").update(new Uint8Array(bytes)).digest()).buffer,
    channel(name) {
      const all = profile.channels.get(name) ?? new Set<Channel>();
      profile.channels.set(name, all);
      const own: Channel = {
        onmessage: null,
        post(message) {
          for (const other of all) if (other !== own) queueMicrotask(() => other.onmessage?.(structuredClone(message)));
        },
        close: () => void all.delete(own),
      };
      all.add(own);
      return own;
    },
    lock(name, signal, held) {
      const lock = profile.locks.get(name) ?? { held: false, queue: [] };
      profile.locks.set(name, lock);
      const take = () => {
        if (signal.aborted) {
          lock.held = false;
          lock.queue.shift()?.();
          return;
        }
        lock.held = true;
        signal.addEventListener("abort", () => {
          lock.held = false;
          lock.queue.shift()?.();
        });
        held();
      };
      if (lock.held) lock.queue.push(take);
      else take();
    },
    watch(given) {
      Object.assign(events, given);
      return () => undefined;
    },
  };
}
