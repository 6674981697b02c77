import { expect, test } from "vitest";
import { Http } from "./http";
import type { Host } from "./host";
import { ApiProblem, NetworkError } from "./problem";
import { simHost, SimClock, SimServer } from "./testing/sim";

function rig(answer: (init: RequestInit) => Promise<Response>) {
  const clock = new SimClock();
  const seen: { url: string; init: RequestInit }[] = [];
  const host: Host = {
    ...simHost(clock, new SimServer(clock)),
    fetch: (url, init) => {
      seen.push({ url, init });
      return answer(init);
    },
  };
  return { clock, seen, http: new Http(host) };
}
const refusal = (promise: Promise<unknown>) => promise.then(() => "passed", (error: unknown) => error);

test("what changes something carries the header that a foreign page cannot set; what only reads does not", async () => {
  const { http, seen } = rig(async () => new Response("{}"));
  await http.command("me.get", {});
  await http.request("session", { method: "DELETE" });
  await http.request("server");
  expect(seen.map(({ init }) => (init.headers as Record<string, string>)["X-Rempart"])).toEqual(["1", "1", undefined]);
  expect(seen.map(({ url }) => url)).toEqual(["http://localhost/api/v1/commands/me.get", "http://localhost/api/v1/session", "http://localhost/api/v1/server"]);
  expect(seen.every(({ init }) => init.credentials === "same-origin" && init.redirect === "error")).toBe(true);
});

test("a refusal keeps its words, its field, its wait and its incident", async () => {
  const body = { type: "urn:rempart:problem:locked", code: "locked", status: 429, title: "Wait.", detail: "d", field: "password", retry_after_ms: 9_000, incident: "i7" };
  const { http } = rig(async () => new Response(JSON.stringify(body), { status: 429 }));
  const error = await refusal(http.request("session", { method: "POST", json: {} }));
  expect(error).toBeInstanceOf(ApiProblem);
  expect(error).toMatchObject({ code: "locked", status: 429, title: "Wait.", detail: "d", field: "password", retryAfterMs: 9_000, incident: "i7", transient: true });
  expect((error as ApiProblem).toProblem()).toEqual(body);
});

test.each([
  [502, "<html>", { code: "http_502", transient: true }],
  [404, "{\"x\":1}", { code: "http_404", transient: false }],
  [413, "null", { code: "http_413", transient: false }],
])("%d from something before the server is a problem too", async (status, text, expected) => {
  const { http } = rig(async () => new Response(text, { status }));
  expect(await refusal(http.request("server"))).toMatchObject({ name: "ApiProblem", status, ...expected });
});

test("Retry-After in seconds is understood where there is no problem document", async () => {
  const { http } = rig(async () => new Response("", { status: 503, headers: { "retry-after": "3" } }));
  expect(await refusal(http.request("server"))).toMatchObject({ retryAfterMs: 3_000 });
});

test("no line, an answer that is no JSON, silence, and given up are told apart", async () => {
  const broken = rig(() => Promise.reject(new TypeError("failed to fetch")));
  expect(await refusal(broken.http.request("server"))).toMatchObject({ name: "NetworkError", timeout: false });
  const garbled = rig(async () => new Response("{"));
  expect(await refusal(garbled.http.request("server"))).toBeInstanceOf(NetworkError);

  const silent = rig((init) => new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(new DOMException("", "AbortError")))));
  const waiting = refusal(silent.http.request("server"));
  await silent.clock.advance(30_000);
  expect(await waiting).toMatchObject({ name: "NetworkError", timeout: true });
  const abort = new AbortController();
  const given = refusal(silent.http.request("server", { signal: abort.signal }));
  abort.abort();
  expect(await given).toMatchObject({ name: "AbortError" });
  expect(await refusal(silent.http.request("server", { signal: abort.signal }))).toMatchObject({ name: "AbortError" });
});
