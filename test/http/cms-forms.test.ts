// What business users type into the forms of campaigns and products: what it means, and in which words mistakes are told.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  campaignAsTyped,
  readCampaign,
  slugOfTitle,
  typedCampaign,
  type CampaignTyped,
} from '../../src/http/cms/campaign-form.ts';
import { hourText, hourWithOffset, isTimeZone, readHour, TIME_ZONES } from '../../src/http/cms/local-time.ts';
import { CURRENCIES, readMoney, shownMoney } from '../../src/http/cms/money-text.ts';
import {
  productAsTyped,
  readProduct,
  typedProduct,
  type ProductTyped,
} from '../../src/http/cms/product-form.ts';
import { CATALOGUE_LIMITS, moneyText, shownHour, shownZone } from '../../src/persistence/index.ts';

test('money is read in the currency’s smallest unit, with a point or a comma', () => {
  const amounts: [string, string, number][] = [
    ['49.90', 'EUR', 4_990],
    ['49,9', 'EUR', 4_990],
    [' 49 ', 'EUR', 4_900],
    ['49.', 'EUR', 4_900],
    ['0', 'EUR', 0],
    ['1.50', 'EUR', 150],
    ['1.5000', 'EUR', 150],
    ['1200', 'JPY', 1_200],
    ['1.234', 'KWD', 1_234],
    ['10000000000', 'EUR', CATALOGUE_LIMITS.amountMax],
  ];
  for (const [text, currency, value] of amounts)
    expect(readMoney(text, currency), `${text} ${currency}`).toEqual({ value });
});

test('fractions of a cent, and what could be read in two ways, are refused in words', () => {
  const mistakes: [string, string, RegExp][] = [
    ['1.005', 'EUR', /at most 2 decimals, since EUR has no fractions of a cent.*1234\.56/],
    ['1,234', 'EUR', /thousands are written without a separator/],
    ['1.000', 'EUR', /thousands are written without a separator/],
    ['10.5', 'JPY', /must have no decimals: JPY has none/],
    ['1,000', 'JPY', /must have no decimals/],
    ['-5', 'EUR', /must not be below 0/],
    ['€5', 'EUR', /without signs or spaces/],
    ['1 000', 'EUR', /without signs or spaces/],
    ['1e3', 'EUR', /without signs/],
    ['10000000000.01', 'EUR', /at most 10000000000\.00 EUR/],
    ['9'.repeat(400), 'EUR', /at most/],
  ];
  for (const [text, currency, problem] of mistakes)
    expect(readMoney(text, currency), text).toEqual({ problem: expect.stringMatching(problem) });
});

test('money that was written is read as the same', () => {
  const amounts = fc.integer({ min: 0, max: CATALOGUE_LIMITS.amountMax });
  fc.assert(
    fc.property(amounts, fc.constantFrom(...CURRENCIES), (value, currency) => {
      expect(readMoney(moneyText(value, currency), currency)).toEqual({ value });
    }),
  );
  expect(moneyText(5, 'EUR')).toBe('0.05');
  expect(shownMoney(123_450, 'EUR')).toBe('€1,234.50');
});

test('hours are those of the time zone, in winter and in summer', () => {
  const hours: [string, string, string][] = [
    ['2026-01-31T18:00', 'Europe/Berlin', '2026-01-31T17:00:00Z'],
    ['2026-07-31 18:00', 'Europe/Berlin', '2026-07-31T16:00:00Z'],
    ['2026-07-31T18:00:30', 'Asia/Kathmandu', '2026-07-31T12:15:30Z'],
    ['2026-07-31T18:00', 'UTC', '2026-07-31T18:00:00Z'],
    // Whoever names the offset names the moment.
    ['2026-10-25T02:30:00+01:00', 'Europe/Berlin', '2026-10-25T01:30:00Z'],
    ['2026-10-25T02:30:00+02:00', 'UTC', '2026-10-25T00:30:00Z'],
  ];
  for (const [text, zone, instant] of hours)
    expect(readHour(text, zone), `${text} ${zone}`).toEqual({ value: Date.parse(instant) });
});

test('an hour that the clocks leave out or have twice, and one of no calendar, is refused in words', () => {
  const mistakes: [string, string, RegExp][] = [
    ['2026-03-29T02:30', 'Europe/Berlin', /does not exist: on Sun 29 Mar 2026 .* go from 02:00 to 03:00/],
    ['2026-10-04T02:10', 'Australia/Lord_Howe', /does not exist: .* from 02:00 to 02:30/],
    ['2026-10-25T02:30', 'Europe/Berlin', /happens twice: on Sun 25 Oct 2026 .* 00:30 and 01:30/],
    ['2026-02-30T10:00', 'UTC', /no day or hour of the calendar/],
    ['2026-01-01T24:10', 'UTC', /no day or hour of the calendar/],
    ['tomorrow', 'UTC', /such as 2030-01-31T18:00/],
    ['2026-01-01', 'UTC', /such as 2030-01-31T18:00/],
    ['1960-01-01T00:00', 'UTC', /years 1970 to 9999/],
    ['2026-13-01T00:00Z', 'UTC', /such as/],
  ];
  for (const [text, zone, problem] of mistakes)
    expect(readHour(text, zone), `${text} ${zone}`).toEqual({ problem: expect.stringMatching(problem) });
  expect(readHour('2026-03-29T01:59', 'Europe/Berlin')).toHaveProperty('value');
  expect(readHour('2026-03-29T03:00', 'Europe/Berlin')).toHaveProperty('value');
});

test('an hour that was written with its offset is read as the same, in every time zone', () => {
  const moments = fc.integer({ min: 0, max: Date.UTC(2100, 0) });
  fc.assert(
    fc.property(
      moments,
      fc.constantFrom(...TIME_ZONES),
      fc.constantFrom(...TIME_ZONES),
      (value, zone, other) => {
        expect(readHour(hourWithOffset(value, zone), other)).toEqual({ value });
      },
    ),
  );
  expect(hourText(Date.parse('2026-07-31T16:00:00Z'), 'Europe/Berlin')).toBe('2026-07-31T18:00');
  expect(hourText(Date.parse('2026-07-31T16:00:05Z'), 'Europe/Berlin')).toBe('2026-07-31T18:00:05');
  expect(shownHour(Date.parse('2026-07-31T16:00:00Z'), 'Europe/Berlin')).toBe('Fri 31 Jul 2026, 18:00');
  expect(shownZone(Date.parse('2026-07-31T16:00:00Z'), 'Europe/Berlin')).toBe('Europe/Berlin, UTC+2');
  expect(['Europe/Berlin', 'UTC'].every(isTimeZone)).toBe(true);
  expect(['', 'Mars/Olympus', '+02:00', '2020-01-01T00:00Z'].some(isTimeZone)).toBe(false);
});

const CAMPAIGN: CampaignTyped = {
  title: 'Summer drop',
  slug: 'summer-drop',
  description: 'Two lines,\nof text.',
  timeZone: 'Europe/Berlin',
  startsAt: '2026-07-31T18:00',
  endsAt: '2026-07-31T20:00',
  entry: 'everyone',
  claimName: '',
  claimValue: '',
  limits: 'yes',
  ticket: 'yes',
  work: 'no',
  openHoldsMax: '3',
  coolDownSeconds: '60',
  attemptsMax: '20',
  shortestHoldSeconds: '0',
  risk: 'no',
};
const fieldsOf = (typed: object) => (name: string) => (typed as Record<string, string>)[name] ?? '';

test('a campaign’s form means a draft, and the draft fills the form again', () => {
  const read = readCampaign(CAMPAIGN);
  if ('errors' in read) throw new Error(JSON.stringify(read.errors));
  expect(read.draft).toMatchObject({
    startsAt: Date.parse('2026-07-31T16:00:00Z'),
    entry: { kind: 'everyone' },
  });
  expect(campaignAsTyped(read.draft)).toEqual(CAMPAIGN);
  expect(
    typedCampaign(fieldsOf({ ...CAMPAIGN, title: ' Summer drop ', description: 'Two lines,\r\nof text.' })),
  ).toEqual(CAMPAIGN);
  const claim = { ...CAMPAIGN, entry: 'claim', claimName: 'tier', claimValue: 'gold' };
  expect(readCampaign(claim)).toMatchObject({
    draft: { entry: { kind: 'claim', name: 'tier', value: 'gold' } },
  });
  expect(readCampaign({ ...CAMPAIGN, slug: '', startsAt: '', endsAt: '' })).toMatchObject({
    draft: { slug: 'summer-drop', startsAt: undefined, endsAt: undefined },
  });
  expect(slugOfTitle(' Große Äpfel & Co. ')).toBe('gro-e-apfel-co');
});

test('each mistake of a campaign is told at its field', () => {
  const mistakes: [Partial<CampaignTyped>, string, RegExp][] = [
    [{ title: '' }, 'title', /^Title must not be empty\.$/],
    [{ title: 'x'.repeat(201) }, 'title', /at most 200 characters; it has 201/],
    [{ title: 'a\u0000b' }, 'title', /control characters/],
    [{ slug: 'Summer Drop' }, 'slug', /lower-case letters, digits and single dashes/],
    [{ slug: '', title: '!!!' }, 'slug', /lower-case letters/],
    [{ endsAt: '2026-07-31T17:00' }, 'endsAt', /must be later than the start/],
    [{ endsAt: CAMPAIGN.startsAt }, 'endsAt', /must be later than the start/],
    [{ startsAt: '2026-03-29T02:30' }, 'startsAt', /^Start names an hour that does not exist/],
    [{ timeZone: 'Mars/Olympus' }, 'timeZone', /name of a time zone/],
    [{ entry: 'friends' }, 'entry', /four choices/],
    [{ entry: 'claim', claimValue: 'gold' }, 'claimName', /must not be empty/],
  ];
  for (const [change, field, message] of mistakes)
    expect(readCampaign({ ...CAMPAIGN, ...change }), JSON.stringify(change)).toEqual({
      errors: [{ field, message: expect.stringMatching(message) }],
    });
});

const PRODUCT: ProductTyped = {
  name: 'Ember <b>kettle</b>',
  sku: 'EK-1',
  description: '',
  startsAt: '2026-07-31T18:00',
  endsAt: '2026-07-31T20:00',
  listAmount: '99.00',
  amount: '49.90',
  currency: 'EUR',
  quantity: '500',
  perCustomerLimit: '2',
  holdSeconds: '300',
  attributes: [{ name: 'Colour', value: 'red' }],
  images: [{ imageId: 'abc', alt: 'A red kettle', place: '1', isRemoved: false }],
};
const ZONE = 'Europe/Berlin';

test('a product’s form means a draft, and the draft fills the form again', () => {
  const read = readProduct(PRODUCT, ZONE);
  if ('errors' in read) throw new Error(JSON.stringify(read.errors));
  expect(read.draft).toMatchObject({ amount: 4_990, listAmount: 9_900, quantity: 500, name: PRODUCT.name });
  expect(productAsTyped(read.draft, ZONE)).toEqual(PRODUCT);
  const fields = fieldsOf({
    ...PRODUCT,
    'attribute-0-name': '',
    'attribute-3-name': ' Colour',
    'attribute-3-value': 'red ',
    'image-0-id': 'abc',
    'image-0-alt': 'A red kettle',
    'image-0-place': '1',
  });
  expect(typedProduct(fields)).toEqual(PRODUCT);
  expect(
    readProduct({ ...PRODUCT, startsAt: '', endsAt: '', listAmount: '', amount: '', quantity: '' }, ZONE),
  ).toMatchObject({ draft: { amount: undefined, quantity: undefined, startsAt: undefined } });
});

test('pictures stand in the order of their places, without the removed ones', () => {
  const image = (imageId: string, place: string, isRemoved = false) => ({
    imageId,
    alt: 'x',
    place,
    isRemoved,
  });
  const images = [
    image('c', '3'),
    image('gone', '1', true),
    image('a', '1'),
    image('last', ''),
    image('b', '2'),
  ];
  const read = readProduct({ ...PRODUCT, images }, ZONE);
  expect(read).toMatchObject({ draft: { images: ['a', 'b', 'c', 'last'].map((imageId) => ({ imageId })) } });
});

test('each mistake of a product is told at its field', () => {
  const mistakes: [Partial<ProductTyped>, string, RegExp][] = [
    [{ name: '' }, 'name', /^Name must not be empty\.$/],
    [{ sku: 'x'.repeat(65) }, 'sku', /at most 64/],
    [{ endsAt: '2026-07-31T17:00' }, 'endsAt', /must be later than “On sale from”/],
    [{ amount: '49.905' }, 'amount', /^Sale price must have at most 2 decimals/],
    [{ amount: '-1' }, 'amount', /below 0/],
    [{ currency: 'XXQ' }, 'currency', /ISO 4217/],
    [{ quantity: '1.5' }, 'quantity', /whole number from 0 to 10000000/],
    [{ quantity: '-1' }, 'quantity', /from 0/],
    [{ perCustomerLimit: '0' }, 'perCustomerLimit', /from 1 to 10000/],
    [{ perCustomerLimit: '' }, 'perCustomerLimit', /whole number/],
    [{ holdSeconds: '604801' }, 'holdSeconds', /from 0 to 604800/],
    [{ description: '\u0007' }, 'description', /control characters/],
    [{ attributes: [{ name: '', value: 'red' }] }, 'attribute-0-name', /must not be empty/],
    [{ attributes: [{ name: 'Colour', value: '' }] }, 'attribute-0-value', /must not be empty/],
    [{ attributes: [{ name: 'a:b', value: 'x' }] }, 'attribute-0-name', /no colon/],
    [
      { attributes: [PRODUCT.attributes[0]!, { name: 'COLOUR', value: 'x' }] },
      'attribute-1-name',
      /stands above already/,
    ],
    [{ images: [{ ...PRODUCT.images[0]!, alt: '' }] }, 'image-0-alt', /say what the picture shows/],
  ];
  for (const [change, field, message] of mistakes)
    expect(readProduct({ ...PRODUCT, ...change }, ZONE), JSON.stringify(change)).toEqual({
      errors: [{ field, message: expect.stringMatching(message) }],
    });
});
