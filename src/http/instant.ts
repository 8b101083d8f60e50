// Times as the API writes them. In a sale thousands of answers are of the same second: only its milliseconds are written
// anew, since a Date's own text costs two microseconds.

const MS_PER_SECOND = 1_000;
/** Of this moment, and of the ends of holds; a few of each. */
const KEPT = 64;
const seconds = new Float64Array(KEPT).fill(NaN);
const texts: string[] = Array.from({ length: KEPT }, () => '');
const MILLISECONDS = Array.from({ length: MS_PER_SECOND }, (_, ms) => `${String(ms).padStart(3, '0')}Z`);

/** ISO 8601 in UTC, with milliseconds. @param epochMs an integer */
export function instant(epochMs: number): string {
  const second = Math.floor(epochMs / MS_PER_SECOND);
  const at = second & (KEPT - 1);
  if (seconds[at] !== second) {
    texts[at] = new Date(second * MS_PER_SECOND).toISOString().slice(0, -'000Z'.length);
    seconds[at] = second;
  }
  return texts[at]! + MILLISECONDS[epochMs - second * MS_PER_SECOND]!;
}
