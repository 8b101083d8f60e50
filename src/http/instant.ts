// Times as the API writes them. In a sale thousands of answers carry the same millisecond: the texts of a few are kept.

const KEPT = 64;
const times = new Float64Array(KEPT).fill(NaN);
const texts: string[] = Array.from({ length: KEPT }, () => '');

/** ISO 8601 in UTC, with milliseconds. @param epochMs an integer */
export function instant(epochMs: number): string {
  const at = epochMs & (KEPT - 1);
  if (times[at] !== epochMs) {
    texts[at] = new Date(epochMs).toISOString();
    times[at] = epochMs;
  }
  return texts[at]!;
}
