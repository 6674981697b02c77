/** A list of people as spreadsheets write them, read on the device: what each line asks for, or what is wrong with it, in words. */
import type { Role } from "@sdk";

import { addressFrom } from "../entrance/AccountFields";
import { catalogue } from "../i18n/catalogue";
import { t } from "../i18n";
import type { Language } from "../i18n";

/** Lines of one list at most: each is a command and a link to hand out. */
export const LINES = 1_000;
const CHARS = 100;
const LOCAL_CHARS = 64;

export type Entry = { name: string; local: string; title: string; department: string; role: Role; language: Language };
/** `number` is that of the line in the text, from 1. */
export type Line = { number: number; entry: Entry; fault: string | null };
export type List = { lines: readonly Line[]; fault: string | null };

const ROLES: readonly Role[] = ["owner", "admin", "officer", "auditor", "member", "guest"];
const COLUMNS = ["name", "local", "title", "department", "role", "language"] as const;
type Column = (typeof COLUMNS)[number];

const fold = (text: string) => text.normalize("NFD").replace(/\p{M}/gu, "").replace(/['’]/g, " ").toLowerCase().replace(/[\s_-]+/g, " ").trim();

/** How people and exports name the columns. */
const HEADS: Readonly<Record<string, Column>> = {
  nom: "name", name: "name", "nom complet": "name", "prenom et nom": "name", "display name": "name", "full name": "name", "first name and name": "name", personne: "name", person: "name",
  adresse: "local", address: "local", local: "local", identifiant: "local", courriel: "local", email: "local", "e mail": "local", mail: "local",
  fonction: "title", titre: "title", title: "title", poste: "title", "job title": "title",
  service: "department", department: "department", departement: "department",
  role: "role", langue: "language", language: "language",
};
const LANGUAGES: Readonly<Record<string, Language>> = { fr: "fr", francais: "fr", french: "fr", en: "en", anglais: "en", english: "en" };
const roleOf = (text: string): Role | undefined => ROLES.find((role) => [role, catalogue[`role.${role}`].fr, catalogue[`role.${role}`].en].some((word) => fold(word) === text));

/** Records of RFC 4180, with the separator that the first line uses: comma, semicolon (French spreadsheets) or tab. */
function records(text: string): { number: number; fields: string[] }[] {
  const [first = ""] = text.split(/\r?\n/, 1);
  const outside = first.replace(/"[^"]*"/g, "");
  const separator = ["\t", ";", ","].find((one) => outside.includes(one)) ?? ",";
  const out: { number: number; fields: string[] }[] = [];
  let fields: string[] = [];
  let field = "";
  let quoted = false;
  let number = 1;
  let began = 1;
  const end = () => {
    fields.push(field.trim());
    if (fields.some(Boolean)) out.push({ number: began, fields });
    fields = [];
    field = "";
  };
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] ?? "";
    if (char === "\n") number += 1;
    if (quoted) {
      if (char !== '"') field += char;
      else if (text[i + 1] === '"') { field += char; i += 1; }
      else quoted = false;
    } else if (char === '"' && field.trim() === "") { quoted = true; field = ""; }
    else if (char === separator) { fields.push(field.trim()); field = ""; }
    else if (char === "\n") { end(); began = number; }
    else field += char;
  }
  end();
  return out;
}

/** Reads a list. `given` are the roles that whoever asks may give; an empty role is a member, an empty language is `spoken`. */
export function readList(text: string, { domain, given, spoken }: { domain: string; given: readonly Role[]; spoken: Language }): List {
  const all = records(text.replace(/^\uFEFF/, ""));
  const named = all[0]?.fields.map((field) => HEADS[fold(field)]) ?? [];
  const headed = named.filter(Boolean).length >= 2 || (named.length === 1 && named[0] !== undefined);
  const columns: readonly (Column | undefined)[] = headed ? named : COLUMNS;
  const rows = headed ? all.slice(1) : all;
  if (rows.length === 0) return { lines: [], fault: t("many.none") };
  if (rows.length > LINES) return { lines: [], fault: t("many.tooMany", { n: rows.length, most: LINES }) };
  if (headed && !columns.includes("name")) return { lines: [], fault: t("many.noName") };
  const seen = new Map<string, number>();
  const lines = rows.map(({ number, fields }): Line => {
    const of = (column: Column) => fields[columns.indexOf(column)] ?? "";
    const [name, asked, role, language] = [of("name"), of("local").toLowerCase(), fold(of("role")), fold(of("language"))];
    const [local = "", host] = asked === "" ? [addressFrom(name)] : asked.split("@", 2);
    const entry: Entry = { name, local, title: of("title"), department: of("department"), role: role === "" ? "member" : roleOf(role) ?? "member", language: language === "" ? spoken : LANGUAGES[language] ?? spoken };
    const twin = seen.get(local);
    seen.set(local, twin ?? number);
    const fault =
      fields.length > columns.length ? t("many.fields", { n: fields.length, most: columns.length })
      : name.length < 2 ? t("many.nameMissing")
      : [name, entry.title, entry.department].some((part) => part.length > CHARS) ? t("problem.text_too_long")
      : host !== undefined && host !== domain.toLowerCase() ? t("many.domain", { host, domain })
      : !/^[a-z0-9][a-z0-9._-]*$/.test(local) || local.length > LOCAL_CHARS ? t("many.address", { local })
      : twin !== undefined ? t("many.twin", { number: twin })
      : role !== "" && !roleOf(role) ? t("many.role", { role: of("role") })
      : !given.includes(entry.role) ? t("many.roleNotYours", { role: t(`role.${entry.role}`) })
      : language !== "" && !LANGUAGES[language] ? t("many.language", { language: of("language") })
      : null;
    return { number, entry, fault };
  });
  return { lines, fault: null };
}

/** Text of a file: UTF-8, or what older spreadsheets on Windows write. */
export async function textOf(file: Blob): Promise<string> {
  const bytes = await file.arrayBuffer();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** A field for a spreadsheet: quoted where needed, and never a formula. */
const field = (text: string): string => {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",;\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
};

/** Rows as a file that any spreadsheet opens: semicolons, and a mark that says UTF-8. */
export const toCsv = (rows: readonly (readonly string[])[]): string => `\uFEFF${rows.map((row) => row.map(field).join(";")).join("\r\n")}\r\n`;
