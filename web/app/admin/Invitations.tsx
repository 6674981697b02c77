/** Invitations: single-use links, shown once. */
import { useState } from "react";
import type { Invitation, NewInvitation, Role } from "@sdk";

import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { FieldError, SelectField, TextField } from "../../ui/Field";
import { UserPlus } from "../../ui/icons";
import { say } from "../../ui/Toasts";
import { Empty, Waiting } from "../../ui/Waiting";
import { useAct, useClient, useLoaded, usePerson, useReadable } from "../client";
import { addressFrom } from "../entrance/AccountFields";
import { moment } from "../format";
import { t } from "../i18n";
import { fieldWords, problemWords } from "../i18n/problems";
import { LinkReady, useRoles } from "./dialogs";

const HOURS = ["24", "72", "168", "720"] as const;

export function InviteDialog({ close, made }: { close: () => void; made: () => void }) {
  const client = useClient();
  const session = useReadable(client.session);
  const roles = useRoles();
  const [name, setName] = useState("");
  const [local, setLocal] = useState<string | null>(null);
  const [role, setRole] = useState<Role>("member");
  const [hours, setHours] = useState<(typeof HOURS)[number]>("72");
  const [ready, setReady] = useState<NewInvitation | null>(null);
  const act = useAct();
  const domain = session.status === "signed_in" ? session.server?.domain : null;
  const address = (local ?? addressFrom(name)).trim().toLowerCase();
  const onField = fieldWords(act.cause, "local", "display_name");
  const submit = () => act.run(async () => {
    setReady(await client.command("invitations.create", { role, hours: Number(hours), ...(address ? { local: address } : {}), ...(name.trim() ? { display_name: name.trim() } : {}) }));
    made();
  });
  return (
    <Dialog title={t("invites.new")} close={close} closeWords={t("act.close")} hold={ready !== null}>
      {ready ? (
        <LinkReady url={ready.url} words={t("invites.ready", { until: moment(ready.invitation.expires) })} close={close} again={{ words: t("invites.another"), act: () => { setReady(null); setName(""); setLocal(null); } }} />
      ) : (
        <form className="form close" noValidate onSubmit={(event) => { event.preventDefault(); void submit(); }}>
          <TextField label={t("invites.name")} value={name} onText={setName} maxLength={100} autoFocus autoComplete="off" error={fieldWords(act.cause, "display_name")} />
          <TextField label={t("invites.local")} value={local ?? addressFrom(name)} onText={setLocal} maxLength={64} autoComplete="off" autoCapitalize="none" spellCheck={false} suffix={domain ? `@${domain}` : undefined} error={fieldWords(act.cause, "local")} />
          <div className="two">
            <SelectField label={t("admin.col.role")} options={roles} value={role} onPick={setRole} />
            <SelectField label={t("invites.hours")} options={HOURS.map((one) => [one, t(`invites.hours.${one}`)] as const)} value={hours} onPick={setHours} />
          </div>
          {Boolean(act.cause) && !onField && <FieldError>{problemWords(act.cause)}</FieldError>}
          <div className="end"><Button kind="go" type="submit" aria-busy={act.busy}>{t("invites.act")}</Button><Button kind="bare" onClick={close}>{t("act.cancel")}</Button></div>
        </form>
      )}
    </Dialog>
  );
}

function InvitationRow({ one, revoked }: { one: Invitation; revoked: () => void }) {
  const client = useClient();
  const inviter = usePerson(one.inviter);
  const expired = new Date(one.expires).getTime() < Date.now();
  const who = one.display_name ?? one.local ?? t("invites.anybody");
  return (
    <tr>
      <th scope="row" className="c-name"><b>{who}</b>{one.local && one.display_name && <span className="note mono">{one.local}</span>}</th>
      <td>{t(`role.${one.role}`)}</td>
      <td className="only-wide">{inviter?.display_name ?? ""}</td>
      <td className={expired ? "bad" : "muted"}>{expired ? t("invites.expired", { time: moment(one.expires) }) : t("invites.expires", { time: moment(one.expires) })}</td>
      <td className="act">{!expired && <Button kind="bare" aria-label={t("invites.revokeLabel", { who })} onClick={() => { client.command("invitations.revoke", { invitation: one.invitation }).then(() => { say(t("invites.revoked")); revoked(); }, (cause: unknown) => say(problemWords(cause), { seconds: 8 })); }}>{t("invites.revoke")}</Button>}</td>
    </tr>
  );
}

export function InvitationsPage() {
  const client = useClient();
  const { answer, again } = useLoaded(() => client.command("invitations.list", {}), "invitations");
  const [making, setMaking] = useState(false);
  const list = answer.state === "here" ? answer.value.invitations : [];
  const invite = <Button kind="go" onClick={() => setMaking(true)}><UserPlus size="s" />{t("admin.invite")}</Button>;
  const none = answer.state === "here" && list.length === 0;
  return (
    <>
      <div className="ph"><div><h1>{t("invites.title")}</h1><p>{t("invites.words")}</p></div>{!none && invite}</div>
      {answer.state === "waiting" && <Waiting words={t("wait.page")} />}
      {answer.state === "failed" && <div className="tw"><FieldError>{problemWords(answer.cause)}</FieldError><Button onClick={again}>{t("act.retry")}</Button></div>}
      {none && <Empty page title={t("invites.none")} acts={invite}>{t("invites.noneWords")}</Empty>}
      {list.length > 0 && (
        <div className="tw spaced">
          <table className="inv">
            <thead><tr><th>{t("invites.col.who")}</th><th>{t("admin.col.role")}</th><th className="only-wide">{t("invites.col.by")}</th><th>{t("invites.col.until")}</th><th><span className="sr">{t("people.col.acts")}</span></th></tr></thead>
            <tbody>{list.map((one) => <InvitationRow key={one.invitation} one={one} revoked={again} />)}</tbody>
          </table>
        </div>
      )}
      {making && <InviteDialog close={() => setMaking(false)} made={again} />}
    </>
  );
}
