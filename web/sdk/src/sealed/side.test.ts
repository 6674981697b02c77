import { expect, test } from "vitest";
import { toBase64Url } from "../bytes";
import { Disk } from "../testing/groups";
import { BOB, CAROL, ME } from "../testing/sim";
import type { Entry } from "../wire";
import { encodeKept, keyOf } from "./record";
import { SealedSide, type SidePorts } from "./side";

const HERE = "0190b3c4-0000-7000-8000-0000000000f9";
const said = new TextEncoder().encode("dit par Bob");

const entry = (account: string, device: string): Entry => ({
  seq: 5, kind: "content", account, device, client_id: "c", time: "2026-11-22T09:14:00.000Z", refers_to: null, content: toBase64Url(said), epoch: "e",
  blobs: [], leaf: "", salt: "",
});

/** A tab that reads what another one opened. */
async function reader(kept: Readonly<Record<string, Uint8Array>>): Promise<SealedSide> {
  const disk = new Disk();
  await disk.write({ [keyOf.record(HERE)]: encodeKept({ dropped: [], cursor: 9 }), ...kept });
  const host: SidePorts["host"] = { reader: async () => disk, backend: () => Promise.reject(new Error("another tab drives")), wipe: async () => undefined };
  const ports = { host, account: ME, device: "a1", tell: () => undefined, fault: (error: unknown) => expect.unreachable(String(error)) };
  return new SealedSide(ports as unknown as SidePorts);
}

test("what was opened is shown under the name of who wrote it, and under no other", async () => {
  const side = await reader({ [keyOf.opened(HERE, 5)]: said, [keyOf.author(HERE, 5)]: encodeKept({ account: BOB, device: "b1" }) });
  expect(await side.open(HERE, "sealed", entry(BOB, "b1"))).toEqual({ state: "clear", content: said });
  expect(await side.open(HERE, "sealed", entry(CAROL, "b1"))).toEqual({ state: "locked" });
  expect(await side.open(HERE, "sealed", entry(BOB, "c1"))).toEqual({ state: "locked" });
});

test("what was written here and has not come back is not shown as somebody else's", async () => {
  const written = { content: toBase64Url(said), sealed: "", epoch: "e", refersTo: null, blobs: [] };
  const side = await reader({ [keyOf.written(HERE, "c")]: encodeKept(written) });
  expect(await side.open(HERE, "sealed", entry(ME, "a1"))).toEqual({ state: "clear", content: said });
  expect(await side.open(HERE, "sealed", entry(BOB, "a1"))).toEqual({ state: "locked" });
});
