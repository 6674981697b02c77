/** Where one writes: text, mentions, files; reply and edit; the line of the conversation's class around it. */
import { useEffect, useId, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { ClipboardEvent, KeyboardEvent, Ref } from "react";
import type { ConversationView, FileRef, MessageView, TimelineView } from "@sdk";

import { Button, IconButton } from "../../ui/Button";
import { Face } from "../../ui/Face";
import { FieldError } from "../../ui/Field";
import { AtSign, FileText, Paperclip, Pencil, Reply, Type, X } from "../../ui/icons";
import { Menu } from "../../ui/Menu";
import { say } from "../../ui/Toasts";
import { useClient, useMe, useReadable } from "../client";
import { size } from "../format";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { UnderLine } from "../protection";
import { plainText } from "../text/markdown";
import { usePreferences } from "../theme";
import { matches, nameOf } from "./title";
import { useUploads } from "./uploads";
import type { Attachment } from "./uploads";

export type ComposerHandle = { focus: () => void; reply: (seq: number) => void; edit: (message: MessageView) => void; attach: (files: Iterable<File>) => void; put: (text: string) => void };

const MOST = 16_384;
const UNDO_MS = 30_000;
const AT = /(?:^|[\s(])@([\p{L}\p{M}\p{N}.'’-]*(?: [\p{L}\p{M}\p{N}.'’-]*){0,2})$/u;

function Chip({ one, remove }: { one: Attachment; remove: () => void }) {
  const state = useReadable(one.handle);
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const target = canvas.current;
    if (!target || !one.picture) return;
    target.width = one.picture.width;
    target.height = one.picture.height;
    target.getContext("2d")?.drawImage(one.picture, 0, 0);
  }, [one.picture]);
  const words = one.failed ? null : one.ready ? size(one.size) : state.status === "waiting" ? t("compose.uploadWaiting") : t("compose.sent", { done: size(state.sent), all: size(state.size) });
  return (
    <li className={one.failed ? "chip bad" : "chip"}>
      {one.picture ? <canvas ref={canvas} className="mini" aria-hidden="true" /> : <FileText size="s" />}
      <span className="chip-name">{one.failed ? t("compose.uploadFailed", { name: one.name, reason: problemWords(one.failed) }) : one.name}</span>
      {words && <span className="muted">{words}</span>}
      <IconButton label={t("compose.removeFile", { name: one.name })} onClick={remove}><X size="s" /></IconButton>
      {!one.ready && !one.failed && <progress max={Math.max(1, state.size)} value={state.sent} aria-label={one.name} />}
    </li>
  );
}

/** `blocked` says why nothing may be sent now; writing goes on, and is kept. */
export function Composer({ view, title, timeline, handle, typingLine, focusTimeline, blocked }: { view: ConversationView; blocked: string | null; title: string; timeline: TimelineView; handle: Ref<ComposerHandle>; typingLine: string; focusTimeline: () => void }) {
  const client = useClient();
  const me = useMe();
  const people = useReadable(client.people);
  const connection = useReadable(client.connection);
  const session = useReadable(client.session);
  const { enterSends } = usePreferences();
  const kept = useMemo(() => client.draft(view.id), [client, view.id]);
  const draft = useReadable(kept);
  const uploads = useUploads(client, view.id);
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [editing, setEditing] = useState<{ message: MessageView; text: string } | null>(null);
  const [at, setAt] = useState<{ query: string; start: number; index: number } | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [sent, setSent] = useState<{ clientId: string; seq: number | null; until: number } | null>(null);
  const [now, setNow] = useState(Date.now());
  const listId = useId();
  const text = editing ? editing.text : draft.text;
  const over = [...text].length - MOST;
  const offline = connection.status === "offline";
  const maxFile = session.status === "signed_in" ? session.server?.max_file ?? null : null;

  const setText = (next: string) => {
    setRefusal(null);
    if (editing) setEditing({ ...editing, text: next });
    else {
      client.setDraft(view.id, { ...kept.getSnapshot(), text: next });
      client.setTyping(view.id, next.trim() !== "");
    }
  };

  // As tall as its text, up to 40 % of the window.
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, Math.round(innerHeight * 0.4))}px`;
  }, [text, view.id]);

  useEffect(() => {
    if (!sent) return;
    const timer = setInterval(() => { setNow(Date.now()); if (Date.now() > sent.until) setSent(null); }, 1000);
    return () => clearInterval(timer);
  }, [sent]);

  const focus = () => area.current?.focus();
  const attach = (files: Iterable<File>) => {
    let room = 10 - uploads.list.length;
    for (const file of files) {
      if (room <= 0) { setRefusal(t("compose.tooManyFiles")); return; }
      if (file.size === 0) { setRefusal(t("compose.fileEmpty", { name: file.name })); continue; }
      if (maxFile !== null && file.size > maxFile) { setRefusal(t("compose.fileTooLarge", { name: file.name, size: size(maxFile) })); continue; }
      uploads.begin(file);
      room -= 1;
    }
    focus();
  };
  const edit = (message: MessageView) => { setEditing({ message, text: message.text }); focus(); };

  useImperativeHandle(handle, () => ({
    focus,
    reply: (seq) => { setEditing(null); client.setDraft(view.id, { ...kept.getSnapshot(), replyTo: seq }); focus(); },
    edit,
    attach,
    put: (words) => { client.setDraft(view.id, { ...kept.getSnapshot(), text: words }); focus(); },
  }));

  // Mentions: candidates are the members, the name stays in the text, the account goes beside it.
  const candidates = useMemo(() => {
    if (!at) return [];
    return [...timeline.members.keys()].filter((account) => account !== me.person.account).flatMap((account) => { const person = people.get(account); return person && person.active && matches(`${person.display_name} ${person.address}`, at.query) ? [person] : []; }).slice(0, 6);
  }, [at, timeline.members, people, me]);
  const open = at !== null && candidates.length > 0;

  const look = () => {
    const element = area.current;
    if (!element || element.selectionStart !== element.selectionEnd) { setAt(null); return; }
    const found = AT.exec(element.value.slice(0, element.selectionStart));
    setAt(found ? { query: found[1] ?? "", start: element.selectionStart - (found[1] ?? "").length - 1, index: 0 } : null);
  };
  const pick = (name: string, account: string) => {
    const element = area.current;
    if (!element || !at) return;
    const next = `${text.slice(0, at.start)}@${name} ${text.slice(element.selectionStart).replace(/^ /, "")}`;
    const caret = at.start + name.length + 2;
    if (!editing) {
      const current = kept.getSnapshot();
      client.setDraft(view.id, { ...current, text: next, mentions: [...new Set([...current.mentions, account])] });
    } else setEditing({ message: { ...editing.message, mentions: [...new Set([...editing.message.mentions, account])] }, text: next });
    setAt(null);
    requestAnimationFrame(() => { element.focus(); element.setSelectionRange(caret, caret); });
  };
  const insert = (before: string, after: string, lines = false) => {
    const element = area.current;
    if (!element) return;
    const { selectionStart: from, selectionEnd: to } = element;
    const inner = text.slice(from, to);
    const made = lines ? inner.split("\n").map((line) => before + line).join("\n") : before + inner + after;
    setText(text.slice(0, from) + made + text.slice(to));
    requestAnimationFrame(() => { element.focus(); element.setSelectionRange(from + before.length, from + made.length - after.length); });
  };

  const stillNamed = (accounts: readonly string[], words: string) => accounts.filter((account) => { const name = people.get(account)?.display_name; return name !== undefined && words.includes(`@${name}`); });

  const send = async () => {
    const words = text.trim();
    if (over > 0 || blocked !== null) return;
    if (editing) {
      const { message } = editing;
      if (words === "" && message.files.length === 0) return;
      setEditing(null);
      if (words !== message.text) {
        const handed = await client.revise(view.id, message.seq, words, stillNamed(message.mentions, words));
        handed.done.catch((cause: unknown) => say(problemWords(cause), { seconds: 8 }));
      }
      focus();
      return;
    }
    const files: readonly FileRef[] = uploads.files;
    if ((words === "" && files.length === 0) || uploads.busy) return;
    const { mentions, replyTo } = kept.getSnapshot();
    client.setDraft(view.id, { text: "", mentions: [], replyTo: null });
    client.setTyping(view.id, false);
    uploads.clear();
    setAt(null);
    try {
      const handed = await client.send(view.id, { text: words, mentions: stillNamed(mentions, words), files, replyTo });
      setSent({ clientId: handed.clientId, seq: null, until: Date.now() + UNDO_MS });
      setNow(Date.now());
      handed.done.then(({ seq }) => setSent((old) => (old?.clientId === handed.clientId ? { ...old, seq } : old)), () => setSent((old) => (old?.clientId === handed.clientId ? null : old)));
    } catch (cause) {
      client.setDraft(view.id, { text: words, mentions, replyTo });
      setRefusal(problemWords(cause));
    }
    focus();
  };

  const undo = async () => {
    if (!sent) return;
    setSent(null);
    const taken = sent.seq === null ? await client.cancel(sent.clientId) : false;
    if (!taken) {
      const item = timeline.items.find((one) => one.type === "message" && one.clientId === sent.clientId);
      const seq = sent.seq ?? (item?.type === "message" ? item.message.seq : null);
      if (seq === null) return;
      await client.redact(view.id, seq);
    }
    say(t("compose.undone"));
    focus();
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return;
    if (open && at) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        const step = event.key === "ArrowDown" ? 1 : -1;
        setAt({ ...at, index: (at.index + step + candidates.length) % candidates.length });
        return;
      }
      const person = candidates[at.index];
      if ((event.key === "Enter" || event.key === "Tab") && person) { event.preventDefault(); pick(person.display_name, person.account); return; }
      if (event.key === "Escape") { event.preventDefault(); setAt(null); return; }
    }
    if (event.key === "Enter" && !event.shiftKey && (enterSends ? !event.altKey : event.ctrlKey || event.metaKey)) { event.preventDefault(); void send(); return; }
    if (event.key === "Escape") {
      if (editing) { event.preventDefault(); setEditing(null); } else if (draft.replyTo !== null) { event.preventDefault(); client.setDraft(view.id, { ...draft, replyTo: null }); }
      return;
    }
    if (event.key === "ArrowUp" && text === "" && !event.altKey && !event.ctrlKey) {
      // What is still on its way cannot be edited yet, and the one before it is not what was meant.
      const own = timeline.items.findLast((item) => item.type === "pending" || (item.type === "message" && item.message.account === me.person.account && !item.message.redacted && !item.message.erased));
      if (own?.type === "message") { event.preventDefault(); edit(own.message); }
      return;
    }
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && text === "" && sent) { event.preventDefault(); void undo(); return; }
    if (event.key === "Tab" && event.shiftKey && timeline.items.length > 0) { event.preventDefault(); focusTimeline(); return; }
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "b") { event.preventDefault(); insert("**", "**"); }
  };

  const onPaste = (event: ClipboardEvent) => {
    const files = [...event.clipboardData.files];
    if (files.length > 0) { event.preventDefault(); attach(files); }
  };

  if (view.role === "reader") return <div className="compose-off"><p>{t("compose.readOnly")}</p><p className="under"><UnderLine of={view.protection} members={view.memberCount} /></p></div>;

  const answered = draft.replyTo !== null && !editing ? timeline.items.find((item) => item.type === "message" && item.message.seq === draft.replyTo) : undefined;
  const left = sent ? Math.max(0, Math.ceil((sent.until - now) / 1000)) : 0;
  const nothing = text.trim() === "" && (editing ? editing.message.files.length === 0 : uploads.files.length === 0);
  const unless = blocked !== null ? blocked : over > 0 ? t("compose.tooLong", { n: over }) : uploads.busy && !editing && t("compose.uploading");
  return (
    <section className="composer" aria-label={t("compose.label", { title })} data-region="composer" tabIndex={-1}>
      <p className="typing">{typingLine}</p>
      <div className="compose">
        {open && at && (
          <ul className="mentions" role="listbox" id={listId} aria-label={t("compose.mentions")}>
            {candidates.map((person, i) => (
              <li key={person.account} id={`${listId}-${i}`} role="option" aria-selected={i === at.index} onPointerDown={(event) => { event.preventDefault(); pick(person.display_name, person.account); }}>
                <Face size="s" id={person.account} name={person.display_name} outside={person.role === "guest"} />
                <span>{person.display_name}</span><span className="note">{person.title || person.address}</span>
              </li>
            ))}
          </ul>
        )}
        {editing && <p className="about"><Pencil size="s" /><span className="grow">{t("compose.editing")}</span><IconButton label={t("compose.cancelEdit")} onClick={() => { setEditing(null); focus(); }}><X size="s" /></IconButton></p>}
        {draft.replyTo !== null && !editing && (
          <p className="about"><Reply size="s" /><span className="grow"><b>{t("compose.replyTo", { name: answered?.type === "message" ? nameOf(client, answered.message.account) : t("msg.quoteGone") })}</b>{answered?.type === "message" && ` — ${plainText(answered.message.text).slice(0, 160)}`}</span><IconButton label={t("compose.cancelReply")} onClick={() => { client.setDraft(view.id, { ...draft, replyTo: null }); focus(); }}><X size="s" /></IconButton></p>
        )}
        <textarea
          ref={area}
          className="text"
          rows={1}
          value={text}
          aria-label={t("compose.label", { title })}
          placeholder={t("compose.placeholder", { title })}
          aria-autocomplete="list"
          aria-haspopup="listbox"
          aria-controls={open ? listId : undefined}
          aria-activedescendant={open && at ? `${listId}-${at.index}` : undefined}
          onChange={(event) => { setText(event.target.value); look(); }}
          onKeyDown={onKeyDown}
          onClick={look}
          onBlur={() => setAt(null)}
          onPaste={onPaste}
        />
        {uploads.list.length > 0 && !editing && <ul className="chips">{uploads.list.map((one) => <Chip key={one.key} one={one} remove={() => uploads.remove(one.key)} />)}</ul>}
        {refusal && <div className="refusal"><FieldError>{refusal}</FieldError></div>}
        <div className="row">
          {!editing && <IconButton label={t("compose.attach")} onClick={() => picker.current?.click()}><Paperclip /></IconButton>}
          <input ref={picker} type="file" multiple hidden onChange={(event) => { attach([...(event.target.files ?? [])]); event.target.value = ""; }} />
          <Menu label={t("compose.format")} className="icon" placement="top start" entries={[
            { key: "bold", words: t("compose.bold"), note: "Ctrl B", act: () => insert("**", "**") },
            { key: "italic", words: t("compose.italic"), act: () => insert("*", "*") },
            { key: "code", words: t("compose.code"), act: () => insert("`", "`") },
            { key: "list", words: t("compose.list"), act: () => insert("- ", "", true) },
            { key: "quote", words: t("compose.quote"), act: () => insert("> ", "", true) },
          ]}><Type /></Menu>
          {view.kind !== "direct" && <IconButton label={t("compose.mention")} onClick={() => { insert(text === "" || /\s$/.test(text) ? "@" : " @", ""); requestAnimationFrame(() => requestAnimationFrame(look)); }}><AtSign /></IconButton>}
          <span className="grow" />
          {over > 0 && <span className="note bad">{t("compose.tooLong", { n: over })}</span>}
          <Button kind="go" unless={unless} onClick={() => { if (nothing) focus(); else void send(); }}>{editing ? t("compose.saveEdit") : offline ? t("compose.queue") : t("compose.send")}</Button>
        </div>
      </div>
      <div className="under">
        <UnderLine of={view.protection} members={view.memberCount} />
        {sent && text === "" ? <button type="button" className="linkish undo" onClick={() => void undo()}>{t("compose.undo", { s: left })}</button> : <span className="only-wide">{enterSends ? t("compose.enterSends") : t("compose.ctrlSends")}</span>}
      </div>
    </section>
  );
}
