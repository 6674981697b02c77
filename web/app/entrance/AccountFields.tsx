/** Name, address and password of a new account: the first run and invitations ask the same. */
import { useState } from "react";
import type { NewAccount } from "@sdk";

import { TextField } from "../../ui/Field";
import { language, t } from "../i18n";
import { fieldWords } from "../i18n/problems";
import { PasswordChoice } from "./PasswordChoice";

/** prenom.nom from a name: letters without accents, as people write addresses. */
export function addressFrom(name: string): string {
  return name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/œ/g, "oe").replace(/æ/g, "ae").replace(/ß/g, "ss")
    .replace(/['’]/g, "").replace(/[^a-z0-9]+/g, " ").trim().replace(/ +/g, ".").slice(0, 64);
}

export type AccountForm = { name: string; local: string; password: string; ownLocal: boolean; ready: boolean };
export const emptyAccount: AccountForm = { name: "", local: "", password: "", ownLocal: false, ready: false };

export const toAccount = (form: AccountForm): NewAccount => ({ local: form.local.trim().toLowerCase(), display_name: form.name.trim(), password: form.password, language: language() });

export function accountFaults(form: AccountForm): { name?: string; local?: string } {
  return {
    ...(form.name.trim().length < 2 ? { name: t("account.nameMissing") } : {}),
    ...(/^[a-z0-9][a-z0-9._-]*$/i.test(form.local.trim()) ? {} : { local: t("account.addressMissing") }),
  };
}

export function AccountFields({ form, change, domain, organisation, required, cause, tried }: { form: AccountForm; change: (next: Partial<AccountForm>) => void; domain: string; organisation: string; required: number; cause: unknown; tried: boolean }) {
  const faults = tried ? accountFaults(form) : {};
  const [autofilled] = useState(form.ownLocal);
  return (
    <>
      <div className="two">
        <TextField label={t("account.name")} value={form.name} autoComplete="name" maxLength={100} autoFocus onText={(name) => change({ name, ...(form.ownLocal || autofilled ? {} : { local: addressFrom(name) }) })} error={faults.name ?? fieldWords(cause, "display_name", "owner.display_name", "account.display_name")} required />
        <TextField label={t("account.address")} value={form.local} autoComplete="username" autoCapitalize="none" spellCheck={false} maxLength={64} suffix={`@${domain}`} onText={(local) => change({ local, ownLocal: true })} error={faults.local ?? fieldWords(cause, "local", "owner.local", "account.local", "address")} required />
      </div>
      <PasswordChoice label={t("account.password")} value={form.password} onText={(password) => change({ password })} required={required} context={[form.name, form.local, organisation]} error={fieldWords(cause, "password", "owner.password", "account.password")} ready={(ready) => { if (ready !== form.ready) change({ ready }); }} />
    </>
  );
}
