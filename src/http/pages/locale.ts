// How a reader writes money, numbers and hours, as their browser says in Accept-Language, and the texts in the language nearest to
// theirs. One for each language and region, kept: making the formats costs more than a page.

import { LRUCache } from 'lru-cache';
import { isolated, textsFor, type Texts } from './texts.ts';
import type { Money } from './product-view.ts';

const LOCALES_KEPT = 64;
/** Once there are so many, another one is made when it was asked for so often, and not before: headers are anybody's. */
const WISHES_MIN = 20;
/** Locales whose wishes are counted. */
const WISHED_KEPT = 256;
/** Formats of one locale: one for each currency and time zone. */
const FORMATS_KEPT = 64;
/** A header with more is read so far. */
const HEADER_CHARACTERS_MAX = 200;
const FALLBACK = 'en';

export class Locale {
  /** Such as `de-AT`. */
  readonly tag: string;
  readonly texts: Texts;
  readonly #counts: Intl.NumberFormat;
  readonly #prices = new LRUCache<string, Intl.NumberFormat>({ max: FORMATS_KEPT });
  readonly #moments = new LRUCache<string, Intl.DateTimeFormat>({ max: FORMATS_KEPT });

  constructor(tag: string) {
    this.tag = tag;
    this.texts = textsFor([tag]);
    this.#counts = new Intl.NumberFormat(tag);
  }

  count(count: number): string {
    return this.#counts.format(count);
  }

  price({ amount, currency }: Money): string {
    let format = this.#prices.get(currency);
    if (format === undefined) {
      format = new Intl.NumberFormat(this.tag, { style: 'currency', currency });
      this.#prices.set(currency, format);
    }
    return isolated(format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2)));
  }

  /** With its time zone: nobody knows where the reader is. */
  moment(epochMs: number, timeZone: string): string {
    return isolated(this.#moment(timeZone, 'minute').format(epochMs));
  }

  /** The hour alone, to the second. */
  clock(epochMs: number, timeZone: string): string {
    return isolated(this.#moment(timeZone, 'second').format(epochMs));
  }

  #moment(timeZone: string, to: 'minute' | 'second'): Intl.DateTimeFormat {
    const name = `${to} ${timeZone}`;
    let format = this.#moments.get(name);
    if (format === undefined) {
      const hour = { hour: 'numeric', minute: '2-digit', timeZoneName: 'short', timeZone } as const;
      format = new Intl.DateTimeFormat(
        this.tag,
        to === 'second'
          ? { ...hour, second: '2-digit' }
          : { ...hour, weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' },
      );
      this.#moments.set(name, format);
    }
    return format;
  }
}

const fallback = new Locale(FALLBACK);
const locales = new LRUCache<string, Locale>({ max: LOCALES_KEPT });
const byHeader = new LRUCache<string, Locale>({ max: LOCALES_KEPT });
const wishes = new LRUCache<string, number>({ max: WISHED_KEPT });

/** @param acceptLanguage the request's header, from anybody */
export function localeOf(acceptLanguage: string | undefined): Locale {
  const header = acceptLanguage?.slice(0, HEADER_CHARACTERS_MAX) ?? '';
  let locale = byHeader.get(header);
  if (locale === undefined) {
    const tag = bestTag(header);
    locale = localeNamed(tag);
    if (locale.tag === tag) byHeader.set(header, locale);
  }
  return locale;
}

/** Another one when it is not there, nor wanted often enough to take the place of one that is: that of the language alone, or the first. */
function localeNamed(tag: string): Locale {
  const locale = locales.get(tag);
  if (locale !== undefined) return locale;
  if (locales.size >= LOCALES_KEPT) {
    const wished = (wishes.get(tag) ?? 0) + 1;
    wishes.set(tag, wished);
    if (wished < WISHES_MIN) return locales.get(tag.split('-')[0]!) ?? fallback;
  }
  wishes.delete(tag);
  const made = new Locale(tag);
  locales.set(tag, made);
  return made;
}

/** The best that this Node can format, without anything but language and region: nobody chooses a calendar here. */
function bestTag(header: string): string {
  const wanted = header
    .split(',')
    .map((part) => {
      const [tag = '', ...rest] = part.split(';');
      const quality = rest.map((text) => /^\s*q=([0-9.]{1,5})\s*$/.exec(text)?.[1]).find(Boolean);
      return { tag: tag.trim(), quality: quality === undefined ? 1 : Number(quality) || 0 };
    })
    .filter(({ tag, quality }) => quality > 0 && /^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$/.test(tag))
    .toSorted((one, other) => other.quality - one.quality);
  for (const { tag } of wanted) {
    const plain = plainTag(tag);
    // Regions that write as their language does are no locales of their own.
    if (plain !== undefined && Intl.DateTimeFormat.supportedLocalesOf(plain).length > 0)
      return new Intl.NumberFormat(plain).resolvedOptions().locale;
  }
  return FALLBACK;
}

function plainTag(tag: string): string | undefined {
  try {
    const { language, region } = new Intl.Locale(tag);
    return region === undefined ? language : `${language}-${region}`;
  } catch {
    return undefined;
  }
}

/** `1:02:03` of what is left; a full second is shown until it has passed. */
export function timeLeft(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1_000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3_600) % 24;
  const clock = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  if (days > 0) return `${days} d ${two(hours)}:${clock}`;
  return hours > 0 ? `${hours}:${clock}` : clock;
}
