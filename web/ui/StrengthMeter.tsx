/** 0 to 128 bits, with ticks at 50 and at what is required here. The sentence below says the same. */
export function StrengthMeter({ label, bits, required, words, requiredWords, topWords }: { label: string; bits: number; required: number; words: string; requiredWords: string; topWords: string }) {
  const share = (value: number) => `${Math.min(100, (value / 128) * 100)}%`;
  const low = required > 62 ? 50 : null;
  return (
    <div className="meter" role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={128} aria-valuenow={Math.min(bits, 128)} aria-valuetext={words}>
      <div className="scale">
        <span className="fill" style={{ width: share(bits) }} />
        {low !== null && <i style={{ left: share(low) }} />}
        <i style={{ left: share(required) }} />
      </div>
      <div className="marks" aria-hidden="true">
        {low !== null && <span style={{ left: share(low) }}>{low}</span>}
        <span style={{ left: share(required) }}>{requiredWords}</span>
        <span style={{ left: "100%" }}>{topWords}</span>
      </div>
    </div>
  );
}
