/** A camera that looks for a QR code. Pictures stay in this page; the camera goes off with the component. */
import { useEffect, useRef } from "react";
import decodeQR from "qr/decode.js";

const EVERY_MS = 160;
/** Wide enough to read a code held at arm's length, small enough to be read in a frame. */
const WIDTH = 640;

export function Scanner({ label, found, refused }: { label: string; found: (text: string) => void; refused: () => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const tell = useRef({ found, refused });
  tell.current = { found, refused };
  useEffect(() => {
    let on = true;
    let stream: MediaStream | null = null;
    let timer: ReturnType<typeof setInterval> | undefined;
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const look = () => {
      const player = video.current;
      if (!on || !player || !context || player.videoWidth === 0) return;
      canvas.width = Math.min(WIDTH, player.videoWidth);
      canvas.height = Math.round((player.videoHeight * canvas.width) / player.videoWidth);
      context.drawImage(player, 0, 0, canvas.width, canvas.height);
      try {
        tell.current.found(decodeQR(context.getImageData(0, 0, canvas.width, canvas.height)));
      } catch {
        // No code in this picture.
      }
    };
    const begin = async () => {
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
      } catch {
        if (on) tell.current.refused();
        return;
      }
      if (!on || !video.current) { stream.getTracks().forEach((track) => track.stop()); return; }
      video.current.srcObject = stream;
      await video.current.play().catch(() => undefined);
      timer = setInterval(look, EVERY_MS);
    };
    void begin();
    return () => { on = false; clearInterval(timer); stream?.getTracks().forEach((track) => track.stop()); };
  }, []);
  return <video ref={video} className="scanner" aria-label={label} muted playsInline />;
}
