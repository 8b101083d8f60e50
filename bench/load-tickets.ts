// The tickets of the load generator, which loads this only for a sale that asks for them.

import { customerKeyOf } from '../src/actors/index.ts';
import { DEFAULT_TICKET_SETTINGS, TicketOffice } from '../src/http/gate/tickets/index.ts';
import { systemClock, systemRandom } from '../src/runtime/index.ts';

/** As the desk of a node with this secret gives them out. */
export function ticketsFor(
  campaignId: string,
  productId: string,
  secret: string,
  lifeMs: number,
): (customerId: string) => string {
  const settings = { ...DEFAULT_TICKET_SETTINGS, lifeMs };
  const ports = { secret, clock: systemClock, random: systemRandom, campaignOf: () => ({ campaignId }) };
  const office = new TicketOffice(ports, settings);
  const expiresAt = Date.now() + lifeMs;
  return (customerId) => office.issue({ customerKey: customerKeyOf(customerId), productId, expiresAt });
}
