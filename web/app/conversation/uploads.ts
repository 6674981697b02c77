/** Files on their way into a message: each begins as soon as it is chosen; a picture brings its thumbnail, made here. */
import { useEffect, useRef, useState } from "react";
import type { Client, FileRef, UploadHandle } from "@sdk";

export type Attachment = {
  readonly key: string;
  readonly name: string;
  readonly size: number;
  readonly picture: ImageBitmap | null;
  readonly handle: UploadHandle;
  readonly ready: FileRef | null;
  readonly failed: unknown;
};

const LONGEST = 400;

/** JPEG of at most 400 px, with the picture's own size; nothing for what the browser cannot draw. */
async function thumbnail(file: Blob): Promise<{ width: number; height: number; small: Blob | null; smallWidth: number; smallHeight: number; bitmap: ImageBitmap } | null> {
  if (!/^image\/(png|jpeg|gif|webp|avif)$/.test(file.type)) return null;
  try {
    const full = await createImageBitmap(file);
    const scale = Math.min(1, LONGEST / Math.max(full.width, full.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(full.width * scale));
    canvas.height = Math.max(1, Math.round(full.height * scale));
    const context = canvas.getContext("2d");
    if (!context) return null;
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(full, 0, 0, canvas.width, canvas.height);
    const small = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.82));
    const bitmap = await createImageBitmap(canvas);
    const made = { width: full.width, height: full.height, small, smallWidth: canvas.width, smallHeight: canvas.height, bitmap };
    full.close();
    return made;
  } catch {
    return null;
  }
}

/** Names as the API takes them: no separators or control characters, at most 255. */
export const safeName = (name: string): string => name.replace(/[/\\]/g, "-").replace(/[\u0000-\u001f\u007f]/g, "").trim().slice(0, 255) || "fichier";

export function useUploads(client: Client, conversation: string) {
  const [list, setList] = useState<readonly Attachment[]>([]);
  const alive = useRef(true);
  const running = useRef<readonly Attachment[]>([]);
  running.current = list;
  useEffect(() => {
    alive.current = true;
    return () => {
      alive.current = false;
      for (const { handle, ready } of running.current) if (!ready) handle.abort();
    };
  }, []);

  const change = (key: string, part: Partial<Attachment>) => {
    if (alive.current) setList((old) => old.map((one) => (one.key === key ? { ...one, ...part } : one)));
  };

  const begin = (file: File) => {
    const key = crypto.randomUUID();
    const name = safeName(file.name);
    const handle = client.upload(conversation, file);
    setList((old) => [...old, { key, name, size: file.size, picture: null, handle, ready: null, failed: null }]);
    void (async () => {
      try {
        const small = await thumbnail(file);
        if (small) change(key, { picture: small.bitmap });
        const thumb = small?.small && small.small.size < file.size ? client.upload(conversation, small.small).done : null;
        const done = await handle.done;
        const small2 = thumb ? await thumb.catch(() => null) : null;
        const ref: FileRef = {
          blob: done.blob,
          name,
          size: done.size,
          media_type: done.mediaType,
          ...(done.key === undefined ? {} : { key: done.key }),
          ...(small ? { width: small.width, height: small.height } : {}),
          ...(small && small2 ? { thumbnail: { blob: small2.blob, width: small.smallWidth, height: small.smallHeight, ...(small2.key === undefined ? {} : { key: small2.key }) } } : {}),
        };
        change(key, { ready: ref });
      } catch (cause) {
        change(key, { failed: cause });
      }
    })();
  };

  return {
    list,
    begin,
    remove: (key: string) => {
      list.find((one) => one.key === key)?.handle.abort();
      setList((old) => old.filter((one) => one.key !== key));
    },
    clear: () => setList([]),
    files: list.flatMap(({ ready }) => (ready ? [ready] : [])),
    busy: list.some(({ ready, failed }) => ready === null && failed === null),
  };
}
