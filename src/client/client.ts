// Everything that a shop's front end needs of Doorbuster, in one hand. It is made so that a front end cannot do it
// wrong: no purchase is sold twice, and no lost answer is shown as a success or as a failure.

import type { Answer } from './answer.ts';
import { Attempts } from './attempts.ts';
import { Caller } from './caller.ts';
import { Identity, type TokenSource } from './identity.ts';
import { browserStore, SafeStore, type KeyStore } from './key-store.ts';
import { isOrder, isOrderPage, type Order, type OrderPage, type Payment } from './order.ts';
import { OrderBook } from './order-book.ts';
import { realPorts, type Ports } from './ports.ts';
import { isProduct, type Product } from './product.ts';
import { Purchase } from './purchase.ts';
import { ServerClock } from './server-clock.ts';
import { TicketBook } from './ticket-book.ts';
import { Watch, type WatchHandlers } from './watch.ts';

export interface ClientOptions {
  /** Where Doorbuster is, as https://sale.example.com; by default the page's own server. */
  readonly baseUrl?: string;
  /** The shopper's token; without it the cookie of the page's own server says who it is. */
  readonly token?: TokenSource;
  /** The customer's id, where there is no token to tell it: keys are kept for each customer by itself. */
  readonly customer?: string;
  /** From the shopper's invitation link, for a campaign that needs one. */
  readonly invitation?: string;
  /** `localStorage` where there is one. */
  readonly storage?: KeyStore;
  /** The shop does not know the shopper any more: sign in, and make a new client. */
  readonly onSignedOut?: () => void;
  readonly fetch?: Ports['fetch'];
  readonly random?: () => number;
  /** Epoch milliseconds, by a clock that may be wrong. */
  readonly now?: () => number;
  /** Everything else of the world around; for tests. */
  readonly ports?: Partial<Ports>;
}

export interface DoorbusterClient {
  readonly clock: ServerClock;
  product(id: string): Promise<Answer<Product>>;
  /** Tells of these products until `stop`. */
  watch(productIds: readonly string[], handlers: WatchHandlers): Watch;
  /** The same one for the same product, so that two buttons of a page are one purchase. */
  purchase(productId: string): Purchase;
  orders(options?: { readonly before?: string }): Promise<Answer<OrderPage>>;
  order(id: string): Promise<Answer<Order>>;
  /** May be repeated without harm. */
  pay(id: string, payment: Payment): Promise<Answer<Order>>;
  /** May be repeated without harm. */
  cancel(id: string): Promise<Answer<Order>>;
  /** Always the same one. It learns of every order that this client is told of. */
  orderBook(): OrderBook;
}

/** @throws TypeError for an address that is none */
export function createClient(options: ClientOptions = {}): DoorbusterClient {
  const ports: Ports = {
    ...realPorts,
    ...options.ports,
    ...(options.fetch && { fetch: options.fetch }),
    ...(options.random && { random: options.random }),
    ...(options.now && { now: options.now }),
  };
  const identity = new Identity(options.token, options.customer);
  const caller = new Caller({
    baseUrl: baseUrlOf(options.baseUrl),
    invitation: options.invitation,
    identity,
    ports,
    onSignedOut: () => options.onSignedOut?.(),
  });
  const clock = new ServerClock(caller, ports);
  const store = new SafeStore(options.storage ?? browserStore());
  const attempts = new Attempts(store, ports);
  const tickets = new TicketBook({ caller, identity, store, clock, ports });
  const book = new OrderBook(caller, clock, ports);
  const purchases = new Map<string, Purchase>();
  const personal = { isPersonal: true };

  function purchase(productId: string): Purchase {
    const present = purchases.get(productId);
    if (present !== undefined) return present;
    const made = new Purchase({ productId, caller, identity, attempts, tickets, clock, ports });
    made.onOrder((order) => book.learn(order));
    purchases.set(productId, made);
    return made;
  }

  async function learned(call: Promise<Answer<Order>>): Promise<Answer<Order>> {
    const answer = await call;
    if (answer.kind === 'answer') book.learn(answer.body);
    return answer;
  }

  return {
    clock,
    product: (id) => caller.call('GET', `/v1/products/${encodeURIComponent(id)}`, isProduct),
    watch: (productIds, handlers) =>
      new Watch(caller, ports, productIds, {
        ...handlers,
        onProduct: (product) => {
          tickets.learn(product);
          handlers.onProduct(product);
        },
      }),
    purchase,
    orders: ({ before } = {}) =>
      caller.call(
        'GET',
        `/v1/orders${before ? `?before=${encodeURIComponent(before)}` : ''}`,
        isOrderPage,
        personal,
      ),
    order: (id) => learned(caller.call('GET', orderPath(id), isOrder, personal)),
    pay: (id, payment) =>
      learned(caller.call('POST', `${orderPath(id)}/payment`, isOrder, { ...personal, body: payment })),
    cancel: (id) => learned(caller.call('DELETE', orderPath(id), isOrder, personal)),
    orderBook: () => book,
  };
}

const orderPath = (id: string): string => `/v1/orders/${encodeURIComponent(id)}`;

function baseUrlOf(address: string | undefined): string {
  if (address === undefined || address === '') {
    if ('document' in globalThis) return '';
    throw new TypeError(
      'baseUrl is missing; outside a browser say where Doorbuster is, as https://sale.example.com',
    );
  }
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol))
    throw new TypeError(`baseUrl is ${address}; it must be an http address, as https://sale.example.com`);
  return address.replace(/\/+$/, '');
}
