// The sample campaigns of demo mode, made in a catalogue: whatever ends a start half way, the next one makes them once.

import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { DemoCampaigns, type DemoCampaignsPorts } from '../../src/demo-campaigns.ts';
import { openPool, type Catalogue } from '../../src/persistence/index.ts';
import { sampleCampaigns, type SampleCampaign } from '../../src/sample-campaigns.ts';
import { Desk, EDA, saved } from '../persistence/catalogue/desk.ts';
import { SERVER_MS_MAX, startInEmptyDatabase, type StartedPostgres } from '../persistence/postgres-kinds.ts';

const DAY_MS = 86_400_000;
const ORDERS_KEPT_MS = DAY_MS;

const SAMPLES: readonly SampleCampaign[] = sampleCampaigns.map((sample) => ({
  ...sample,
  entry: { kind: 'everyone' },
}));
const PRODUCTS = SAMPLES.flatMap(({ offers }) => offers).length;

let postgres: StartedPostgres;
let pool: Pool;
let desk: Desk;
let lists: Map<string, string>;
let calls: number;

beforeAll(async () => {
  postgres = await startInEmptyDatabase();
  pool = openPool(postgres.connection, 4, 'doorbuster test');
}, SERVER_MS_MAX);
afterAll(async () => {
  await pool?.end();
  await postgres?.stop();
}, SERVER_MS_MAX);
beforeEach(async () => {
  desk = await Desk.open(pool);
  lists = new Map();
  calls = 0;
});

/** @param callsMax of what it asks for: then it is gone, with the call done or not */
function campaigns(callsMax = Infinity, isDone = true): DemoCampaigns {
  const mortal = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (_, name) => {
        const method = Reflect.get(target, name) as (...all: unknown[]) => Promise<unknown>;
        return async (...all: unknown[]) => {
          if (calls >= callsMax && !isDone) throw new Error('killed');
          const answer = await method.apply(target, all);
          if (++calls > callsMax) throw new Error('killed');
          return answer;
        };
      },
    });
  const ports: DemoCampaignsPorts = {
    catalogue: mortal<Catalogue>(desk.catalogue),
    lists: mortal({
      current: async (id: string) => lists.get(id),
      replace: async (_: unknown, id: string, source: AsyncIterable<Uint8Array>) => {
        for await (const bytes of source) lists.set(id, Buffer.from(bytes).toString());
        return { outcome: 'loaded' };
      },
    }) as unknown as DemoCampaignsPorts['lists'],
    assets: mortal({
      addImage: async () => {
        const id = await desk.image();
        return { outcome: 'added' as const, image: { id, width: 1, height: 1, variants: [] } };
      },
    }),
    clock: { now: () => desk.now },
    ordersKeptMs: ORDERS_KEPT_MS,
  };
  return new DemoCampaigns(ports, SAMPLES);
}

async function start(callsMax?: number, isDone?: boolean): Promise<void> {
  const made = campaigns(callsMax, isDone);
  await made.illustrate(await made.make());
}

/** All of it, as whoever looks at the tables finds it. */
async function kept() {
  const all = await desk.catalogue.campaigns();
  const found = await Promise.all(all.map(({ id }) => desk.catalogue.campaign(id)));
  const { rows: loads } = await pool.query<{ product_id: string }>(
    `SELECT product_id FROM doorbuster_catalogue.outbox WHERE kind = 'loadStock'`,
  );
  return {
    campaigns: found
      .map((each) => each!.campaign)
      .toSorted((one, other) => one.slug.localeCompare(other.slug)),
    products: found.flatMap((each) => each!.products),
    loaded: loads.map(({ product_id }) => product_id),
  };
}

async function expectMadeOnce(): Promise<void> {
  const { campaigns: all, products, loaded } = await kept();
  expect(all.map(({ slug }) => slug)).toEqual(SAMPLES.map(({ slug }) => slug).toSorted());
  expect(all.map(({ status }) => status)).toEqual(SAMPLES.map(() => 'published'));
  expect(products).toHaveLength(PRODUCTS);
  expect(products.filter(({ images }) => images.length !== 1)).toEqual([]);
  expect(loaded.toSorted()).toEqual(products.map(({ id }) => id).toSorted());
  expect([...lists.values()]).toEqual(['ada\nbarbara\nhedy\n']);
}

test('they are made once, published, stocked and illustrated, and a second start changes nothing', async () => {
  await start();
  await expectMadeOnce();
  const before = await kept();
  await start();
  expect(await kept()).toEqual(before);
});

test(
  'a start that is killed before or behind any of its steps is gone on with by the next',
  { timeout: 300_000 },
  async () => {
    await start();
    const steps = calls;
    expect(steps).toBeGreaterThan(20);
    for (const isDone of [true, false])
      for (let callsMax = 0; callsMax < steps; callsMax += 7) {
        desk = await Desk.open(pool);
        lists = new Map();
        calls = 0;
        await expect(start(callsMax, isDone), `killed at ${callsMax}`).rejects.toThrow('killed');
        await start();
        await expectMadeOnce();
      }
  },
);

test('two nodes that start at once make them once', async () => {
  await Promise.all([start(), start()]);
  await expectMadeOnce();
  expect((await kept()).products).toHaveLength(PRODUCTS);
});

test('what has ended opens again with its products, and what is closed for good comes under another name', async () => {
  await start();
  const before = await kept();
  desk.now += 1.5 * DAY_MS;
  await start();
  const reopened = await kept();
  expect(reopened.products.map(({ id }) => id)).toEqual(before.products.map(({ id }) => id));
  expect(reopened.campaigns.filter(({ endsAt }) => endsAt! <= desk.now)).toEqual([]);
  expect(reopened.products.filter(({ endsAt }) => endsAt! <= desk.now)).toEqual([]);
  desk.now += 3 * DAY_MS;
  await start();
  const { campaigns: all, products } = await kept();
  expect(all).toHaveLength(2 * SAMPLES.length);
  expect(all.filter(({ endsAt }) => endsAt! > desk.now).map(({ slug }) => slug)).toEqual(
    SAMPLES.map(({ slug }) => `${slug}-2`).toSorted(),
  );
  expect(new Set(products.map(({ id }) => id)).size).toBe(2 * PRODUCTS);
});

test('what somebody else made of them stays, also that they are paused, renamed or without pictures', async () => {
  await start();
  const { campaigns: all } = await kept();
  const [first, second] = all;
  saved(await desk.catalogue.pause(EDA, first!.id));
  saved(
    await desk.catalogue.saveCampaign(EDA, second!.id, second!.version, {
      ...second!,
      slug: 'mine',
      title: 'Mine',
    }),
  );
  const product = (await desk.catalogue.campaign(second!.id))!.products[0]!;
  saved(
    await desk.catalogue.saveProduct(EDA, product.id, product.version, {
      ...product,
      quantity: undefined,
      images: [],
    }),
  );
  const before = await kept();
  await start();
  expect(await kept()).toEqual(before);
});

test('an address that is somebody else’s is let be', async () => {
  const theirs = saved(
    await desk.catalogue.createCampaign(EDA, desk.campaignDraft({ slug: SAMPLES[0]!.slug })),
  );
  await start();
  const { campaigns: all } = await kept();
  expect(all.find(({ id }) => id === theirs.id)).toEqual(theirs);
  expect(all.map(({ slug }) => slug)).toContain(`${SAMPLES[0]!.slug}-2`);
  expect(all).toHaveLength(SAMPLES.length + 1);
});
