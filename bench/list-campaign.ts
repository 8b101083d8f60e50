// A campaign for a list of customers, of a node that does not run yet: in its folder, or in the database that it is given; and the wait
// until its product is on sale.

import { callNode } from '../src/node-client.ts';
import {
  Catalogue,
  CustomerLists,
  migrateCatalogue,
  openPool,
  startEmbeddedPostgres,
  type CampaignGate,
  type Editor,
  type SaveOutcome,
} from '../src/persistence/index.ts';
import { systemClock, systemRandom } from '../src/runtime/index.ts';
import type { OwnNode } from './own-node.ts';

const CUSTOMERS_PER_PIECE = 5_000;
const DAY_MS = 86_400_000;
const OPEN_MS_MAX = 60_000;
const LOOK_MS = 100;

const EDITOR: Editor = { id: 'bench', name: 'The benchmark', role: 'publisher' };

export interface ListCampaign {
  readonly campaignId: string;
  readonly productId: string;
}

export interface ListCampaignWish {
  /** On its list: customer-0, customer-1 and so on. */
  readonly customers: number;
  readonly units: number;
  /** Undefined: an open one. */
  readonly gate?: CampaignGate;
}

/** @param databaseUrl empty: the Postgres in the folder */
export async function publishForList(
  dataDir: string,
  databaseUrl: string,
  { customers, units, gate }: ListCampaignWish,
): Promise<ListCampaign> {
  const postgres = databaseUrl === '' ? await startEmbeddedPostgres(dataDir) : undefined;
  const connection = postgres?.connection ?? { connectionString: databaseUrl };
  const pool = openPool(connection, 2, 'doorbuster bench');
  try {
    await migrateCatalogue(pool);
    const catalogue = new Catalogue(pool, systemClock, systemRandom);
    const hours = { startsAt: Date.now() - DAY_MS, endsAt: Date.now() + DAY_MS };
    const campaign = saved(
      await catalogue.createCampaign(EDITOR, {
        title: 'For a list',
        slug: 'for-a-list',
        description: '',
        ...hours,
        timeZone: 'UTC',
        entry: { kind: 'list' },
        ...(gate && { gate }),
      }),
    );
    const product = saved(
      await catalogue.addProduct(EDITOR, campaign.id, {
        name: 'Hot product',
        description: '',
        sku: 'HOT',
        ...hours,
        listAmount: undefined,
        amount: 4_900,
        currency: 'EUR',
        quantity: units,
        perCustomerLimit: 1,
        holdSeconds: 86_400,
        attributes: [],
        images: [],
      }),
    );
    const lists = new CustomerLists(pool, systemClock, systemRandom);
    const loaded = await lists.replace(EDITOR, campaign.id, linesOf(customers), { skipBad: false });
    if (loaded.outcome !== 'loaded') throw new Error(`the list was not loaded: ${JSON.stringify(loaded)}`);
    saved(await catalogue.publish(EDITOR, campaign.id, campaign.version));
    return { campaignId: campaign.id, productId: product.id };
  } finally {
    await pool.end();
    await postgres?.stop();
  }
}

async function* linesOf(customers: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < customers; from += CUSTOMERS_PER_PIECE)
    yield Buffer.from(
      Array.from({ length: CUSTOMERS_PER_PIECE }, (_, number) => `customer-${from + number}\n`).join(''),
    );
}

function saved<T>(outcome: SaveOutcome<T>): T {
  if (outcome.outcome !== 'saved') throw new Error(`not saved: ${JSON.stringify(outcome)}`);
  return outcome.value;
}

/** The catalogue's commands have come to the engine. */
export async function whenOpen(
  node: Pick<OwnNode, 'url' | 'adminToken'>,
  productId: string,
  units: number,
): Promise<void> {
  const deadline = performance.now() + OPEN_MS_MAX;
  for (;;) {
    try {
      const path = `/v1/admin/products/${productId}/stock`;
      // oxlint-disable-next-line no-await-in-loop -- it is asked until it is there
      if ((await callNode<{ available: number }>(node, 'GET', path)).available === units) return;
    } catch {
      // It is not there yet.
    }
    if (performance.now() > deadline) throw new Error('the campaign’s product did not come to the engine');
    // oxlint-disable-next-line no-await-in-loop -- it is asked until it is there
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
