/** A picture that the server sends as SVG text, rebuilt shape by shape: nothing in it can run or load. */
import { useMemo } from "react";

type Shape = { tag: "path" | "rect"; d?: string; x?: string; y?: string; width?: string; height?: string; light: boolean };

function read(svg: string): { box: string; shapes: Shape[] } | null {
  const root = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  if (root.localName !== "svg") return null;
  const number = (value: string | null) => (value !== null && /^[\d.]+%?$/.test(value) ? value : "0");
  const box = root.getAttribute("viewBox") ?? `0 0 ${parseFloat(root.getAttribute("width") ?? "0")} ${parseFloat(root.getAttribute("height") ?? "0")}`;
  if (!/^[\d.\s-]+$/.test(box)) return null;
  const shapes: Shape[] = [];
  for (const element of root.querySelectorAll("path, rect")) {
    const fill = (element.getAttribute("fill") ?? "").toLowerCase();
    const light = /^#f{3,6}$|^white$/.test(fill);
    if (element.localName === "path") {
      const d = element.getAttribute("d") ?? "";
      if (/^[MmLlHhVvZz\d\s.,-]*$/.test(d)) shapes.push({ tag: "path", d, light });
    } else {
      shapes.push({ tag: "rect", x: number(element.getAttribute("x")), y: number(element.getAttribute("y")), width: number(element.getAttribute("width")), height: number(element.getAttribute("height")), light });
    }
  }
  return shapes.length > 0 ? { box, shapes } : null;
}

/** Black on white in both themes: a camera reads it. */
export function QrDrawing({ svg, label }: { svg: string; label: string }) {
  const drawing = useMemo(() => read(svg), [svg]);
  if (!drawing) return null;
  return (
    <svg className="qr" viewBox={drawing.box} role="img" aria-label={label} shapeRendering="crispEdges">
      {drawing.shapes.map(({ tag, light, ...shape }, i) => {
        const fill = light ? "#ffffff" : "#000000";
        return tag === "path" ? <path key={i} d={shape.d} fill={fill} /> : <rect key={i} x={shape.x} y={shape.y} width={shape.width} height={shape.height} fill={fill} />;
      })}
    </svg>
  );
}
