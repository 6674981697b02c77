/** A file that is sealed: fetched and opened here, then kept by the browser as any download. */
import { useEffect, useState } from "react";
import type { ReactNode } from "react";
import { DamagedFile } from "@sdk";

import { say } from "../../ui/Toasts";
import { useAct, useClient } from "../client";
import { t } from "../i18n";
import { problemWords } from "../i18n/problems";

/** Long enough for the browser to have begun to write it. */
const KEPT_MS = 60_000;

type Sealed = { readonly blob: string; readonly key: string; readonly name: string; readonly media_type: string };

export function SealedDownload({ file, conversation, className = "b bare icon", children }: { file: Sealed; conversation: string; className?: string; children: ReactNode }) {
  const client = useClient();
  const act = useAct();
  const words = t("file.download", { name: file.name });
  const download = () => void act.run(async () => {
    try {
      const url = URL.createObjectURL(await client.openFile(conversation, file));
      const link = document.createElement("a");
      link.href = url;
      link.download = file.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
    } catch (cause) {
      say(cause instanceof DamagedFile ? t("file.damaged", { name: file.name }) : problemWords(cause));
    }
  });
  return <button type="button" className={className} aria-busy={act.busy} aria-label={words} title={words} onClick={download}>{children}</button>;
}

/** The address of an opened picture, for as long as it is shown; null until then. */
export function useSealedPicture(conversation: string, blob: string, key: string, mediaType: string): string | null {
  const client = useClient();
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    let current = true;
    let made: string | null = null;
    client.openFile(conversation, { blob, key, media_type: mediaType }).then(
      (picture) => {
        if (!current) return;
        made = URL.createObjectURL(picture);
        setUrl(made);
      },
      // Its name, its size and the way to try again stand beside it.
      () => undefined,
    );
    return () => {
      current = false;
      if (made !== null) URL.revokeObjectURL(made);
    };
  }, [client, conversation, blob, key, mediaType]);
  return url;
}
