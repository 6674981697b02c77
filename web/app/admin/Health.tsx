/** What the server does by itself, and how it went. */
import { Button } from "../../ui/Button";
import { FieldError } from "../../ui/Field";
import { Check, RotateCw, TriangleAlert } from "../../ui/icons";
import { Empty, Waiting } from "../../ui/Waiting";
import { useClient, useLoaded, useReadable } from "../client";
import { ago } from "../format";
import { t, wordsOf } from "../i18n";
import { problemWords } from "../i18n/problems";

export function Health() {
  const client = useClient();
  const session = useReadable(client.session);
  const { answer, again } = useLoaded(() => client.command("tasks.list", {}), "tasks");
  const server = session.status === "signed_in" ? session.server : null;
  const tasks = answer.state === "here" ? answer.value.tasks : [];
  return (
    <>
      <div className="ph"><div><h1>{t("health.title")}</h1><p>{t("health.words")}</p></div><Button onClick={again}><RotateCw size="s" />{t("act.refresh")}</Button></div>
      {server && <p className="tb note">{t("health.server", { host: server.host ?? location.host, version: server.version })}</p>}
      {answer.state === "waiting" && <Waiting words={t("wait.page")} />}
      {answer.state === "failed" && <div className="tw"><FieldError>{problemWords(answer.cause)}</FieldError></div>}
      {answer.state === "here" && tasks.length === 0 && <Empty page title={t("health.none")} />}
      {tasks.length > 0 && (
        <div className="tw">
          <table className="tasks">
            <thead><tr><th>{t("health.col.task")}</th><th>{t("health.col.state")}</th><th className="only-wide">{t("health.col.last")}</th><th className="num only-wide">{t("health.col.changed")}</th></tr></thead>
            <tbody>
              {tasks.map((task) => (
                <tr key={task.name}>
                  <th scope="row" title={task.name}>{wordsOf(`task.${task.name}`) ?? <span className="mono">{task.name}</span>}</th>
                  <td>{task.error ? <span className="mf bad"><TriangleAlert size="s" />{t("health.failed", { error: task.error })}</span> : task.last_run ? <span className="mf"><Check size="s" />{t("health.ok")}</span> : <span className="muted">{t("health.never")}</span>}</td>
                  <td className="only-wide muted">{task.last_run ? ago(task.last_run) : ""}</td>
                  <td className="num only-wide">{task.changed}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
