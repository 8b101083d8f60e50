// What the handlers of one thread have in hand. Made by worker.ts.

import type {
  AbandonmentReads,
  Cache,
  OrderOrigins,
  OrderReads,
  ProductReads,
} from '../persistence/index.ts';
import type { Clock, Random, Router, Timers } from '../runtime/index.ts';
import type { Auth } from './auth.ts';
import type { ClientAddresses } from './client-address.ts';
import type { CmsContext } from './cms/index.ts';
import type { Counters } from './counters.ts';
import type { Doors } from './doors.ts';
import type { RiskOf } from './gate/challenge/index.ts';
import type { RateLimits } from './gate/limits/index.ts';
import type { TicketOffice } from './gate/tickets/index.ts';
import type { NodeControl } from './node-control.ts';
import type { Assets } from './pages/index.ts';
import type { Payments } from './payment/index.ts';
import type { ProductHub } from './product-hub.ts';
import type { RiskContext } from './risk/risk-context.ts';
import type { SignInSettings } from './session/settings.ts';

export interface HttpLimits {
  /** Body of a shopper's call, bytes. */
  readonly orderBytesMax: number;
  /** Body of an admin's call, bytes. */
  readonly adminBytesMax: number;
  /** Request line and headers, bytes. */
  readonly headerBytesMax: number;
  /** Open event streams of one thread. */
  readonly streamsMax: number;
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  orderBytesMax: 4 * 1024,
  adminBytesMax: 64 * 1024,
  headerBytesMax: 16 * 1024,
  streamsMax: 5_000,
};

export interface HttpContext {
  readonly router: Router;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly auth: Auth;
  readonly addresses: ClientAddresses;
  readonly doors: Doors;
  /** Undefined: there are none. */
  readonly rateLimits: RateLimits | undefined;
  readonly tickets: TicketOffice;
  readonly riskOf: RiskOf;
  readonly signIn: SignInSettings;
  readonly node: NodeControl;
  readonly orders: OrderReads;
  /** Undefined where nobody notes where orders come from. */
  readonly origins: Pick<OrderOrigins, 'note'> | undefined;
  readonly abandonment: Pick<AbandonmentReads, 'read'> | undefined;
  readonly products: ProductReads;
  readonly cache: Cache;
  readonly hub: ProductHub;
  readonly assets: Assets;
  readonly counters: Counters;
  /** Undefined where there is no catalogue. */
  readonly cms: CmsContext | undefined;
  readonly payments: Payments;
  /** Undefined where there is no catalogue. */
  readonly risk: RiskContext | undefined;
  readonly limits: HttpLimits;
  /** Payments succeed by themselves, and anybody can get a token. */
  readonly demo: boolean;
}
