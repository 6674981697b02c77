/** The API as a program uses it: for what a journey needs before it begins. */
import { request } from "node:https";
import type { Answer, Op, Params, SignedIn } from "../../web/sdk/src/wire";

import type { Server } from "./server";
import { code } from "./totp";

export const DOMAIN = "kerbrat.example";
export const ORGANISATION = "Hôpital de Kerbrat";
/** Long enough for everybody, and made of nobody's name. */
export const PASSWORD = "trois renards bleus près du grand phare, 2019";

const DEVICE = { device: null, name: "Navigateur d’essai" };

export class Api {
  cookie = "";

  constructor(private readonly server: Server) {}

  send<T>(method: "GET" | "POST" | "DELETE", path: string, json?: unknown): Promise<T> {
    const body = json === undefined ? undefined : JSON.stringify(json);
    return new Promise((resolve, reject) => {
      const asked = request(
        { host: "localhost", family: 4, port: this.server.port, ca: this.server.authority, method, path: `/api/v1/${path}`, headers: { "x-rempart": "1", ...(body ? { "content-type": "application/json", "content-length": Buffer.byteLength(body) } : {}), ...(this.cookie ? { cookie: this.cookie } : {}) } },
        (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part: Buffer) => parts.push(part));
          response.on("end", () => {
            const [cookie] = response.headers["set-cookie"] ?? [];
            if (cookie) this.cookie = cookie.split(";")[0] ?? "";
            const text = Buffer.concat(parts).toString();
            if ((response.statusCode ?? 500) >= 300) reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
            else resolve((text ? JSON.parse(text) : {}) as T);
          });
        },
      );
      asked.on("error", reject);
      asked.end(body);
    });
  }

  command<O extends Op>(op: O, params: Params<O>): Promise<Answer<O>> {
    return this.send("POST", `commands/${op}`, params);
  }
}

/** Somebody who has an account. */
export type Account = { id: string; name: string; address: string; password: string; totp: string | null; codes: string[]; api: Api };

const localOf = (name: string): string => name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^a-z]+/g, ".");

async function enrol(account: Account): Promise<void> {
  const { secret } = await account.api.command("me.totp.begin", {});
  const { codes } = await account.api.command("me.totp.confirm", { code: code(secret) });
  account.totp = secret;
  account.codes = [...codes];
}

/** The organisation and its owner, with a second factor. */
export async function setUp(server: Server, name = "Anne Le Goff"): Promise<Account> {
  const api = new Api(server);
  const owner = { local: localOf(name), display_name: name, password: PASSWORD, language: "fr" as const };
  const { account } = await api.send<SignedIn>("POST", "setup", { token: server.setup, organisation: ORGANISATION, domain: DOMAIN, host: server.host, owner, device: DEVICE });
  const made: Account = { id: account, name, address: `${owner.local}@${DOMAIN}`, password: PASSWORD, totp: null, codes: [], api };
  await enrol(made);
  return made;
}

/** Somebody who accepts an invitation of the owner. */
export async function join(server: Server, owner: Account, name: string, role: "admin" | "officer" | "auditor" | "member" | "guest" = "member"): Promise<Account> {
  const { url } = await owner.api.command("invitations.create", { role, hours: 24 });
  const api = new Api(server);
  const local = localOf(name);
  const { account } = await api.send<SignedIn>("POST", "invitations/accept", { token: url.split("#")[1], account: { local, display_name: name, password: PASSWORD, language: "fr" }, device: DEVICE });
  const made: Account = { id: account, name, address: `${local}@${DOMAIN}`, password: PASSWORD, totp: null, codes: [], api };
  if (role !== "member" && role !== "guest") await enrol(made);
  return made;
}

/** A further session of somebody; with a second factor, one recovery code is used up. */
export async function session(server: Server, account: Account): Promise<Api> {
  const api = new Api(server);
  const answer = await api.send<{ status: string; ticket?: string }>("POST", "session", { address: account.address, password: account.password, device: DEVICE });
  if (answer.status === "second_factor") await api.send("POST", "session/factor", { ticket: answer.ticket, code: account.codes.pop() });
  return api;
}
