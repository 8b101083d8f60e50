// The campaigns of the demonstration: one for each kind of entry that needs no invitation, and one that has not begun. Those for
// everyone have the whole gate. Pure data: whoever makes them turns relative seconds into hours. Who is on the list and who has the claim stands beside the sign-in page,
// in sample-customers.ts.

import { NEW_CAMPAIGN_GATE, type CampaignGate, type Entry, type ProductDraft } from './persistence/index.ts';

export interface SampleCampaign {
  readonly slug: string;
  readonly title: string;
  readonly description: string;
  readonly entry: Entry;
  /** Undefined: nothing but rate limits and risk control. */
  readonly gate?: CampaignGate;
  /** Of an entry by list. */
  readonly customerIds?: readonly string[];
  /** Counted from when it is made, or opened again; negative means open already. */
  readonly startsInSeconds: number;
  readonly endsInSeconds: number;
  readonly offers: readonly SampleOffer[];
}

export interface SampleOffer extends Pick<
  ProductDraft,
  | 'name'
  | 'description'
  | 'sku'
  | 'listAmount'
  | 'amount'
  | 'quantity'
  | 'perCustomerLimit'
  | 'holdSeconds'
  | 'attributes'
> {
  /** In the folder sample-pictures. */
  readonly picture: string;
  readonly alt: string;
}

const DAY_SECONDS = 86_400;

/** Tickets for a proof of work, and bounds on holds: everything that there is. */
const WHOLE_GATE: CampaignGate = { ...NEW_CAMPAIGN_GATE, work: true };

export const sampleCampaigns: readonly SampleCampaign[] = [
  {
    slug: 'first-light',
    title: 'First light',
    description:
      'Two favourites in colours that are made once.\n\nOpen to everybody for a day, or until the last one is gone.',
    entry: { kind: 'everyone' },
    gate: WHOLE_GATE,
    startsInSeconds: -60,
    endsInSeconds: DAY_SECONDS,
    offers: [
      {
        name: 'Aurora headphones, polar blue',
        description: 'Forty hours of battery under an arctic sky. The colour is made for this sale alone.',
        sku: 'SAMPLE-AURORA-POLAR',
        listAmount: 18_900,
        amount: 14_900,
        quantity: 250,
        perCustomerLimit: 1,
        holdSeconds: 300,
        attributes: [
          { name: 'Battery', value: '40 hours' },
          { name: 'Weight', value: '248 g' },
        ],
        picture: 'aurora-headphones-polar.webp',
        alt: 'White headphones against a blue night sky',
      },
      {
        name: 'Ember kettle, deep sea',
        description: 'The gooseneck kettle in matte black, with a grip as blue as its flame.',
        sku: 'SAMPLE-EMBER-SEA',
        listAmount: 12_400,
        amount: 8_900,
        quantity: 120,
        perCustomerLimit: 2,
        holdSeconds: 300,
        attributes: [{ name: 'Holds', value: '0.9 l' }],
        picture: 'ember-kettle-sea.webp',
        alt: 'A black kettle with a long spout in front of a blue wall',
      },
    ],
  },
  {
    slug: 'ten-minutes-to-go',
    title: 'Ten minutes to go',
    description:
      'Everybody waits for the same second. The countdown follows the clock of the shop, not yours.',
    entry: { kind: 'everyone' },
    gate: WHOLE_GATE,
    startsInSeconds: 600,
    endsInSeconds: DAY_SECONDS,
    offers: [
      {
        name: 'Trail runner shoes, dusk',
        description: 'Rock plate, five-millimetre lugs, and a colour for the last hour of light.',
        sku: 'SAMPLE-TRAIL-DUSK',
        listAmount: 14_950,
        amount: 9_900,
        quantity: 80,
        perCustomerLimit: 1,
        holdSeconds: 300,
        attributes: [{ name: 'Weight', value: '295 g' }],
        picture: 'trail-runner-shoes-dusk.webp',
        alt: 'A maroon trail shoe in front of lilac hills',
      },
    ],
  },
  {
    slug: 'friends-of-the-house',
    title: 'Friends of the house',
    description: 'For customers on the list. To everybody else this page does not exist.',
    entry: { kind: 'list' },
    customerIds: ['ada', 'barbara', 'hedy'],
    startsInSeconds: -60,
    endsInSeconds: DAY_SECONDS,
    offers: [
      {
        name: 'Film camera, forest leather',
        description:
          'Five rangefinders, serviced by hand and covered anew. There is no hold: it is sold the moment you press.',
        sku: 'SAMPLE-CAMERA-FOREST',
        listAmount: undefined,
        amount: 34_000,
        quantity: 5,
        perCustomerLimit: 1,
        holdSeconds: 0,
        attributes: [{ name: 'Built', value: '1968' }],
        picture: 'film-camera-forest.webp',
        alt: 'A chrome camera in green leather with its strap',
      },
    ],
  },
  {
    slug: 'gold-hour',
    title: 'Gold hour',
    description:
      'For customers whose shop says that they are gold: the claim tier in their token, or their session.',
    entry: { kind: 'claim', name: 'tier', value: 'gold' },
    startsInSeconds: -60,
    endsInSeconds: DAY_SECONDS,
    offers: [
      {
        name: 'Trail runner shoes, gold edition',
        description: 'The same rock plate under a green that nobody else has.',
        sku: 'SAMPLE-TRAIL-GOLD',
        listAmount: 14_950,
        amount: 7_900,
        quantity: 40,
        perCustomerLimit: 1,
        holdSeconds: 300,
        attributes: [{ name: 'Weight', value: '295 g' }],
        picture: 'trail-runner-shoes-gold.webp',
        alt: 'A green trail shoe in front of golden hills',
      },
    ],
  },
];
