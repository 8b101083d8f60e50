// What a first visit of a campaign's page brings over the line, as the browser counts it.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { FIRST_VISIT_BYTES_MAX } from '../../bench/first-visit.ts';
import { Browser } from '../harness/browser.ts';
import { CampaignDesk } from '../harness/campaign-desk.ts';
import { Engine } from '../harness/engine.ts';
import { loadPage } from '../harness/page-load.ts';
import { productPicture } from '../harness/product-picture.ts';
import { ShopVisit } from '../harness/shop-visit.ts';

/** Pictures are not what is counted. */
const PICTURE_WIDTH = 400;
const PICTURES = ['film-camera', 'ember-kettle', 'aurora-headphones', 'trail-runner-shoes'];

let engine: Engine;
let browser: Browser;

beforeAll(async () => {
  [engine, browser] = await Promise.all([Engine.start({ env: { WORKERS: '1' } }), Browser.start()]);
});

afterAll(async () => {
  await Promise.all([browser?.stop(), engine?.remove()]);
});

test('a first visit brings less than 100 kB beside pictures, and a second one no files again', async () => {
  const desk = await CampaignDesk.at(engine);
  const description =
    'Made once, in one colour, and numbered by hand. It comes in a box that can be sent back. ';
  const products = await Promise.all(
    PICTURES.map(async (name) => ({
      name,
      description: description.repeat(3),
      picture: await productPicture(name, `The ${name}, seen from the front`, PICTURE_WIDTH),
    })),
  );
  const { path } = await desk.publish({ title: 'Light', description: description.repeat(3), products });
  const shopper = await ShopVisit.at(browser, engine.url, { customerId: 'ada', size: 'phone' });
  const first = await loadPage(shopper, path);
  expect(first.transferredBytes).toBeLessThan(FIRST_VISIT_BYTES_MAX);
  // Both would be zero if nothing was counted.
  expect(first.decodedBytes).toBeGreaterThan(first.transferredBytes * 1.5);
  expect(first.requests).toBeGreaterThan(5);
  expect(first.pictureBytes).toBeGreaterThan(0);
  for (const kind of ['Document', 'Script', 'Stylesheet'])
    expect(first.bytesByKind[kind], kind).toBeGreaterThan(1_000);
  await shopper.ticket(PICTURES[0]!).buy();
  await shopper.ticket(PICTURES[0]!).offers('reserved');

  const second = await loadPage(shopper, path);
  expect(second.bytesByKind).toMatchObject({ Script: 0, Stylesheet: 0 });
  expect(shopper.visit.faults).toEqual([]);
  await shopper.end();
});
