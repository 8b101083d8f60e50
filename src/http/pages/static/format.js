// Money, hours and lengths of time in the reader's own language. Pure: everything it shows comes in.

import { isolated, textsFor } from './texts.js';

// A browser may name what is no language, as `C` or `en-US@posix`: with it nothing could be formatted at all.
const languages = navigator.languages.filter(isLanguage);

export const texts = textsFor(languages);

function isLanguage(tag) {
  try {
    return Intl.getCanonicalLocales(tag).length > 0;
  } catch {
    return false;
  }
}

export function formatPrice({ amount, currency }) {
  const format = new Intl.NumberFormat(languages, { style: 'currency', currency });
  return isolated(format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits));
}

export function formatCount(count) {
  return new Intl.NumberFormat(languages).format(count);
}

/** A full second is shown until it has passed: the count reaches zero exactly when the time is up. */
export function formatTimeLeft(leftMs) {
  const seconds = Math.max(0, Math.ceil(leftMs / 1_000));
  const two = (value) => String(value).padStart(2, '0');
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3_600) % 24;
  const clock = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  if (days > 0) return `${days} d ${two(hours)}:${clock}`;
  return hours > 0 ? `${hours}:${clock}` : clock;
}

/** For a screen reader and for sentences: one rough unit, said in words. */
export function formatTimeLeftInWords(leftMs) {
  const seconds = Math.max(0, Math.round(leftMs / 1_000));
  const [unit, value] = seconds < 90 ? ['second', seconds] : ['minute', Math.round(seconds / 60)];
  return new Intl.NumberFormat(texts.language, { style: 'unit', unit, unitDisplay: 'long' }).format(value);
}

export function formatHour(epochMs) {
  return new Intl.DateTimeFormat(languages, { timeStyle: 'medium' }).format(epochMs);
}

/** The day is left out when it is today's. */
export function formatMoment(iso, now) {
  const moment = new Date(iso);
  const today = moment.toDateString() === new Date(now).toDateString();
  const style = today
    ? { timeStyle: 'short' }
    : { weekday: 'short', day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' };
  return isolated(new Intl.DateTimeFormat(languages, style).format(moment));
}
