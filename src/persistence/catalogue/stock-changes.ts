// More units, or fewer, of a product that is on sale. The engine alone knows what is left, so the catalogue's quantity follows
// its answer.

import { CANCELLED } from './campaign-changes.ts';
import { refusedFor, NOT_FOUND, saved, type Change } from './desk.ts';
import { CATALOGUE_LIMITS } from './limits.ts';
import type { SaveOutcome } from './outcome.ts';
import { changeRequestId, enqueue, readStockChanges, type StockChange } from './outbox.ts';
import { holdWithCampaign } from './product-changes.ts';
import { REQUEST_FIELD, writeTrail } from './trail.ts';

const REQUEST_ID = /^[A-Za-z0-9._-]+$/;

export async function changeStock(
  change: Change,
  productId: string,
  requestId: string,
  units: number,
): Promise<SaveOutcome<StockChange>> {
  const { client, editor, now } = change;
  if (!REQUEST_ID.test(requestId) || requestId.length > CATALOGUE_LIMITS.requestIdCharactersMax)
    return refusedFor(
      'requestId',
      `The name of a change is 1 to ${CATALOGUE_LIMITS.requestIdCharactersMax} letters, digits, dots, dashes or underscores.`,
      productId,
    );
  const { quantityMax } = CATALOGUE_LIMITS;
  if (!Number.isSafeInteger(units) || units === 0 || Math.abs(units) > quantityMax)
    return refusedFor('units', `Add or withdraw 1 to ${quantityMax} whole units.`, productId);
  const held = await holdWithCampaign(change, productId);
  if (held === undefined) return NOT_FOUND;
  const { campaign, product } = held;
  const [known] = await readStockChanges(client, productId, changeRequestId(requestId));
  if (known !== undefined) {
    if (known.units === units) return saved(known);
    return refusedFor(
      'units',
      'This form was sent before, with another number of units. Open it again.',
      productId,
    );
  }
  if (campaign.status === 'cancelled') return refusedFor('status', CANCELLED, productId);
  if (product.sentVersion === undefined)
    return refusedFor('status', 'It is not on sale yet: change its quantity itself.', productId);
  await enqueue(client, editor, now, [
    {
      productId,
      command: {
        kind: units > 0 ? 'loadStock' : 'withdrawStock',
        requestId: changeRequestId(requestId),
        quantity: Math.abs(units),
      },
    },
  ]);
  await writeTrail(client, editor, now, {
    campaignId: campaign.id,
    productId,
    action: units > 0 ? 'stock_added' : 'stock_withdrawn',
    changes: [
      { field: 'units', from: '', to: String(Math.abs(units)) },
      { field: REQUEST_FIELD, from: '', to: changeRequestId(requestId) },
    ],
  });
  const [made] = await readStockChanges(client, productId, changeRequestId(requestId));
  return saved(made!);
}
