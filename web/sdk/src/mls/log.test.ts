import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { beforeAll, expect, it, vi } from "vitest";
import { Place } from "./testing";

const ORIGIN = "chat.example.fr/keys";
const ACCOUNT = "0190b3c4-5d6e-7f80-8123-456789000001";
const DEVICE = "0190b3c4-5d6e-7f80-8123-456789000110";

type Bytes = Uint8Array<ArrayBuffer>;
const join = (...parts: readonly Uint8Array[]): Bytes => Uint8Array.from(Buffer.concat(parts));
const text = (value: string): Bytes => Uint8Array.from(Buffer.from(value));
const b64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const sha256 = async (bytes: Bytes): Promise<Bytes> => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

/** A log as the server keeps it: leaves, and heads signed as C2SP's checkpoints. */
class Server {
  readonly leaves: Bytes[] = [];
  private constructor(
    private readonly pair: CryptoKeyPair,
    private readonly name: Bytes,
    readonly key: string,
  ) {}

  static async make(origin = ORIGIN): Promise<Server> {
    const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
    const typed = join(Uint8Array.of(1), new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
    const name = (await sha256(join(text(`${origin}\n`), typed))).slice(0, 4);
    return new Server(pair, name, `${origin}+${Buffer.from(name).toString("hex")}+${b64(typed)}`);
  }

  add(entry: Uint8Array): void {
    const time = new Uint8Array(8);
    new DataView(time.buffer).setBigUint64(0, BigInt(Date.now()));
    this.leaves.push(join(Uint8Array.of(1), time, entry));
  }

  /** Of at most two leaves. */
  private async root(): Promise<Bytes> {
    const hashes = await Promise.all(this.leaves.map((leaf) => sha256(join(Uint8Array.of(0), leaf))));
    return hashes.length === 1 ? hashes[0]! : sha256(join(Uint8Array.of(1), ...hashes));
  }

  async head(): Promise<string> {
    const body = `${ORIGIN}\n${this.leaves.length}\n${b64(await this.root())}\n`;
    const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", this.pair.privateKey, text(body)));
    return `${body}\n— ${ORIGIN} ${b64(join(this.name, signature))}\n`;
  }
}

beforeAll(() => {
  vi.stubGlobal("IDBKeyRange", IDBKeyRange);
});

it("the key log is followed, kept, compared, and refused when it is another", async () => {
  const server = await Server.make();
  const one = await new Place(ACCOUNT, DEVICE, new Uint8Array(32).fill(1), new IDBFactory() as unknown as IDBFactory).enrol();
  const { log } = one.mls;
  expect(await log.next()).toBe(0);
  expect(await log.view(Date.now())).toEqual({ identities: [], devices: [] });
  expect(await log.compare(ACCOUNT, ACCOUNT)).toBeNull();

  server.add(await one.own.identityEntry());
  server.add(await one.own.deviceEntry());
  const head = await server.head();
  const first = await log.take(server.leaves.slice(0, 1), head, server.key, Date.now());
  expect(first).toMatchObject({ current: false, changes: [], view: { identities: [] } });
  // Only what matches a signed head is kept.
  await one.again();
  expect(await one.mls.log.next()).toBe(0);

  const taken = await one.mls.log.take(server.leaves, head, server.key, Date.now());
  expect(taken.current).toBe(true);
  expect(taken.changes).toEqual([
    { news: "identity", account: ACCOUNT, serial: 0, reset: false },
    { news: "added", account: ACCOUNT, device: DEVICE },
  ]);
  expect(taken.view.identities).toEqual([{ account: ACCOUNT, key: one.own.seat.accountKey, serial: 0, reset: false }]);
  expect(taken.view.devices).toMatchObject([{ account: ACCOUNT, device: DEVICE, live: true }]);

  await one.again();
  expect(await one.mls.log.next()).toBe(2);
  expect((await one.mls.log.view(Date.now())).devices).toHaveLength(1);
  expect((await one.mls.log.compare(ACCOUNT, ACCOUNT))?.number).toMatch(/^(\d{5} ){11}\d{5}$/);

  const other = await Server.make();
  other.leaves.push(...server.leaves);
  await expect(one.mls.log.take([], await other.head(), other.key, Date.now())).rejects.toMatchObject({ code: "log_other_key" });
  await expect(one.mls.log.take([], head.replace("\n2\n", "\n3\n"), server.key, Date.now())).rejects.toMatchObject({ code: "log_head" });
});

it("a first key that is not a key log's is refused", async () => {
  const server = await Server.make("chat.example.fr/messages");
  const one = await new Place(ACCOUNT, DEVICE, new Uint8Array(32).fill(1), new IDBFactory() as unknown as IDBFactory).enrol();
  await expect(one.mls.log.take([], "", server.key, Date.now())).rejects.toMatchObject({ code: "log_key" });
});
