/** A file of a message: its name, size and how to get it; a picture by its thumbnail, with room kept before it arrives. */
import type { FileRef } from "@sdk";

import { DocumentShape } from "../../ui/glyphs";
import { Download } from "../../ui/icons";
import { useClient } from "../client";
import { size } from "../format";
import { t } from "../i18n";
import { SealedDownload, useSealedPicture } from "./SealedFile";

const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"]);

export function kindOf(file: { name: string; media_type: string }): string {
  const ending = /\.([a-z0-9]{1,5})$/i.exec(file.name)?.[1];
  return ending ? ending.toUpperCase() : t("file.label");
}

function Picture({ file, conversation }: { file: FileRef; conversation: string }) {
  const client = useClient();
  const shown = file.thumbnail ?? { blob: file.blob, width: file.width ?? 320, height: file.height ?? 240 };
  const scale = Math.min(1, 400 / shown.width, 300 / shown.height);
  return (
    <figure className="picture">
      <a href={client.blobUrl(conversation, file.blob)} target="_blank" rel="noopener noreferrer" aria-label={t("file.open", { name: file.name })}>
        <img src={client.blobUrl(conversation, shown.blob)} alt={file.name} width={Math.round(shown.width * scale)} height={Math.round(shown.height * scale)} loading="lazy" decoding="async" />
      </a>
      <figcaption className="note">{file.name} · {size(file.size)} · <a href={client.blobUrl(conversation, file.blob, file.name)} download={file.name} aria-label={t("file.download", { name: file.name })}><Download size="s" /></a></figcaption>
    </figure>
  );
}

type SealedRef = FileRef & { readonly key: string };
const isSealed = (file: FileRef): file is SealedRef => file.key !== undefined;

function SealedPicture({ file, conversation }: { file: SealedRef; conversation: string }) {
  const { thumbnail } = file;
  // Thumbnails are JPEG (uploads.ts).
  const small = thumbnail?.key === undefined ? null : { ...thumbnail, key: thumbnail.key, type: "image/jpeg" };
  const shown = small ?? { blob: file.blob, key: file.key, type: file.media_type, width: file.width ?? 320, height: file.height ?? 240 };
  const url = useSealedPicture(conversation, shown.blob, shown.key, shown.type);
  const scale = Math.min(1, 400 / shown.width, 300 / shown.height);
  const [width, height] = [Math.round(shown.width * scale), Math.round(shown.height * scale)];
  return (
    <figure className="picture">
      {url === null ? <svg width={width} height={height} aria-hidden="true" /> : <img src={url} alt={file.name} width={width} height={height} decoding="async" />}
      <figcaption className="note">{file.name} · {size(file.size)} · <SealedDownload file={file} conversation={conversation}><Download size="s" /></SealedDownload></figcaption>
    </figure>
  );
}

export function FileView({ file, conversation }: { file: FileRef; conversation: string }) {
  const client = useClient();
  if (PICTURES.has(file.media_type) && (file.thumbnail || (file.width && file.size < 2_000_000))) {
    return isSealed(file) ? <SealedPicture file={file} conversation={conversation} /> : <Picture file={file} conversation={conversation} />;
  }
  return (
    <div className="file">
      <DocumentShape />
      <span className="file-name">{file.name}</span>
      <span className="meta">{kindOf(file)} · {size(file.size)}</span>
      {isSealed(file)
        ? <SealedDownload file={file} conversation={conversation}><Download /></SealedDownload>
        : <a className="b bare icon" href={client.blobUrl(conversation, file.blob, file.name)} download={file.name} aria-label={t("file.download", { name: file.name })} title={t("file.download", { name: file.name })}><Download /></a>}
    </div>
  );
}
