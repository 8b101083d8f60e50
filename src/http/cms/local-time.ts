// Hours as business users write them: by the clock on the wall of the campaign's time zone. An hour that a change of the clocks
// leaves out, or has twice, is refused in words: a sale that opens an hour off is worse than a question.

import { clockOf, dayOf } from '../../persistence/index.ts';
import type { Read } from './typed-text.ts';

const LOCAL = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)$/;
const OFFSET = /(?:Z|[+-]\d{2}:\d{2})$/i;
/** As the API's bound of a moment: the years 1970 to 9999. */
const LAST = Date.UTC(10_000, 0) - 1;

/** IANA names. What Node lists has no UTC. */
export const TIME_ZONES: readonly string[] = [
  'UTC',
  ...Intl.supportedValuesOf('timeZone').filter((name) => name !== 'UTC'),
];

/** Also the older names of a zone. Bare offsets are none: they do not follow the seasons. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z][\w+/-]{0,63}$/.test(name)) return false;
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return true;
  } catch {
    return false;
  }
}

/** Epoch milliseconds. @param text `2030-01-31T18:00`, with seconds if need be; with an offset it says itself which moment it is @param zone a time zone */
export function readHour(text: string, zone: string): Read<number> {
  const wanted = text.trim();
  const read = OFFSET.test(wanted) ? readInstant(wanted) : readLocal(wanted, zone);
  if ('value' in read && (read.value < 0 || read.value > LAST))
    return { problem: 'must lie in the years 1970 to 9999' };
  return read;
}

const SHAPE_PROBLEM = 'must be a date and an hour, such as 2030-01-31T18:00';

function readInstant(text: string): Read<number> {
  try {
    return { value: Temporal.Instant.from(text.replace(' ', 'T')).epochMilliseconds };
  } catch {
    return { problem: `${SHAPE_PROBLEM}:00+01:00` };
  }
}

function readLocal(text: string, zone: string): Read<number> {
  const parts = LOCAL.exec(text);
  if (parts === null) return { problem: SHAPE_PROBLEM };
  let local: Temporal.PlainDateTime;
  try {
    local = Temporal.PlainDateTime.from(`${parts[1]}T${parts[2]}`, { overflow: 'reject' });
  } catch {
    return { problem: `names no day or hour of the calendar; it ${SHAPE_PROBLEM}` };
  }
  const earlier = local.toZonedDateTime(zone, { disambiguation: 'earlier' });
  const later = local.toZonedDateTime(zone, { disambiguation: 'later' });
  if (earlier.epochMilliseconds === later.epochMilliseconds) return { value: earlier.epochMilliseconds };
  return { problem: clockChangeProblem(local, earlier, later, zone) };
}

function clockChangeProblem(
  local: Temporal.PlainDateTime,
  earlier: Temporal.ZonedDateTime,
  later: Temporal.ZonedDateTime,
  zone: string,
): string {
  // In a gap the two readings are the hours before and after it; a doubled hour reads the same in both.
  if (!later.toPlainDateTime().equals(local)) {
    const change = earlier.getTimeZoneTransition('next')!;
    const left = `${clockOf(wallBefore(change))} to ${clockOf(change)}`;
    return (
      `names an hour that does not exist: on ${dayOf(local)} the clocks of ${zone} go from ${left}. ` +
      'Choose an hour before or after'
    );
  }
  const choices = [earlier, later].map((moment) => moment.toInstant().toString().slice(11, 16));
  return (
    `names an hour that happens twice: on ${dayOf(local)} the clocks of ${zone} go back. Choose an hour before ` +
    `or after, or take UTC as the time zone, where the two are ${choices[0]} and ${choices[1]}`
  );
}

/** What the clocks would show at the change if nobody turned them. */
function wallBefore(change: Temporal.ZonedDateTime): Temporal.PlainDateTime {
  return change.subtract({ seconds: 1 }).toPlainDateTime().add({ seconds: 1 });
}

/** As `readHour` reads it, for a field: without seconds when there are none. */
export function hourText(epochMs: number, zone: string): string {
  return wall(epochMs, zone).toString({ smallestUnit: precisionOf(epochMs) });
}

/** The same with its offset, for files: it stays this moment in every time zone. */
export function hourWithOffset(epochMs: number, zone: string): string {
  const smallestUnit = epochMs % 1_000 === 0 ? 'second' : 'millisecond';
  return zoned(epochMs, zone).toString({ timeZoneName: 'never', smallestUnit });
}

const zoned = (epochMs: number, zone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(zone);

const wall = (epochMs: number, zone: string): Temporal.PlainDateTime =>
  zoned(epochMs, zone).toPlainDateTime();

const precisionOf = (epochMs: number): 'minute' | 'second' | 'millisecond' =>
  epochMs % 60_000 === 0 ? 'minute' : epochMs % 1_000 === 0 ? 'second' : 'millisecond';
