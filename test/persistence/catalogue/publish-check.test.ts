import { describe, expect, test } from 'vitest';
import { PutProduct } from '../../../src/http/schemas.ts';
import {
  NEW_CAMPAIGN_GATE,
  OPEN_CAMPAIGN_GATE,
  type Campaign,
  type CampaignDraft,
  type CampaignGate,
  type CatalogueProduct,
  type ProductDraft,
} from '../../../src/persistence/index.ts';
import { campaignFaults, productFaults } from '../../../src/persistence/catalogue/draft-check.ts';
import { CATALOGUE_LIMITS as LIMITS } from '../../../src/persistence/catalogue/limits.ts';
import { configurationOf } from '../../../src/persistence/catalogue/outbox.ts';
import { checkCampaign, type OnSale } from '../../../src/persistence/catalogue/publish-check.ts';
import { productId, slugOf } from '../../../src/persistence/catalogue/product-id.ts';
import { systemRandom } from '../../../src/runtime/index.ts';

const NOW = Date.UTC(2031, 4, 1, 12);
const HOUR_MS = 3_600_000;

const CAMPAIGN: Campaign = {
  id: 'c1',
  title: 'May days',
  slug: 'may-days',
  description: '',
  startsAt: NOW + HOUR_MS,
  endsAt: NOW + 3 * HOUR_MS,
  timeZone: 'Europe/Berlin',
  entry: { kind: 'everyone' },
  gate: OPEN_CAMPAIGN_GATE,
  status: 'draft',
  version: 1,
  createdAt: NOW,
  updatedAt: NOW,
  updatedBy: 'Eda',
};

const PRODUCT: CatalogueProduct = {
  id: 'kettle-0123456789',
  campaignId: 'c1',
  position: 1,
  name: 'Ember Kettle',
  description: '',
  sku: 'EK-1',
  startsAt: NOW + HOUR_MS,
  endsAt: NOW + 3 * HOUR_MS,
  listAmount: 9_900,
  amount: 4_900,
  currency: 'EUR',
  quantity: 100,
  perCustomerLimit: 2,
  holdSeconds: 300,
  attributes: [],
  images: [{ imageId: 'i1', alt: 'A red kettle' }],
  dataFile: undefined,
  version: 1,
  updatedAt: NOW,
  updatedBy: 'Eda',
  engine: { waiting: 0, confirmedAt: undefined, isCurrent: false, refusal: undefined },
};

const gated = (gate: Partial<CampaignGate>): { readonly gate: CampaignGate } => ({
  gate: { ...OPEN_CAMPAIGN_GATE, ...gate },
});

const told = (
  campaign: Partial<Campaign> = {},
  products: readonly Partial<CatalogueProduct>[] = [{}],
  onSale: readonly OnSale[] = [],
  hasList = false,
): string[] =>
  checkCampaign(
    { ...CAMPAIGN, ...campaign },
    products.map((product) => ({ ...PRODUCT, ...product })),
    onSale,
    hasList,
    NOW,
  ).map(({ severity, field, message }) => `${severity} ${field}: ${message}`);

test('a whole campaign has nothing against it', () => {
  expect(told()).toEqual([]);
});

test.each([
  [{ kind: 'list' }, true],
  [{ kind: 'claim', name: 'tier', value: 'gold' }, false],
  [{ kind: 'invitation' }, false],
] as const)('entry by %o can be published', (entry, hasList) => {
  expect(told({ entry }, [{}], [], hasList)).toEqual([]);
});

test('a gate that asks for all that there is can be published', () => {
  expect(told(gated({ ...NEW_CAMPAIGN_GATE, work: true }))).toEqual([]);
  expect(told(gated({ openHoldsMax: 5 }))).toEqual([]);
  expect(told(gated({ openHoldsMax: 20, attemptsMax: 20 }))).toEqual([]);
});

describe('the publish check tells', () => {
  test.each<[string, Partial<Campaign>, readonly Partial<CatalogueProduct>[], string[]]>([
    ['no start', { startsAt: undefined }, [{}], ['error startsAt: The campaign has no start.']],
    ['no end', { endsAt: undefined }, [{}], ['error endsAt: The campaign has no end.']],
    ['no products', {}, [], ['error products: The campaign has no products: add one.']],
    [
      'a gate that contradicts itself',
      gated({ work: true, openHoldsMax: 4, attemptsMax: 3 }),
      [{}],
      [
        'error work: The proof of work is what a ticket costs, and no tickets are asked for: ask for tickets, or for no work.',
        'error openHoldsMax: Nobody gets to 4 open holds with 3 attempts: allow as many attempts, or fewer holds.',
      ],
    ],
    [
      'a gate of which the holds make nothing',
      gated({ shortestHoldSeconds: 301, coolDownSeconds: 7_200 }),
      [{}, { id: 'p2', sku: 'EK-2', holdSeconds: 301 }, { id: 'p3', sku: 'EK-3', holdSeconds: 0 }],
      [
        'warning coolDownSeconds: The cool-down is as long as the campaign: whoever lets one hold run out buys nothing of that product any more.',
        'warning holdSeconds: Its holds of 300 s are shorter than the campaign’s shortest of 301 s: they stay as they are, however few units are left.',
      ],
    ],
    [
      'a list that is not there',
      { entry: { kind: 'list' } },
      [{}],
      ['error entry: The campaign has no list of customers yet, and nobody could enter: load one.'],
    ],
    [
      'an end that lies behind',
      { startsAt: NOW - 2 * HOUR_MS, endsAt: NOW - HOUR_MS },
      [{ startsAt: NOW - 2 * HOUR_MS, endsAt: NOW - HOUR_MS }],
      [
        'error endsAt: The campaign ended at Thu 1 May 2031, 13:00 (Europe/Berlin, UTC+2): its end must lie ahead.',
        'error endsAt: Its sale would be over already: its end must lie ahead.',
      ],
    ],
    [
      'everything that a product lacks',
      {},
      [
        {
          startsAt: undefined,
          endsAt: undefined,
          sku: '',
          amount: undefined,
          quantity: undefined,
          images: [],
        },
      ],
      [
        'error startsAt: It has no start.',
        'error endsAt: It has no end.',
        'error sku: It has no SKU.',
        'error amount: It has no sale price.',
        'error quantity: It has no quantity.',
        'warning images: It has no picture.',
      ],
    ],
    [
      'nothing to sell',
      {},
      [{ quantity: 0 }],
      ['error quantity: Its quantity is 0: there is nothing to sell.'],
    ],
    [
      'an image without words',
      {},
      [{ images: [{ imageId: 'i1', alt: '' }] }],
      ['error images: A picture has no text for those who cannot see it.'],
    ],
    [
      'a discount that is none',
      {},
      [{ listAmount: 4_900 }],
      ['warning listAmount: The list price is not above the sale price: no discount is shown.'],
    ],
    [
      'hours outside of the campaign’s',
      {},
      [{ startsAt: NOW + HOUR_MS - 1, endsAt: NOW + 3 * HOUR_MS + 1 }],
      [
        'error startsAt: It starts before the start of the campaign, at Thu 1 May 2031, 15:00 (Europe/Berlin, UTC+2). A product’s hours lie ' +
          'inside the campaign’s.',
        'error endsAt: It ends after the end of the campaign, at Thu 1 May 2031, 17:00 (Europe/Berlin, UTC+2). A product’s hours lie inside ' +
          'the campaign’s.',
      ],
    ],
    [
      'an end that is not later than the start',
      {},
      [{ startsAt: NOW + 2 * HOUR_MS, endsAt: NOW + 2 * HOUR_MS }],
      ['error endsAt: The end must be later than the start.'],
    ],
    [
      'one SKU twice at the same time',
      {},
      [{}, { id: 'other', name: 'Same Kettle', startsAt: NOW + 2 * HOUR_MS }],
      [
        'error sku: The SKU EK-1 is on sale at the same time as "Same Kettle" of this campaign.',
        'error sku: The SKU EK-1 is on sale at the same time as "Ember Kettle" of this campaign.',
      ],
    ],
    [
      'nothing of one SKU that is sold in turns',
      {},
      [{ endsAt: NOW + 2 * HOUR_MS }, { id: 'other', startsAt: NOW + 2 * HOUR_MS }],
      [],
    ],
    ['nothing of two products without an SKU in common', {}, [{}, { id: 'other', sku: 'EK-2' }], []],
  ])('%s', (_, campaign, products, expected) => {
    expect(told(campaign, products)).toEqual(expected);
  });

  test.each<[string, Partial<OnSale>, number]>([
    ['overlaps at the end', { startsAt: PRODUCT.endsAt! - 1, endsAt: PRODUCT.endsAt! + 1 }, 1],
    ['overlaps at the start', { startsAt: 0, endsAt: PRODUCT.startsAt! + 1 }, 1],
    ['ends when this one starts', { startsAt: 0, endsAt: PRODUCT.startsAt! }, 0],
    ['starts when this one ends', { startsAt: PRODUCT.endsAt!, endsAt: PRODUCT.endsAt! + 1 }, 0],
    ['is another thing', { sku: 'EK-2' }, 0],
  ])('a sale elsewhere that %s', (_, changes, findings) => {
    const elsewhere = {
      productId: 'p2',
      name: 'Their Kettle',
      campaignTitle: 'June days',
      sku: 'EK-1',
      startsAt: NOW,
      endsAt: NOW + 9 * HOUR_MS,
      ...changes,
    };
    expect(told({}, [{}], [elsewhere])).toHaveLength(findings);
  });
});

test('names in emoji and in scripts with joiners are let be', () => {
  for (const name of [
    '\u2764\ufe0f Kettle \u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
    '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645',
  ])
    expect(productFaults({ ...PRODUCT, name }, CAMPAIGN, undefined)).toEqual([]);
});

test.each(['ek-1', 'Ek-1', '\uff25\uff2b-1', 'EK-1\u200b', 'E\u00adK-1'])(
  'the SKU %j is EK-1 to whoever reads it',
  (sku) => {
    const elsewhere = { productId: 'p2', name: 'Theirs', campaignTitle: 'June days', sku };
    const clashes = told({}, [{}], [{ ...elsewhere, startsAt: NOW, endsAt: NOW + 9 * HOUR_MS }]);
    expect(clashes).toEqual([
      expect.stringContaining('error sku: The SKU EK-1 is on sale as "Theirs", whose SKU'),
    ]);
    expect(
      told({}, [{}, { id: 'other', sku }]).filter((text) => text.includes('at the same time')),
    ).toHaveLength(2);
  },
);

test('however many products have one SKU, each has one finding, and all findings are bounded', () => {
  const products = Array.from({ length: 500 }, (_, at) => ({ id: `p${at}`, name: `No. ${at}`, images: [] }));
  const findings = told({}, products);
  expect(findings).toHaveLength(LIMITS.findingsMax + 1);
  expect(findings[0]).toBe(
    'error sku: The SKU EK-1 is on sale at the same time as "No. 1" and 498 others of this campaign.',
  );
  expect(findings.at(-1)).toBe('error more: And 800 more: they are told when these are mended.');
  const elsewhere = Array.from({ length: 3 }, (_, at) => ({
    productId: `e${at}`,
    name: 'Theirs',
    campaignTitle: 'June days',
    sku: 'EK-1',
    startsAt: NOW,
    endsAt: NOW + 9 * HOUR_MS,
  }));
  expect(told({}, [{}], elsewhere)).toEqual([expect.stringMatching(/to .* and 2 others\.$/)]);
});

describe('a draft is refused with', () => {
  const draft = ({ ...changes }: Partial<ProductDraft>): string[] =>
    productFaults({ ...PRODUCT, ...changes }, CAMPAIGN, undefined).map(({ field }) => field);

  test.each<[string, Partial<ProductDraft>, string[]]>([
    ['no name', { name: '' }, ['name']],
    ['a name that is too long', { name: 'x'.repeat(LIMITS.nameCharactersMax + 1) }, ['name']],
    ['a control character', { name: 'a\u0000b' }, ['name']],
    ['a name with a character that nobody sees', { name: 'Kettle\u200b' }, ['name']],
    ['a name that turns text around', { name: '\u202eelttek' }, ['name']],
    ['an SKU with a character that nobody sees', { sku: 'EK\u200b-1' }, ['sku']],
    ['an SKU with a joiner', { sku: 'EK\u200d-1' }, ['sku']],
    ['an SKU that turns text around', { sku: '\u2067EK-1' }, ['sku']],
    ['half a character', { description: '\ud800' }, ['description']],
    ['a fraction of a cent', { amount: 10.5 }, ['amount']],
    ['a price below nothing', { amount: -1 }, ['amount']],
    ['a price beyond the engine’s', { listAmount: LIMITS.amountMax + 1 }, ['listAmount']],
    ['a currency that is none', { currency: 'euro' }, ['currency']],
    ['half a unit', { quantity: 0.5 }, ['quantity']],
    ['too many units', { quantity: LIMITS.quantityMax + 1 }, ['quantity']],
    ['nobody may buy', { perCustomerLimit: 0 }, ['perCustomerLimit']],
    ['a hold longer than a week', { holdSeconds: LIMITS.holdSecondsMax + 1 }, ['holdSeconds']],
    [
      'an hour beyond all years',
      { startsAt: LIMITS.instantMax, endsAt: undefined },
      ['startsAt', 'startsAt'],
    ],
    [
      'too many attributes',
      { attributes: Array.from({ length: 51 }, (_, at) => ({ name: `n${at}`, value: 'v' })) },
      ['attributes'],
    ],
    ['an attribute without a value', { attributes: [{ name: 'Colour', value: '' }] }, ['attributes']],
    [
      'an attribute twice',
      {
        attributes: [
          { name: 'Colour', value: 'red' },
          { name: 'Colour', value: 'blue' },
        ],
      },
      ['attributes'],
    ],
    [
      'too many images',
      { images: Array.from({ length: 11 }, (_, at) => ({ imageId: `i${at}`, alt: '' })) },
      ['images'],
    ],
    [
      'an image twice',
      {
        images: [
          { imageId: 'i1', alt: '' },
          { imageId: 'i1', alt: '' },
        ],
      },
      ['images'],
    ],
  ])('%s', (_, changes, fields) => {
    expect(draft(changes)).toEqual(fields);
  });

  test.each<[string, Partial<CampaignDraft>, string[]]>([
    ['no title', { title: '' }, ['title']],
    ['an address with capitals', { slug: 'May' }, ['slug']],
    ['an address with a blank', { slug: 'may days' }, ['slug']],
    ['an address that leads elsewhere', { slug: '../admin' }, ['slug']],
    ['an address that is too long', { slug: 'a'.repeat(LIMITS.slugCharactersMax + 1) }, ['slug']],
    ['a time zone that is none', { timeZone: 'Mars/Olympus' }, ['timeZone']],
    ['an offset for a time zone', { timeZone: '+02:00' }, ['timeZone']],
    ['an end before the start', { endsAt: CAMPAIGN.startsAt! - 1 }, ['endsAt']],
    ['a claim without a value', { entry: { kind: 'claim', name: 'tier', value: '' } }, ['entry']],
    ['work for tickets that nobody needs', gated({ work: true }), ['work']],
    ['more open holds than attempts', gated({ openHoldsMax: 21, attemptsMax: 20 }), ['openHoldsMax']],
    ['fewer holds than none', gated({ openHoldsMax: -1 }), ['openHoldsMax']],
    ['half an attempt', gated({ attemptsMax: 0.5 }), ['attemptsMax']],
    [
      'a cool-down that is too long',
      gated({ coolDownSeconds: LIMITS.coolDownSecondsMax + 1 }),
      ['coolDownSeconds'],
    ],
    [
      'a shortest hold that is too long',
      gated({ shortestHoldSeconds: LIMITS.holdSecondsMax + 1 }),
      ['shortestHoldSeconds'],
    ],
  ])('%s', (_, changes, fields) => {
    expect(campaignFaults({ ...CAMPAIGN, ...changes }).map(({ field }) => field)).toEqual(fields);
  });
});

test('whatever the catalogue lets through, the engine’s interface would take as well', () => {
  const { nameCharactersMax, descriptionCharactersMax, amountMax, perCustomerLimitMax, holdSecondsMax } =
    LIMITS;
  const extremes: ProductDraft[] = [
    {
      ...PRODUCT,
      name: 'x'.repeat(nameCharactersMax),
      description: 'line\n'.repeat(descriptionCharactersMax / 5),
      startsAt: 0,
      endsAt: LIMITS.instantMax - 1,
      amount: amountMax,
      perCustomerLimit: perCustomerLimitMax,
      holdSeconds: holdSecondsMax,
    },
    { ...PRODUCT, name: '<b>&</b> é 🫖', description: '', amount: 0, perCustomerLimit: 1, holdSeconds: 0 },
  ];
  for (const extreme of extremes) {
    expect(
      productFaults(extreme, { startsAt: undefined, endsAt: undefined, timeZone: 'UTC' }, undefined),
    ).toEqual([]);
    const { startsAt, endsAt, amount, currency, ...rest } = configurationOf(
      { ...PRODUCT, ...extreme },
      OPEN_CAMPAIGN_GATE,
    );
    const instant = (at: number): string => new Date(at).toISOString();
    const put = {
      ...rest,
      startsAt: instant(startsAt),
      endsAt: instant(endsAt),
      price: { amount, currency },
    };
    expect(PutProduct.safeParse(put).error).toBeUndefined();
  }
});

test('names of products tell what they are, are the engine’s, and differ', () => {
  expect(slugOf('  Café crème & Co. ')).toBe('cafe-creme-co');
  expect(slugOf('日本')).toBe('');
  const ids = ['Ember Kettle', '日本', 'x'.repeat(200), `${'y'.repeat(52)} z`].map((name) =>
    productId(name, systemRandom),
  );
  for (const id of ids) expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*-[0-9a-z]{10}$/);
  for (const id of ids) expect(id.length).toBeLessThanOrEqual(64);
  expect(ids[1]).toMatch(/^product-/);
  const many = new Set(Array.from({ length: 1_000 }, () => productId('Kettle', systemRandom)));
  expect(many.size).toBe(1_000);
});
