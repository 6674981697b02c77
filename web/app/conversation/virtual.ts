/**
 * The arithmetic of a list of rows whose heights are learnt as they are shown. Offsets are rebuilt in one pass over numbers,
 * so that a hundred thousand rows cost less than a millisecond; everything else is a search in them.
 */
export class Heights {
  private readonly known = new Map<string, number>();
  private sum = 0;

  constructor(private readonly guess: number) {}

  /** The mean of what was measured, once there is enough of it. */
  get estimate(): number {
    return this.known.size < 8 ? this.guess : this.sum / this.known.size;
  }

  /** True when it changed. */
  measure(key: string, height: number): boolean {
    const before = this.known.get(key);
    if (before !== undefined && Math.abs(before - height) < 0.5) return false;
    this.sum += height - (before ?? 0);
    this.known.set(key, height);
    return true;
  }

  /** `offsets[i]` is the top of row `i`; the last is the height of all. */
  offsets(keys: readonly { readonly key: string }[]): Float64Array {
    const offsets = new Float64Array(keys.length + 1);
    const estimate = this.estimate;
    let top = 0;
    for (let i = 0; i < keys.length; i += 1) {
      offsets[i] = top;
      const row = keys[i];
      top += (row && this.known.get(row.key)) ?? estimate;
    }
    offsets[keys.length] = top;
    return offsets;
  }
}

/** The row at this height: the last whose top is not below it. */
export function rowAt(offsets: Float64Array, y: number): number {
  let low = 0;
  let high = Math.max(0, offsets.length - 2);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((offsets[middle] ?? 0) <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Where a row went after others came before or after it: looks where it was, then where a page before it would have pushed it, then everywhere. */
export function rowOf(rows: readonly { readonly key: string }[], key: string, was: number, grown: number): number {
  for (const at of [was, was + grown]) if (rows[at]?.key === key) return at;
  return rows.findIndex((row) => row.key === key);
}
