/**
 * Safe Markdown: bold, italic, code, code blocks, lists, quotes, links. No HTML, no images, no headings: whatever is not
 * understood stays as typed. The result is a tree, never markup, so that nothing in a message can run or load.
 */
export type Inline =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "bold" | "italic" | "strike"; readonly of: readonly Inline[] }
  | { readonly type: "code"; readonly text: string }
  | { readonly type: "link"; readonly href: string; readonly domain: string; readonly text: string }
  | { readonly type: "mention"; readonly account: string; readonly text: string }
  | { readonly type: "break" };

export type Block =
  | { readonly type: "paragraph"; readonly of: readonly Inline[] }
  | { readonly type: "list"; readonly ordered: boolean; readonly start: number; readonly items: readonly (readonly Inline[])[] }
  | { readonly type: "quote"; readonly of: readonly Block[] }
  | { readonly type: "code"; readonly text: string };

/** Names that stand for accounts in this message: « Claire Nédélec » to her id. */
export type Names = readonly { readonly name: string; readonly account: string }[];

const MOST_DEPTH = 6;

/** What a link really opens, or nothing when it is not an address we open. The domain is as the browser will take it. */
export function linkTarget(raw: string): { href: string; domain: string } | null {
  let url: URL;
  try {
    url = new URL(raw);
  } catch {
    return null;
  }
  if (url.protocol === "mailto:") return url.pathname.includes("@") ? { href: url.href, domain: url.pathname } : null;
  if (url.protocol !== "https:" && url.protocol !== "http:") return null;
  if (url.username !== "" || url.password !== "") return null;
  return { href: url.href, domain: url.host };
}

const BARE = /^https?:\/\/[^\s<>"'`]+/i;
const WORD = /[\p{L}\p{N}_]/u;

function bareLink(text: string): string | null {
  const found = BARE.exec(text)?.[0];
  if (!found) return null;
  let end = found.length;
  while (end > 0) {
    const last = found[end - 1] ?? "";
    if (".,;:!?…*_~".includes(last)) { end -= 1; continue; }
    if (last === ")" && !found.slice(0, end).includes("(")) { end -= 1; continue; }
    break;
  }
  return found.slice(0, end);
}

function parseInline(source: string, names: Names, depth: number): Inline[] {
  const out: Inline[] = [];
  let plain = "";
  const flush = () => { if (plain) { out.push({ type: "text", text: plain }); plain = ""; } };
  // Marks that nothing closes from here on: looked for once, so that hostile text costs no more than its length.
  const dead = new Set<string>();
  let at = 0;
  while (at < source.length) {
    const rest = source.slice(at);
    const char = source[at] ?? "";
    const before = at === 0 ? "" : source[at - 1] ?? "";

    if (char === "\\" && /^\\[\\`*_~[\]()>#+\-.!@]/.test(rest)) { plain += source[at + 1]; at += 2; continue; }
    if (char === "\n") { flush(); out.push({ type: "break" }); at += 1; continue; }

    if (char === "`") {
      const fence = /^`+/.exec(rest)?.[0] ?? "`";
      const close = dead.has(fence) ? -1 : rest.indexOf(fence, fence.length);
      if (close < 0) dead.add(fence);
      if (close > 0 && rest[close + fence.length] !== "`") {
        flush();
        out.push({ type: "code", text: rest.slice(fence.length, close).replace(/\n/g, " ").replace(/^ (.*\S.*) $/, "$1") });
        at += close + fence.length;
        continue;
      }
      plain += fence;
      at += fence.length;
      continue;
    }

    if ((char === "*" || char === "_" || char === "~") && depth < MOST_DEPTH) {
      const double = rest.startsWith(char + char);
      const mark = char === "~" ? "~~" : double ? char + char : char;
      if (rest.startsWith(mark) && !dead.has(mark) && !(char === "_" && WORD.test(before))) {
        const inner = closing(rest, mark);
        if (inner === undefined) dead.add(mark);
        if (typeof inner === "string") {
          flush();
          out.push({ type: char === "~" ? "strike" : double ? "bold" : "italic", of: parseInline(inner, names, depth + 1) });
          at += inner.length + mark.length * 2;
          continue;
        }
      }
      plain += mark.length > 1 && rest.startsWith(mark) ? mark : char;
      at += mark.length > 1 && rest.startsWith(mark) ? mark.length : 1;
      continue;
    }

    if (char === "[") {
      const found = /^\[([^[\]\n]{1,500})\]\(\s*<?([^\s()<>]{1,2000}(?:\([^\s()<>]*\)[^\s()<>]*)*)>?\s*\)/.exec(rest);
      const target = found?.[2] ? linkTarget(found[2]) : null;
      if (found?.[1] && target) {
        flush();
        out.push({ type: "link", ...target, text: found[1] });
        at += found[0].length;
        continue;
      }
    }

    if ((char === "h" || char === "H") && !WORD.test(before)) {
      const bare = bareLink(rest);
      const target = bare ? linkTarget(bare) : null;
      if (bare && target) {
        flush();
        out.push({ type: "link", ...target, text: bare });
        at += bare.length;
        continue;
      }
    }

    if (char === "@" && !WORD.test(before)) {
      const named = names.find(({ name }) => rest.startsWith(name, 1) && !WORD.test(rest[1 + name.length] ?? ""));
      if (named) {
        flush();
        out.push({ type: "mention", account: named.account, text: `@${named.name}` });
        at += 1 + named.name.length;
        continue;
      }
    }

    plain += char;
    at += 1;
  }
  flush();
  return out;
}

/** The text up to the closing mark; null when it does not open here, undefined when nothing after closes it. Marks hug their text. */
function closing(rest: string, mark: string): string | null | undefined {
  const inner = rest.slice(mark.length);
  if (inner === "" || /^\s/.test(inner)) return null;
  for (let at = 0; at < inner.length; at += 1) {
    if (inner[at] === "\\") { at += 1; continue; }
    if (inner[at] === "`") {
      const close = inner.indexOf("`", at + 1);
      if (close > 0) { at = close; continue; }
    }
    if (!inner.startsWith(mark, at)) continue;
    if (at === 0) return null;
    if (/\s/.test(inner[at - 1] ?? "")) continue;
    const char = mark[0] ?? "";
    if (mark.length === 1 && inner[at + 1] === char) { at += 1; continue; }
    if (char === "_" && WORD.test(inner[at + mark.length] ?? "")) continue;
    // « **b *c*** »: the pair at the end of the run closes the pair.
    if (mark.length === 2) while (inner[at + 2] === char) at += 1;
    return inner.slice(0, at);
  }
  return undefined;
}

const BULLET = /^ {0,3}[-*+•] +(\S.*)$/;
const NUMBER = /^ {0,3}(\d{1,6})[.)] +(\S.*)$/;
const QUOTE = /^ {0,3}> ?(.*)$/;
const FENCE = /^ {0,3}```/;

function parseBlocks(lines: readonly string[], names: Names, depth: number): Block[] {
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const flush = () => {
    const text = paragraph.join("\n").trim();
    if (text) blocks.push({ type: "paragraph", of: parseInline(text, names, 0) });
    paragraph = [];
  };
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? "";
    if (FENCE.test(line)) {
      const close = lines.findIndex((later, i) => i > at && FENCE.test(later));
      if (close > at) {
        flush();
        blocks.push({ type: "code", text: lines.slice(at + 1, close).join("\n") });
        at = close + 1;
        continue;
      }
    }
    if (QUOTE.test(line) && depth < MOST_DEPTH) {
      flush();
      const inner: string[] = [];
      for (let found = QUOTE.exec(lines[at] ?? ""); at < lines.length && found; found = QUOTE.exec(lines[at] ?? "")) {
        inner.push(found[1] ?? "");
        at += 1;
      }
      blocks.push({ type: "quote", of: parseBlocks(inner, names, depth + 1) });
      continue;
    }
    const ordered = NUMBER.test(line);
    const pattern = ordered ? NUMBER : BULLET;
    if (pattern.test(line)) {
      flush();
      const start = ordered ? Number(NUMBER.exec(line)?.[1] ?? "1") : 1;
      const items: Inline[][] = [];
      while (at < lines.length) {
        const found = pattern.exec(lines[at] ?? "");
        if (!found) break;
        let text = found[ordered ? 2 : 1] ?? "";
        at += 1;
        while (/^ {2,}\S/.test(lines[at] ?? "") && !BULLET.test(lines[at] ?? "") && !NUMBER.test(lines[at] ?? "")) {
          text += `\n${(lines[at] ?? "").trim()}`;
          at += 1;
        }
        items.push(parseInline(text, names, 0));
      }
      blocks.push({ type: "list", ordered, start, items });
      continue;
    }
    if (line.trim() === "") flush();
    else paragraph.push(line);
    at += 1;
  }
  flush();
  return blocks;
}

export function parseMarkdown(text: string, names: Names = []): readonly Block[] {
  const longestFirst = [...names].sort((a, b) => b.name.length - a.name.length);
  return parseBlocks(text.replace(/\r\n?/g, "\n").split("\n"), longestFirst, 0);
}

const inlineText = (of: readonly Inline[]): string =>
  of.map((part) => (part.type === "break" ? " " : "of" in part ? inlineText(part.of) : part.text)).join("");

/** One line without marks: previews, quotes, notifications. */
export function plainText(text: string): string {
  const say = (blocks: readonly Block[]): string =>
    blocks.map((block) => (block.type === "paragraph" ? inlineText(block.of) : block.type === "list" ? block.items.map(inlineText).join(" · ") : block.type === "quote" ? say(block.of) : block.text.replace(/\s+/g, " "))).join(" ");
  return say(parseMarkdown(text)).replace(/\s+/g, " ").trim();
}
