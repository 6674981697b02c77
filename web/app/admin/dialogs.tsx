/** Dialogs of the people page: one question each, the refusal beside it. */
import { useState } from "react";
import type { AccountDetail, Role } from "@sdk";

import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Check, FieldError, SelectField, TextField } from "../../ui/Field";
import { Copy } from "../../ui/icons";
import { say } from "../../ui/Toasts";
import { may, useAct, useClient, useMe } from "../client";
import { copy } from "../entrance/Factor";
import { moment } from "../format";
import { t } from "../i18n";
import { fieldWords, problemWords } from "../i18n/problems";

const ALL: readonly Role[] = ["owner", "admin", "officer", "auditor", "member", "guest"];

/** Roles that one may give: only owners name owners and administrators. */
export function useRoles(): readonly (readonly [Role, string])[] {
  const me = useMe();
  return ALL.filter((role) => may(me, "admins.manage") || (role !== "owner" && role !== "admin")).map((role) => [role, t(`role.${role}`)] as const);
}

export function LinkReady({ url, words, close, again }: { url: string; words: string; close: () => void; again?: { words: string; act: () => void } }) {
  return (
    <>
      <p>{words}</p>
      <div className="field"><span className="legend">{t("admin.link")}</span><output className="made mono link">{url}</output></div>
      <div className="end">
        <Button kind="go" onClick={() => void copy(url)}><Copy size="s" />{t("admin.copyLink")}</Button>
        {again && <Button onClick={again.act}>{again.words}</Button>}
        <Button kind="bare" onClick={close}>{t("admin.done")}</Button>
      </div>
    </>
  );
}

export function EditDialog({ one, close, done }: { one: AccountDetail; close: () => void; done: () => void }) {
  const client = useClient();
  const roles = useRoles();
  const { person } = one;
  const [form, setForm] = useState({ display_name: person.display_name, title: person.title, department: person.department, role: person.role });
  const act = useAct();
  return (
    <Dialog title={t("admin.edit")} close={close} closeWords={t("act.close")}>
      <form className="form close" noValidate onSubmit={(event) => { event.preventDefault(); void act.run(async () => { await client.command("accounts.update", { account: person.account, display_name: form.display_name.trim(), title: form.title.trim(), department: form.department.trim(), ...(form.role === person.role ? {} : { role: form.role }) }); say(t("said.saved")); done(); }); }}>
        <TextField label={t("account.name")} value={form.display_name} onText={(display_name) => setForm({ ...form, display_name })} maxLength={100} autoFocus error={fieldWords(act.cause, "display_name")} />
        <div className="two">
          <TextField label={t("settings.titleField")} value={form.title} onText={(title) => setForm({ ...form, title })} maxLength={100} error={fieldWords(act.cause, "title")} />
          <TextField label={t("admin.department")} value={form.department} onText={(department) => setForm({ ...form, department })} maxLength={100} error={fieldWords(act.cause, "department")} />
        </div>
        <SelectField label={t("admin.col.role")} options={roles} value={form.role} onPick={(role) => setForm({ ...form, role })} />
        {Boolean(act.cause) && !fieldWords(act.cause, "display_name", "title", "department") && <FieldError>{problemWords(act.cause)}</FieldError>}
        <div className="end"><Button kind="go" type="submit" aria-busy={act.busy}>{t("act.save")}</Button><Button kind="bare" onClick={close}>{t("act.cancel")}</Button></div>
      </form>
    </Dialog>
  );
}

export function ResetDialog({ one, close }: { one: AccountDetail; close: () => void }) {
  const client = useClient();
  const [factor, setFactor] = useState(false);
  const [link, setLink] = useState<{ url: string; expires: string } | null>(null);
  const act = useAct();
  return (
    <Dialog title={t("admin.resetTitle", { name: one.person.display_name })} close={close} closeWords={t("act.close")} hold={link !== null}>
      {link ? <LinkReady url={link.url} words={t("admin.linkReady", { until: moment(link.expires) })} close={close} /> : (
        <>
          <p>{t("admin.resetWords")}</p>
          {one.totp && <Check label={t("admin.resetFactor")} hint={t("admin.resetFactorHint")} checked={factor} onPick={setFactor} />}
          {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
          <div className="end"><Button kind="go" aria-busy={act.busy} onClick={() => void act.run(async () => setLink(await client.command("accounts.reset", { account: one.person.account, second_factor: factor })))}>{t("admin.resetAct")}</Button><Button kind="bare" onClick={close}>{t("act.cancel")}</Button></div>
        </>
      )}
    </Dialog>
  );
}

/** Runs the same act on each; those refused are told with the first reason. */
async function each(many: readonly AccountDetail[], work: (account: string) => Promise<unknown>): Promise<number> {
  const outcomes = await Promise.allSettled(many.map(({ person }) => work(person.account)));
  const failed = outcomes.filter((outcome) => outcome.status === "rejected");
  const [first] = failed;
  if (first && failed.length === many.length) throw first.reason;
  if (first) say(t("admin.someFailed", { n: failed.length, reason: problemWords(first.reason) }), { seconds: 8 });
  return many.length - failed.length;
}

export function DisableDialog({ many, close, done }: { many: readonly AccountDetail[]; close: () => void; done: () => void }) {
  const client = useClient();
  const act = useAct();
  return (
    <Dialog title={t("admin.disableTitle", { n: many.length, names: many[0]?.person.display_name ?? "" })} close={close} closeWords={t("act.close")} size="narrow" role="alertdialog">
      <p>{t("admin.disableWords")}</p>
      {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
      <div className="end"><Button kind="danger" aria-busy={act.busy} onClick={() => void act.run(async () => { say(t("admin.saidClosed", { n: await each(many, (account) => client.command("accounts.disable", { account })) })); done(); })}>{t("admin.disable")}</Button><Button kind="bare" onClick={close}>{t("act.cancel")}</Button></div>
    </Dialog>
  );
}

export function RoleDialog({ many, close, done }: { many: readonly AccountDetail[]; close: () => void; done: () => void }) {
  const client = useClient();
  const roles = useRoles();
  const [role, setRole] = useState<Role>("member");
  const act = useAct();
  return (
    <Dialog title={t("admin.changeRole")} close={close} closeWords={t("act.close")} size="narrow">
      <p>{t("admin.picked", { n: many.length })}</p>
      <SelectField label={t("admin.col.role")} options={roles} value={role} onPick={setRole} />
      {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
      <div className="end"><Button kind="go" aria-busy={act.busy} onClick={() => void act.run(async () => { say(t("admin.saidRole", { n: await each(many, (account) => client.command("accounts.update", { account, role })) })); done(); })}>{t("admin.changeRole")}</Button><Button kind="bare" onClick={close}>{t("act.cancel")}</Button></div>
    </Dialog>
  );
}

export function RenameDialog({ name: first, close }: { name: string; close: () => void }) {
  const client = useClient();
  const [name, setName] = useState(first);
  const act = useAct();
  return (
    <Dialog title={t("admin.orgRename")} close={close} closeWords={t("act.close")} size="narrow">
      <form className="form close" onSubmit={(event) => { event.preventDefault(); if (name.trim()) void act.run(async () => { await client.command("organisation.update", { name: name.trim() }); await client.refreshMe(); say(t("said.saved")); close(); }); }}>
        <TextField label={t("admin.orgTitle")} hint={t("setup.orgNameHint")} value={name} onText={setName} maxLength={100} autoFocus error={act.cause ? problemWords(act.cause) : undefined} />
        <div className="end"><Button kind="go" type="submit" aria-busy={act.busy} unless={!name.trim() && t("setup.orgNameMissing")}>{t("act.save")}</Button><Button kind="bare" onClick={close}>{t("act.cancel")}</Button></div>
      </form>
    </Dialog>
  );
}
