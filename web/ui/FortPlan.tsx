/** The plan of the first run: five bastions, one a step. Drawn once; geometry is the design's. */
const CURTAINS = ["M167.4 80.1L211.1 111.8", "M221.8 145.0L205.2 196.3", "M177.0 216.8L123.0 216.8", "M94.8 196.3L78.2 145.0", "M88.9 111.8L132.6 80.1"];
const BASTIONS = [
  { path: "M132.6 80.1L121.7 67.7L150.0 12.0L178.3 67.7L167.4 80.1", x: 150, y: 60 },
  { path: "M211.1 111.8L219.5 97.6L281.2 107.4L237.0 151.5L221.8 145.0", x: 241.3, y: 126.3 },
  { path: "M205.2 196.3L221.3 199.9L231.1 261.6L175.4 233.2L177.0 216.8", x: 206.4, y: 233.7 },
  { path: "M123.0 216.8L124.6 233.2L68.9 261.6L78.7 199.9L94.8 196.3", x: 93.6, y: 233.7 },
  { path: "M78.2 145.0L63.0 151.5L18.8 107.4L80.5 97.6L88.9 111.8", x: 58.7, y: 126.3 },
];
const RAVELINS = ["M189.4 75.8L212.3 64.2L208.4 89.6", "M232.7 164.6L250.8 182.8L225.5 186.8", "M161.7 233.2L150.0 256.0L138.3 233.2", "M74.5 186.8L49.2 182.8L67.3 164.6", "M91.6 89.6L87.7 64.2L110.6 75.8"];

/** `current` is 1 to 5; 6 means that all are built. A wall joins two bastions once both are. */
export function FortPlan({ current, label, numbers = true }: { current: number; label: string; numbers?: boolean }) {
  return (
    <svg className="fort" viewBox="4 4 292 280" role="img" aria-label={label}>
      {CURTAINS.map((d, i) => (
        <path key={d} className={i + 2 < current || (i === 4 && current > 5) ? "c on" : "c"} d={d} />
      ))}
      {BASTIONS.map(({ path, x, y }, i) => {
        const state = i + 1 < current ? "on" : i + 1 === current ? "now" : "todo";
        return (
          <g key={path}>
            <path className={`bn ${state}`} d={state === "todo" ? path : `${path}Z`} />
            {numbers && <text className={state} x={x} y={y} textAnchor="middle">{i + 1}</text>}
          </g>
        );
      })}
      {RAVELINS.map((d) => <path key={d} className="rv" d={d} />)}
    </svg>
  );
}
