/** Where the account is open. */
import { Button } from "../../ui/Button";
import { FieldError } from "../../ui/Field";
import { Monitor } from "../../ui/icons";
import { say } from "../../ui/Toasts";
import { Waiting } from "../../ui/Waiting";
import { useClient, useLoaded } from "../client";
import { ago, moment } from "../format";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";

export function Sessions() {
  const client = useClient();
  const { answer, again } = useLoaded(() => client.command("me.sessions.list", {}), "sessions");
  const end = (session: string | null) => {
    client.command("me.sessions.revoke", session === null ? {} : { session }).then(() => { say(t(session === null ? "settings.sessionsEnded" : "settings.sessionEnded")); again(); }, (cause: unknown) => say(problemWords(cause), { seconds: 8 }));
  };
  if (answer.state === "waiting") return <Waiting words={t("wait.page")} />;
  if (answer.state === "failed") return <div className="sheet"><FieldError>{problemWords(answer.cause)}</FieldError><div className="end"><Button onClick={again}>{t("act.retry")}</Button></div></div>;
  const { sessions } = answer.value;
  return (
    <div className="sheet wide">
      <p className="small muted">{t("settings.sessionsWords")}</p>
      <table className="people rows">
        <thead><tr><th>{t("settings.col.device")}</th><th className="only-wide">{t("settings.col.since")}</th><th>{t("settings.col.seen")}</th><th><span className="sr">{t("people.col.acts")}</span></th></tr></thead>
        <tbody>
          {sessions.map((one) => (
            <tr key={one.session}>
              <th scope="row" className="c-name"><span className="nm-cell"><Monitor /><b>{one.name}</b></span></th>
              <td className="only-wide">{moment(one.created)}</td>
              <td className="c-presence">{one.current ? t("settings.sessionHere") : ago(one.seen)}</td>
              <td className="act">{!one.current && <Button kind="bare" aria-label={t("settings.sessionEndLabel", { name: one.name })} onClick={() => end(one.session)}>{t("settings.sessionEnd")}</Button>}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {sessions.length > 1 && <div className="end"><Button onClick={() => end(null)}>{t("settings.sessionsAll")}</Button></div>}
    </div>
  );
}
