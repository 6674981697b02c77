import { createHash } from "node:crypto";
import { beforeEach, expect, test } from "vitest";
import { Http } from "./http";
import { simHost, SimClock, SimServer, settle, ROOM } from "./testing/sim";
import { PART, startUpload } from "./upload";

let clock: SimClock;
let server: SimServer;
beforeEach(() => {
  clock = new SimClock();
  server = new SimServer(clock);
});

const bytes = new Uint8Array(2 * PART + 123).map((_, at) => (at * 31) % 251);
const hash = createHash("sha256").update(bytes).digest("hex");
function begin(content: Uint8Array<ArrayBuffer> = bytes) {
  const host = simHost(clock, server);
  return startUpload(host, new Http(host), ROOM, new Blob([content]));
}
const patches = () => server.requests.filter((request) => request.method === "PATCH").map((request) => request.headers["upload-offset"]);

test("goes in parts and tells how far it is", async () => {
  const upload = begin();
  const seen: number[] = [];
  upload.subscribe(() => seen.push(upload.getSnapshot().sent));
  expect(await upload.done).toEqual({ blob: hash, mediaType: "application/octet-stream", size: bytes.length });
  expect(patches()).toEqual(["0", String(PART), String(2 * PART)]);
  expect(upload.getSnapshot()).toMatchObject({ status: "done", sent: bytes.length });
  expect([...new Set(seen)]).toEqual([0, PART, 2 * PART, bytes.length]);
  expect(server.requests[0]?.body).toMatchObject({ conversation: ROOM, size: bytes.length, sha256: Buffer.from(hash, "hex").toString("base64url") });
});

test("an empty file is a file", async () => {
  expect((await begin(new Uint8Array()).done).blob).toBe(createHash("sha256").digest("hex"));
});

test.each(["lose_request", "lose_answer"] as const)("after %s it goes on from what the server has", async (fate) => {
  let left = 2;
  server.beforeHttp = (method) => (method === "PATCH" && server.requests.length > 2 && left-- > 0 ? fate : "answer");
  const upload = begin();
  const states: string[] = [];
  upload.subscribe(() => states.push(upload.getSnapshot().status));
  for (let at = 0; at < 10; at++) await clock.advance(1_000);
  expect((await upload.done).blob).toBe(hash);
  expect(states).toContain("waiting");
  expect(server.requests.filter((request) => request.method === "GET").length).toBeGreaterThan(0);
  const sizes = [...server.uploads.values()][0]?.bytes.map((part) => part.length);
  expect(sizes).toEqual([PART, PART, 123]);
});

test("a wrong place is asked for again", async () => {
  let once = true;
  server.beforeHttp = (method) => {
    const upload = server.uploads.get("upload-1");
    if (method === "PATCH" && once && upload !== undefined) {
      once = false;
      upload.bytes.push(bytes.slice(0, PART));
      upload.offset = PART;
    }
    return "answer";
  };
  expect((await begin().done).blob).toBe(hash);
});

test("without end, it gives up and says why", async () => {
  server.beforeHttp = (method) => (method === "PATCH" || method === "GET" ? "lose_request" : "answer");
  const upload = begin();
  for (let at = 0; at < 20; at++) await clock.advance(30_000);
  await expect(upload.done).rejects.toMatchObject({ name: "NetworkError" });
  expect(upload.getSnapshot()).toMatchObject({ status: "failed", error: { name: "NetworkError" } });
});

test("refused is said at once", async () => {
  server.upload = async () => server.refuse("file_too_large", 413);
  await expect(begin().done).rejects.toMatchObject({ code: "file_too_large", status: 413 });
});

test("given up, it stops and tells the server", async () => {
  const upload = begin();
  const done = upload.done.catch((error: unknown) => error as Error);
  server.beforeHttp = (method) => {
    if (method === "PATCH") upload.abort();
    return "answer";
  };
  expect(((await done) as Error).name).toBe("AbortError");
  await settle();
  expect(upload.getSnapshot().status).toBe("aborted");
  expect(server.requests.at(-1)?.method).toBe("DELETE");
});
