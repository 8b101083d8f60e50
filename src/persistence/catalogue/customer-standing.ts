// A person at the CMS says what a customer's status is: the row and the trail's line, in one transaction. Whoever looked at another
// status than the one that is known by now is told so, and changes nothing.

import type { CustomerStatus } from '../../risk/index.ts';
import { saveStatuses } from '../risk/customer-statuses.ts';
import type { Change } from './desk.ts';
import { NeedsPublisher } from './outcome.ts';
import { writeTrail } from './trail.ts';

export interface StatusDraft {
  readonly customerId: string;
  readonly status: CustomerStatus;
  /** Why, for colleagues; may be empty. */
  readonly note: string;
  /** As of when, epoch milliseconds, the status was that was seen; undefined: none was known. */
  readonly seen: number | undefined;
}

export type StatusSaved = 'saved' | 'unchanged' | 'conflict';

/** @throws NeedsPublisher */
export async function setStatus(change: Change, draft: StatusDraft): Promise<StatusSaved> {
  const { client, editor, now } = change;
  if (editor.role !== 'publisher') throw new NeedsPublisher();
  const { customerId, status, note, seen } = draft;
  const { rows } = await client.query<{ status: CustomerStatus; as_of: number }>(
    `SELECT status, floor(extract(epoch FROM as_of) * 1000)::float8 AS as_of
     FROM doorbuster_catalogue.customer_statuses WHERE customer_id = $1 FOR UPDATE`,
    [customerId],
  );
  const [known] = rows;
  if (known?.as_of !== seen) return 'conflict';
  const before = known?.status ?? 'active';
  if (before === status) return 'unchanged';
  // Another system's clock may be ahead: who has seen its word says the next one.
  const asOf = Math.max(now, (known?.as_of ?? 0) + 1);
  const source = `${editor.name}, at the CMS`;
  const { taken } = await saveStatuses(client, [
    { customerId, status, accountCreatedAt: undefined, asOf, source },
  ]);
  if (taken === 0) return 'conflict';
  await writeTrail(client, editor, now, {
    campaignId: undefined,
    action: 'customer_status_set',
    changes: [
      { field: 'customer', from: '', to: customerId },
      { field: 'customerStatus', from: before, to: status },
      ...(note === '' ? [] : [{ field: 'note', from: '', to: note }]),
    ],
  });
  return 'saved';
}
