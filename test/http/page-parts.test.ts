// What pages for shoppers are made of: gaps, locales, readings of products, and what a campaign's makers wrote, also while Postgres is
// away.

import { describe, expect, test } from 'vitest';
import type { Command, Reply } from '../../src/actors/index.ts';
import { en, Gaps, localeOf, rendered, storefrontPage, timeLeft } from '../../src/http/pages/index.ts';
import { CampaignContents, CONTENT_LIMITS } from '../../src/http/shop/campaign-contents.ts';
import { CampaignPages } from '../../src/http/shop/campaign-pages.ts';
import { ProductReadings, READING_LIMITS } from '../../src/http/shop/product-readings.ts';
import { DEFAULT_TICKET_SETTINGS, loadAssets } from '../../src/http/index.ts';
import { OPEN_CAMPAIGN_GATE, type Door } from '../../src/persistence/index.ts';
import type { Clock, Timers } from '../../src/runtime/index.ts';

class TestClock implements Clock {
  at = Date.UTC(2030, 0, 1);
  now = (): number => this.at;
  monotonic = (): number => this.at;
}

/** Nothing is late here unless a test says so. */
class TestTimers implements Pick<Timers, 'after'> {
  readonly waiting = new Set<() => void>();
  after(_: number, run: () => void): () => void {
    this.waiting.add(run);
    return () => void this.waiting.delete(run);
  }
  ring(): void {
    for (const run of this.waiting) run();
  }
}

/** An engine with one product, which answers at once, or when it is told to. */
class TestEngine {
  questions = 0;
  available = 10;
  isSilent = false;
  readonly #clock: TestClock;

  constructor(clock: TestClock) {
    this.#clock = clock;
  }

  submit(_: Command, reply: (reply: Reply) => void): void {
    this.questions++;
    if (this.isSilent) return;
    const at = this.#clock.at;
    const configuration = {
      name: 'Kettle',
      description: 'Steel.',
      startsAt: at - 60_000,
      endsAt: Date.UTC(2030, 0, 2),
      amount: 4_990,
      currency: 'EUR',
      perCustomerLimit: 1,
      holdSeconds: 300,
    };
    const { available } = this;
    const stock = { loaded: 10, available, reserved: 10 - available, sold: 0, withdrawn: 0 };
    const product = { productId: 'kettle', configuration, state: 'on_sale', stock, revision: 1, asOf: at };
    reply({ outcome: 'product', product } as unknown as Reply);
  }
}

const readingsOf = (
  router: TestEngine,
  clock: Clock,
  timers: Timers,
  isCancelled: () => boolean = () => false,
): ProductReadings =>
  new ProductReadings({
    router,
    clock,
    timers,
    doors: { isCancelled },
    tickets: { settings: DEFAULT_TICKET_SETTINGS },
  });

const door = (more: Partial<Door> = {}): Door => ({
  campaignId: 'c1',
  slug: 'winter',
  title: 'Winter',
  status: 'published',
  startsAt: Date.UTC(2029, 11, 31),
  endsAt: Date.UTC(2030, 0, 2),
  entry: { kind: 'everyone' },
  gate: OPEN_CAMPAIGN_GATE,
  keys: undefined,
  productIds: ['kettle'],
  stamp: '1',
  ...more,
});

describe('gaps of a page', () => {
  test('are filled for each reader, and close one by one', () => {
    const gaps = new Gaps<'name' | 'time'>();
    const pieces = gaps.cut(
      `Hello ${gaps.mark('name')}, it is ${gaps.mark('time', 'x')}. ${gaps.mark('name')}!`,
    );
    const closed = pieces.close(({ kind, about }) => (kind === 'time' ? `12:00 ${about}` : undefined));
    const text = (name: string): string => Buffer.from(closed.encoded().fill(() => name)).toString();
    expect(text('Ada')).toBe('Hello Ada, it is 12:00 x. Ada!');
    expect(text('“Zoë” – ☃')).toBe('Hello “Zoë” – ☃, it is 12:00 x. “Zoë” – ☃!');
    expect(text('')).toBe('Hello , it is 12:00 x. !');
  });

  test('are nobody else’s: what looks like one stays text', () => {
    const [mine, other] = [new Gaps<'name'>(), new Gaps<'name'>()];
    const foreign = other.mark('name');
    const pieces = mine.cut(`${foreign} ${mine.mark('name')}`);
    expect(Buffer.from(pieces.encoded().fill(() => 'Ada')).toString()).toBe(`${foreign} Ada`);
  });
});

test('a shop without anything says so to shoppers, and how to fill it to whoever tries it out', async () => {
  const empty = { campaigns: [], products: [], visitor: undefined, signInHref: '/sign-in', key: 'k', now: 0 };
  const shown = async (isDemo: boolean) =>
    String(await storefrontPage(loadAssets(), { ...empty, isDemo }, localeOf('en')));
  const forShoppers = await shown(false);
  expect(forShoppers).toContain(en.shop.nothing);
  expect(forShoppers).toContain(en.shop.nothingText);
  expect(forShoppers).not.toMatch(/curl|ADMIN_TOKEN/);
  expect(await shown(true)).toMatch(/curl -X PUT[^]*ADMIN_TOKEN/);
});

describe('a locale', () => {
  test('is the reader’s best that there is, without anything but language and region', () => {
    expect(localeOf('de-AT,de;q=0.9,en;q=0.8').tag).toBe('de-AT');
    expect(localeOf('en;q=0.2, fr-CA;q=0.8').tag).toBe('fr-CA');
    expect(localeOf('ar-EG-u-nu-latn-ca-islamic').tag).toBe('ar-EG');
    expect(localeOf('zh-Hant-TW').tag).toBe('zh-TW');
    for (const none of [undefined, '', '*', 'qq', 'en;q=0', '"><b>', '-', 'x-private'])
      expect(localeOf(none).tag).toBe('en');
    // The same object: a format costs more than a page.
    expect(localeOf('de-AT')).toBe(localeOf('de-AT, en;q=0.1'));
    expect(localeOf('en-QQ')).toBe(localeOf('en'));
    expect(localeOf('pt').texts).toBe(en);
  });

  test('is made for a crowd, and not for whoever makes up many', () => {
    const regions = ['AT', 'BE', 'CH', 'IT', 'LI', 'LU'];
    const languages = [
      'de',
      'fr',
      'it',
      'es',
      'pt',
      'nl',
      'sv',
      'da',
      'fi',
      'pl',
      'cs',
      'hu',
      'tr',
      'ar',
      'ja',
      'ko',
      'el',
    ];
    for (const language of languages) for (const region of regions) localeOf(`${language}-${region}`);
    for (const language of [
      'uk',
      'bg',
      'hr',
      'sk',
      'sl',
      'lt',
      'lv',
      'et',
      'ro',
      'vi',
      'th',
      'id',
      'ms',
      'hi',
      'bn',
      'ta',
      'te',
      'kn',
      'ml',
      'mr',
      'gu',
      'pa',
      'ur',
      'fa',
      'he',
      'sw',
      'zu',
      'af',
      'is',
      'ga',
      'cy',
      'eu',
      'gl',
      'ca',
    ])
      localeOf(language);
    expect(localeOf('en-NZ').tag).toBe('en');
    expect(localeOf('zh-HK').tag).toBe('en');
    let tries = 0;
    while (localeOf('en-NZ').tag !== 'en-NZ') expect(++tries).toBeLessThan(100);
    expect(tries).toBeGreaterThan(10);
    expect(localeOf('en-NZ')).toBe(localeOf('en-NZ'));
    expect(localeOf('zh-HK').tag).toBe('en');
  });

  test('keeps a price and an hour that run from right to left together, wherever they stand', () => {
    const [arabic, german] = [localeOf('ar-EG'), localeOf('de-AT')];
    const price = { amount: 4_990, currency: 'EUR' };
    for (const written of [arabic.price(price), arabic.moment(0, 'UTC'), arabic.clock(0, 'UTC')])
      expect(written).toMatch(/^\u2068[^\u2068\u2069]+\u2069$/);
    expect(german.price(price)).toMatch(/^€\s49,90$/);
  });

  test('writes what is left until a full second has passed', () => {
    expect(timeLeft(1)).toBe('00:01');
    expect(timeLeft(0)).toBe('00:00');
    expect(timeLeft(-5)).toBe('00:00');
    expect(timeLeft(3_599_001)).toBe('1:00:00');
    expect(timeLeft(90_061_000)).toBe('1 d 01:01:01');
  });
});

describe('readings of a product', () => {
  test('ask its actor four times a second at most, and once for all who wait', async () => {
    const clock = new TestClock();
    const engine = new TestEngine(clock);
    const readings = readingsOf(engine, clock, new TestTimers() as unknown as Timers);
    for (let look = 0; look < 100; look++) {
      // oxlint-disable-next-line no-await-in-loop -- a second goes by
      await readings.refresh(['kettle']);
      clock.at += 10;
    }
    expect(engine.questions).toBe(1_000 / READING_LIMITS.periodMs);
    const first = readings.of('kettle');
    clock.at += READING_LIMITS.periodMs;
    await Promise.all([readings.refresh(['kettle']), readings.refresh(['kettle'])]);
    expect(engine.questions).toBe(1_000 / READING_LIMITS.periodMs + 1);
    // It says the same, so it is the same.
    expect(readings.of('kettle')).toBe(first);
    engine.available = 9;
    clock.at += READING_LIMITS.periodMs;
    await readings.refresh(['kettle']);
    expect(readings.of('kettle')!.sale).toEqual({ state: 'on_sale', available: 9, offered: 10 });
  });

  test('say that a campaign was cancelled as soon as its door does', async () => {
    const clock = new TestClock();
    let isCancelled = false;
    const timers = new TestTimers() as unknown as Timers;
    const readings = readingsOf(new TestEngine(clock), clock, timers, () => isCancelled);
    await readings.refresh(['kettle']);
    expect(readings.of('kettle')!.sale.state).toBe('on_sale');
    isCancelled = true;
    clock.at += READING_LIMITS.periodMs;
    await readings.refresh(['kettle']);
    expect(readings.of('kettle')!.sale).toEqual({ state: 'cancelled', available: 10, offered: 10 });
  });

  test('are what was known last, of an actor that does not answer', async () => {
    const clock = new TestClock();
    const engine = new TestEngine(clock);
    const timers = new TestTimers();
    const readings = readingsOf(engine, clock, timers as unknown as Timers);
    await readings.refresh(['kettle']);
    engine.isSilent = true;
    clock.at += READING_LIMITS.periodMs;
    const waiting = readings.refresh(['kettle']);
    timers.ring();
    await waiting;
    expect(readings.of('kettle')!.sale.available).toBe(10);
  });
});

describe('what the makers of a campaign wrote', () => {
  const campaign = {
    slug: 'winter',
    title: 'Winter',
    description: 'Cold.',
    startsAt: door().startsAt,
    endsAt: door().endsAt,
    timeZone: 'Europe/Berlin',
  };
  const product = {
    id: 'kettle',
    name: 'Kettle',
    description: 'Steel.',
    attributes: [],
    images: [],
    currency: 'EUR',
  };
  const sources = () => {
    const state = { reads: 0, isAway: false, description: 'Cold.' };
    const catalogue = {
      campaign: async () => {
        state.reads++;
        if (state.isAway) throw new Error('Postgres is away');
        return { campaign: { ...campaign, description: state.description }, products: [product] } as never;
      },
    };
    return { state, catalogue, assets: { images: async () => new Map() } };
  };

  test('is read once for all, and again when the door says that it is another', async () => {
    const { state, ...parts } = sources();
    const contents = new CampaignContents(parts, new TestClock());
    const [one, two] = await Promise.all([contents.of(door()), contents.of(door())]);
    expect(one).toBe(two);
    expect(one).toMatchObject({ description: 'Cold.', timeZone: 'Europe/Berlin' });
    expect(contents.of(door())).toBe(one);
    expect(state.reads).toBe(1);
    state.description = 'Colder.';
    expect(await contents.of(door({ stamp: '2' }))).toMatchObject({ description: 'Colder.' });
    expect(state.reads).toBe(2);
  });

  test('stays while Postgres is away, which is asked once a second and not by everybody', async () => {
    const { state, ...parts } = sources();
    const clock = new TestClock();
    const contents = new CampaignContents(parts, clock);
    const known = await contents.of(door());
    state.isAway = true;
    for (let look = 0; look < 50; look++)
      // oxlint-disable-next-line no-await-in-loop -- a crowd, one after the other
      expect(await contents.of(door({ stamp: '2' }))).toBe(known);
    expect(state.reads).toBe(2);
    clock.at += CONTENT_LIMITS.retryMs;
    state.isAway = false;
    state.description = 'Back.';
    // What is only old is shown as it is while it is read again.
    expect(await contents.of(door({ stamp: '2' }))).toBe(known);
    await expect.poll(() => contents.of(door({ stamp: '2' }))).toMatchObject({ description: 'Back.' });
  });

  test('is the door’s and the actors’ words, when it was never read: the page is there all the same', async () => {
    const { state, ...parts } = sources();
    state.isAway = true;
    const clock = new TestClock();
    const readings = readingsOf(new TestEngine(clock), clock, new TestTimers() as unknown as Timers);
    const contents = new CampaignContents(parts, clock);
    const pages = new CampaignPages({ assets: loadAssets(), clock, contents, readings });
    const page = await pages.html(door(), { visitor: undefined, locale: localeOf('en'), key: '' });
    const text = Buffer.from(page).toString();
    expect(text).toContain('<h1>Winter</h1>');
    expect(text).toContain('data-part="name">Kettle</h3>');
    expect(text).toContain('10 of 10 left');
    state.isAway = false;
    clock.at += CONTENT_LIMITS.retryMs;
    const reader = { visitor: undefined, locale: localeOf('en'), key: '' };
    await expect
      .poll(async () => Buffer.from(await pages.html(door(), reader)).toString())
      .toContain('Cold.');
  });
});

describe('a page that is kept', () => {
  test('is given at once, changes with the stock, and at its hour', async () => {
    const clock = new TestClock();
    const engine = new TestEngine(clock);
    const readings = readingsOf(engine, clock, new TestTimers() as unknown as Timers);
    const contents = new CampaignContents(undefined, clock);
    const pages = new CampaignPages({ assets: loadAssets(), clock, contents, readings });
    const visitor = { customerId: 'ada', name: 'Ada', csrf: 'secret' };
    const reader = { visitor, locale: localeOf('en'), key: 'key-1' };
    await pages.html(door(), reader);
    const kept = pages.html(door(), { ...reader, key: 'key-2' });
    expect(kept).toBeInstanceOf(Uint8Array);
    expect(Buffer.from(kept as Uint8Array).toString()).toMatch(
      /name="csrf" value="secret".*name="key" value="key-2"/s,
    );
    engine.available = 0;
    clock.at += READING_LIMITS.periodMs;
    expect(Buffer.from(await pages.html(door(), reader)).toString()).toContain('0 of 10 left');
    // The last moment is less than a quarter of a second away.
    clock.at = door().endsAt - 10;
    expect(Buffer.from(await pages.html(door(), reader)).toString()).toContain('data-phase="live"');
    clock.at = door().endsAt;
    expect(Buffer.from(await pages.html(door(), reader)).toString()).toContain('data-phase="ended"');
  });

  test('is shown to a crowd as it was while it is read again, but never when it is too old, nor past its hour', async () => {
    const clock = new TestClock();
    const engine = new TestEngine(clock);
    const readings = readingsOf(engine, clock, new TestTimers() as unknown as Timers);
    const contents = new CampaignContents(undefined, clock);
    const pages = new CampaignPages({ assets: loadAssets(), clock, contents, readings });
    const reader = { visitor: undefined, locale: localeOf('en'), key: '' };
    const shown = (): string | undefined => {
      const page = pages.ready(door(), reader);
      return page && Buffer.from(page).toString();
    };
    expect(shown()).toBeUndefined();
    await pages.html(door(), reader);
    engine.available = 0;
    clock.at += READING_LIMITS.periodMs;
    const { questions } = engine;
    expect(shown()).toContain('10 of 10 left');
    expect(shown()).toContain('10 of 10 left');
    await expect.poll(shown).toMatch(/[^1]0 of 10 left/);
    expect(engine.questions).toBe(questions + 1);
    clock.at += READING_LIMITS.shownMsMax;
    expect(shown()).toBeUndefined();
    clock.at = door().endsAt - 10;
    await pages.html(door(), reader);
    expect(shown()).toContain('data-phase="live"');
    clock.at = door().endsAt;
    expect(shown()).toBeUndefined();
  });

  test('shows what came of a form at its product alone', async () => {
    const clock = new TestClock();
    const readings = readingsOf(new TestEngine(clock), clock, new TestTimers() as unknown as Timers);
    const contents = new CampaignContents(undefined, clock);
    const pages = new CampaignPages({ assets: loadAssets(), clock, contents, readings });
    const visitor = { customerId: 'ada', name: 'Ada', csrf: 'secret' };
    const reader = { visitor, locale: localeOf('en'), key: 'key' };
    const refused = { productId: 'kettle', text: 'Gone <b>', quantity: 7 };
    const text = Buffer.from(await pages.html(door(), { ...reader, refused })).toString();
    expect(text).toMatch(/role="alert"[^>]*>Gone &lt;b&gt;</);
    expect(text).toContain('value="7"');
    expect(Buffer.from(await pages.html(door(), reader)).toString()).not.toContain('role="alert"');
    expect(String(await rendered('<i>made before</i>'))).toBe('<i>made before</i>');
  });
});
