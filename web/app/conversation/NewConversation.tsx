/** Opening a conversation: with one person, a group, or a channel. */
import { useState } from "react";
import { ApiProblem } from "@sdk";
import type { Kind, Person } from "@sdk";

import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { FieldError, Segments, TextArea, TextField } from "../../ui/Field";
import { may, useAct, useClient, useMe } from "../client";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";
import { ChooseProtection, useProtectionChoice } from "../keys/ChooseProtection";
import { accountsOf } from "../keys/keys";
import { PeoplePicker } from "../people/PeoplePicker";
import { navigate } from "../router";

export function NewConversation({ close, kind: first = "direct", with: known }: { close: () => void; kind?: Kind; with?: Person | undefined }) {
  const client = useClient();
  const me = useMe();
  const [kind, setKind] = useState<Kind>(first);
  const [people, setPeople] = useState<readonly Person[]>(known ? [known] : []);
  const [title, setTitle] = useState("");
  const [topic, setTopic] = useState("");
  const [tried, setTried] = useState(false);
  const [refused, setRefused] = useState<readonly string[] | null>(null);
  const act = useAct();
  const choice = useProtectionChoice(kind, people, refused);
  const { protection } = choice;
  const kinds = ([["direct", t("new.direct")], ["group", t("new.group")], ["channel", t("new.channel")]] as const).filter(([key]) => key === "direct" || may(me, `${key}.create`));
  const titled = kind !== "direct";
  const submit = async () => {
    setTried(true);
    if (titled ? title.trim() === "" : people.length !== 1) return;
    const members = people.map(({ account }) => account);
    await act.run(async () => {
      try {
        const id = await client.createConversation(titled ? { kind, members, protection, title: title.trim(), topic: topic.trim() } : { kind, members, protection });
        close();
        navigate(`/c/${id}`);
      } catch (cause) {
        // Who it is about is said at the choice, where the way out is.
        if (!(cause instanceof ApiProblem) || cause.code !== "devices_missing") throw cause;
        setRefused(accountsOf(cause));
      }
    });
  };
  return (
    <Dialog title={t("new.title")} close={close} closeWords={t("act.close")}>
      <form className="form close" noValidate onSubmit={(event) => { event.preventDefault(); void submit(); }}>
        {kinds.length > 1 && <Segments legend={t("new.kind")} hideLegend options={kinds} value={kind} onPick={(next) => { setKind(next); if (next === "direct") setPeople(people.slice(0, 1)); }} />}
        <p className="small muted">{t(`new.${kind}Words`)}</p>
        {titled && <TextField label={t("details.title")} value={title} onText={setTitle} maxLength={100} autoFocus error={tried && !title.trim() ? t("details.titleMissing") : undefined} required />}
        {titled && <TextArea label={t("details.topic")} hint={t("new.topicHint")} value={topic} onText={setTopic} maxLength={500} rows={2} />}
        <PeoplePicker key={String(titled)} picked={people} pick={(next) => { setPeople(next); setRefused(null); }} single={!titled} focus={!titled} />
        <ChooseProtection kind={kind} choice={choice} />
        {Boolean(act.cause) && <FieldError>{problemWords(act.cause)}</FieldError>}
        <div className="end">
          <Button kind="go" type="submit" aria-busy={act.busy} unless={!titled && people.length !== 1 ? t("new.unlessPerson") : protection === "sealed" && choice.hindrance !== null && t("choose.unless")}>{t("new.act")}</Button>
          <Button kind="bare" onClick={close}>{t("act.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
