// The products of the demonstration: what `start --demo` puts on sale. Pure data: whoever loads it turns the relative
// seconds into hours, once, at the first start. The ids are the names of the pictures in static/products.

import type { Money } from './product-view.ts';

export type SampleProduct = {
  id: string;
  name: string;
  description: string;
  price: Money;
  quantity: number;
  perCustomerLimit: number;
  holdSeconds: number;
  /** Counted from the first start of the demonstration; negative means already open. */
  startsInSeconds: number;
  endsInSeconds: number;
  /** Names the stock load, so that a second start does not load the same units twice. */
  requestId: string;
};

const dayInSeconds = 86_400;

export const sampleCampaign: SampleProduct[] = [
  {
    id: 'aurora-headphones',
    name: 'Aurora headphones',
    description:
      'Closed wireless headphones with forty hours of battery, memory-foam cushions, and a band light enough to forget.',
    price: { amount: 18_900, currency: 'EUR' },
    quantity: 500,
    perCustomerLimit: 1,
    holdSeconds: 300,
    startsInSeconds: -60,
    endsInSeconds: dayInSeconds,
    requestId: 'sample-campaign:aurora-headphones:1',
  },
  {
    id: 'ember-kettle',
    name: 'Ember kettle',
    description:
      'A gooseneck kettle that holds its temperature to the degree, in matte steel with a walnut grip. 0.9 litres.',
    price: { amount: 12_400, currency: 'EUR' },
    quantity: 200,
    perCustomerLimit: 2,
    holdSeconds: 300,
    startsInSeconds: -60,
    endsInSeconds: dayInSeconds,
    requestId: 'sample-campaign:ember-kettle:1',
  },
  {
    id: 'trail-runner-shoes',
    name: 'Trail runner shoes',
    description:
      'Five-millimetre lugs, a rock plate, and mesh that drains after every ford. Made for the long way home.',
    price: { amount: 14_950, currency: 'EUR' },
    quantity: 300,
    perCustomerLimit: 1,
    holdSeconds: 300,
    startsInSeconds: 600,
    endsInSeconds: dayInSeconds,
    requestId: 'sample-campaign:trail-runner-shoes:1',
  },
  {
    id: 'film-camera',
    name: 'Film camera, serviced',
    description:
      'A 35 mm rangefinder from 1968, cleaned, sealed and calibrated by hand. Only five exist. Sold the moment you press.',
    price: { amount: 34_000, currency: 'EUR' },
    quantity: 5,
    perCustomerLimit: 1,
    holdSeconds: 0,
    startsInSeconds: -60,
    endsInSeconds: dayInSeconds,
    requestId: 'sample-campaign:film-camera:1',
  },
];
