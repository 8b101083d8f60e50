// A gate that changes while its campaign is published or paused: every product that the engine has is sent again, with it.

import { isSameGate } from '../../actors/index.ts';
import type { Campaign } from './campaign.ts';
import type { Change } from './desk.ts';
import { configure, enqueue } from './outbox.ts';
import { holdProducts, readProducts } from './product-rows.ts';

/** The campaign is held. What nobody can buy any more stays as it was. */
export async function sendGate(change: Change, old: Campaign, campaign: Campaign): Promise<void> {
  if (isSameGate(old.gate, campaign.gate)) return;
  const { client, editor, now } = change;
  await holdProducts(client, campaign.id);
  const products = await readProducts(client, campaign.id);
  const sent = products.filter(
    ({ sentVersion, endsAt }) => sentVersion !== undefined && (endsAt === undefined || endsAt > now),
  );
  if (sent.length === 0) return;
  // Until the engine answers, what it enforces is not what was saved.
  await client.query(
    `UPDATE doorbuster_catalogue.products SET sent_version = version, confirmed_version = NULL
     WHERE id = ANY ($1::text[])`,
    [sent.map(({ id }) => id)],
  );
  const queue = sent.map((product) => ({
    productId: product.id,
    command: configure(campaign.gate, product),
  }));
  await enqueue(client, editor, now, queue);
}
