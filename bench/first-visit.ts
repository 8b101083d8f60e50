// first-visit: a campaign's page in Chromium with an empty cache, as a shopper who is signed in meets it first: bytes, requests, and
// when its Buy button works. On this machine as it is, with scripts four times slower, over a slow line, and with both.

import { Browser } from '../test/harness/browser.ts';
import { CampaignDesk } from '../test/harness/campaign-desk.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder } from '../test/harness/engine.ts';
import { loadPage, type Conditions, type PageLoad } from '../test/harness/page-load.ts';
import { productPicture } from '../test/harness/product-picture.ts';
import { ShopVisit } from '../test/harness/shop-visit.ts';
import { assertChromium } from '../test/servers/chromium.ts';
import { copyPostgresTemplate } from './postgres-template.ts';
import { EMBEDDED_MODE } from './environment.ts';
import { auditNode } from './own-node.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

/** All that comes over the line, but for pictures. */
export const FIRST_VISIT_BYTES_MAX = 100_000;
const VISITS = 3;
/** As Chromium's own tools have it under the name "Slow 4G". */
const SLOW_4G = { latencyMs: 562.5, downBytesPerSecond: 180_000, upBytesPerSecond: 84_375 };
const CONDITIONS: Readonly<Record<string, Conditions>> = {
  AsItIs: {},
  SlowCpu: { cpuSlowdown: 4 },
  SlowLine: { network: SLOW_4G },
  SlowBoth: { cpuSlowdown: 4, network: SLOW_4G },
};

/** Drawings of the demonstration, as pictures, one for each product; the first is bought. */
const PICTURES = ['film-camera', 'ember-kettle', 'aurora-headphones', 'trail-runner-shoes'];
const DESCRIPTION =
  'Made once, in one colour, and numbered by hand. It comes in a box that can be sent back, with two years of guarantee.';

export const firstVisit: Scenario = {
  modes: { sqlite: EMBEDDED_MODE },
  async run(options) {
    assertChromium();
    const dataDir = temporaryFolder();
    if ((process.env['DATABASE_URL'] ?? '') === '') copyPostgresTemplate(dataDir);
    const engine = Engine.spawn({ dataDir, env: { SAMPLE_CAMPAIGNS: 'false' } });
    const browser = await Browser.start();
    try {
      await engine.whenReady();
      const path = await publishCampaign(engine, options.products?.[0]);
      const result = await visits(browser, engine.url, path, options);
      const { url } = engine;
      return {
        ...result,
        violations: result.violations + (await auditNode({ url, adminToken: ADMIN_TOKEN })),
      };
    } finally {
      await browser.stop();
      await engine.stop();
      await engine.remove();
    }
  },
};

/** @returns the path of its page */
async function publishCampaign(engine: Engine, count = PICTURES.length): Promise<string> {
  const desk = await CampaignDesk.at(engine);
  const products = await Promise.all(
    PICTURES.slice(0, count).map(async (picture) => ({
      name: picture,
      description: DESCRIPTION,
      quantity: 10_000,
      picture: await productPicture(picture, `The ${picture}, seen from the front`),
    })),
  );
  const { path } = await desk.publish({ title: 'First visit', description: DESCRIPTION, products });
  return path;
}

async function visits(
  browser: Browser,
  url: string,
  path: string,
  { turns = VISITS, say }: ScenarioOptions,
): Promise<ScenarioResult> {
  const loads = new Map<string, PageLoad[]>();
  let violations = 0;
  const variants = Object.entries(CONDITIONS);
  for (let turn = 0; turn <= turns; turn++) {
    // The first visit warms the node up: it compresses its files, and V8 compiles what answers.
    for (const [name, conditions] of turn === 0 ? variants.slice(0, 1) : variants) {
      const shopper = await ShopVisit.at(browser, url, {
        customerId: `visitor-${turn}-${name}`,
        size: 'phone',
      });
      const load = await loadPage(shopper, path, conditions);
      if (turn > 0) loads.set(name, [...(loads.get(name) ?? []), load]);
      // What calls itself of use must be.
      const ticket = shopper.ticket(PICTURES[0]!);
      await ticket.buy();
      await ticket.offers('reserved');
      violations += shopper.visit.faults.length + Number(load.transferredBytes > FIRST_VISIT_BYTES_MAX);
      await shopper.end();
      say(
        `  turn ${turn} of ${turns}, ${name}: the Buy button works after ${Math.round(load.interactiveMs)} ms`,
      );
    }
  }
  const [seen] = loads.get('AsItIs')!;
  const { transferredBytes, decodedBytes, requests, pictureRequests, pictureBytes, bytesByKind } = seen!;
  const kinds = Object.entries(bytesByKind).map(([kind, bytes]) => [`bytesOf${kind}`, bytes]);
  const times = [...loads].flatMap(([name, all]) => [
    [`paintedMs${name}`, median(all.map(({ paintedMs }) => paintedMs))],
    [`interactiveMs${name}`, median(all.map(({ interactiveMs }) => interactiveMs))],
  ]);
  return {
    ratio: round(transferredBytes / FIRST_VISIT_BYTES_MAX),
    transferredBytes,
    decodedBytes,
    requests,
    ...(Object.fromEntries(kinds) as Record<string, number>),
    pictureRequests,
    pictureBytes,
    ...(Object.fromEntries(times) as Record<string, number>),
    violations,
  };
}

const median = (values: readonly number[]): number =>
  Math.round(values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!);
