// Epoch milliseconds as people have them in mind.

export const DAY_SECONDS = 24 * 60 * 60;
export const WEEK_SECONDS = 7 * DAY_SECONDS;
export const YEAR_10000 = Date.UTC(10_000, 0);

/** For people: `Thu 31 Jan 2030, 18:00`. */
export function shownHour(epochMs: number, zone: string): string {
  const at = zoned(epochMs, zone).toPlainDateTime();
  return `${dayOf(at)}, ${clockOf(at)}`;
}

/** For people: `Europe/Berlin, UTC+1`. */
export function shownZone(epochMs: number, zone: string): string {
  if (zone === 'UTC') return 'UTC';
  const offset = zoned(epochMs, zone)
    .offset.replace(/:00$/, '')
    .replace(/^([+-])0/, '$1');
  return `${zone}, UTC${offset === '+0' ? '' : offset}`;
}

/** Where nothing around it names the time zone: `Thu 31 Jan 2030, 18:00 (Europe/Berlin, UTC+1)`. */
export const hourAndZone = (epochMs: number, zone: string): string =>
  `${shownHour(epochMs, zone)} (${shownZone(epochMs, zone)})`;

const zoned = (epochMs: number, zone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(zone);

type Wall = Temporal.PlainDateTime | Temporal.ZonedDateTime;

export function clockOf(at: Wall): string {
  const time = at.toPlainTime();
  return time.toString({ smallestUnit: time.second === 0 && time.millisecond === 0 ? 'minute' : 'second' });
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
export const dayOf = (at: Wall): string =>
  `${DAYS[at.dayOfWeek - 1]} ${at.day} ${MONTHS[at.month - 1]} ${at.year}`;

/** Of the IANA database; offsets such as +02:00 know no summer time. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
