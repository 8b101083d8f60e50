// The path of a purchase, POST /v1/orders: from the bytes of a request to the actor, and back to the bytes of its answer.
// In the second of a sale nearly every request is one of these, so nothing here is allocated or awaited that need not be,
// and server.ts leads the plain ones here past the framework. Whatever is unusual about a request goes through the
// framework's route, which ends here as well.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { orderKeyOf, refuse, requestKeyOf, type Key, type Reply, type Reserve } from '../actors/index.ts';
import type { Answer } from './answer.ts';
import type { Shopper } from './auth.ts';
import type { Caller } from './caller.ts';
import type { ClientAddresses } from './client-address.ts';
import type { HttpContext } from './context.ts';
import type { Passage } from './doors.ts';
import { PurchaseLimit, withLimit } from './gate/limits/index.ts';
import { orderBody } from './order-body.ts';
import { placeOrderOf } from './place-order.ts';
import { Problem, problemAnswer } from './problem.ts';
import { idempotencyKey } from './request.ts';
import type { RetiredOrders } from './retired-orders.ts';

export const PURCHASE_PATH = '/v1/orders';
/** Doorbuster-Ticket, as Node names it. */
export const TICKET_HEADER = 'doorbuster-ticket';

const RANDOM_CHARACTERS = 8;
const NOT_FOUND = refuse('not_found').reply;

export interface PurchaseRequest {
  readonly caller: Caller;
  readonly idempotencyKey: string | undefined;
  /** What was sent as a purchase ticket. */
  readonly ticket: string | undefined;
  /** Of the network, as ClientAddresses says it. */
  readonly address: string;
  readonly body: Uint8Array;
}

/** Who buys, and what their request brought besides. */
type Buyer = Pick<PurchaseRequest, 'ticket' | 'address'> & { readonly shopper: Shopper };

interface Wish {
  readonly productId: string;
  readonly quantity: number;
  readonly key: string;
}

/** @param answer called once, now or later */
export type Purchase = (request: PurchaseRequest, answer: (answer: Answer) => void) => void;

/** @param onError hears of bugs */
export function purchaseOf(
  context: HttpContext,
  retired: RetiredOrders,
  onError: (error: unknown) => void,
): Purchase {
  const { auth, router, node, doors, tickets, origins } = context;
  const limit = new PurchaseLimit(context.rateLimits, doors, context.counters);
  const reserve = (request: PurchaseRequest, shopper: Shopper, answer: (answer: Answer) => void): void => {
    const { customerKey } = shopper;
    let wish: Wish;
    try {
      wish = wishOf(request, node);
    } catch (error) {
      return answer(limit.faulty(customerKey, request.address, refusal(error)));
    }
    const verdict = limit.judge(wish.productId, customerKey, request.address);
    const buyer = { shopper, ticket: request.ticket, address: request.address };
    if (verdict === undefined) return enter(wish, buyer, answer);
    if (verdict.isAllowed) return enter(wish, buyer, (plain) => answer(withLimit(plain, verdict)));
    // Only a known key gets further, and that needs no ticket.
    const command = commandOf(shopper, wish, undefined);
    limit
      .beyond(command, verdict, () => placedBefore(command, buyer))
      .then(answer, (error: unknown) => answer(refusal(error)));
  };
  const commandOf = (
    { customerId, customerKey }: Shopper,
    { productId, quantity, key }: Wish,
    ticket: Key | undefined,
  ): Reserve => ({
    kind: 'reserve',
    productId,
    orderId: newOrderId(context, productId),
    customerId,
    customerKey,
    idempotencyKey: key,
    requestKey: requestKeyOf(productId, customerId, key),
    quantity,
    ticket,
  });
  const ticketOf = ({ ticket, shopper }: Buyer, productId: string): Key | undefined =>
    tickets.read(ticket, shopper.customerKey, productId);
  const enter = (wish: Wish, buyer: Buyer, answer: (answer: Answer) => void): void => {
    const { productId } = wish;
    const passage = doors.passage(productId, buyer.shopper);
    if (passage === 'open')
      return submit(commandOf(buyer.shopper, wish, ticketOf(buyer, productId)), buyer, answer);
    aside(passage, commandOf(buyer.shopper, wish, undefined), buyer, answer).catch((error: unknown) =>
      answer(refusal(error)),
    );
  };
  const submit = (command: Reserve, buyer: Buyer, answer: (answer: Answer) => void): void =>
    router.submit(command, (reply) => {
      if (reply.outcome !== 'retired') return answer(concluded(command, reply, buyer));
      void boughtBefore(retired, command, onError).then((before) =>
        answer(concluded(command, before, buyer)),
      );
    });
  const concluded = (command: Reserve, reply: Reply, { shopper, address }: Buyer): Answer => {
    const answer = placed(context, command, reply, shopper);
    if (reply.outcome !== 'reserved') return answer;
    limit.accepted(command, answer);
    const { createdAt: at, holdExpiresAt } = reply.order;
    const { orderId, productId, customerId } = command;
    if (!reply.replayed && holdExpiresAt !== null)
      origins?.note({ orderId, productId, customerId, address, at });
    return answer;
  };
  /** Under the same key: an order, or whatever else the actor remembers of it. */
  const placedBefore = async (command: Reserve, buyer: Buyer): Promise<Answer | undefined> => {
    const { productId, requestKey } = command;
    const found = await router.request({ kind: 'findOrder', productId, requestKey });
    if (found.outcome === 'order') return new Promise((resolve) => submit(command, buyer, resolve));
    if (found.outcome !== 'retired') return undefined;
    const before = await boughtBefore(retired, command, onError);
    return before.outcome === 'reserved' ? concluded(command, before, buyer) : undefined;
  };
  /** Whoever may not enter, and whoever asks for what this thread does not know yet. @param command without its ticket @throws Problem */
  const aside = async (
    found: Passage | Promise<Passage>,
    command: Reserve,
    buyer: Buyer,
    answer: (answer: Answer) => void,
  ): Promise<void> => {
    const { shopper } = buyer;
    let passage: Passage;
    try {
      passage = await found;
    } catch (error) {
      // Nobody can say now who may enter. What was accepted before is told all the same.
      const before = await placedBefore(command, buyer);
      if (before === undefined) throw error;
      return answer(before);
    }
    // Which campaign it belongs to, and so what its tickets are bound to, may be known only now.
    if (passage === 'open')
      return submit({ ...command, ticket: ticketOf(buyer, command.productId) }, buyer, answer);
    if (passage === 'nowhere') return answer(placed(context, command, NOT_FOUND, shopper));
    // What was accepted once is never hidden from its buyer: under a key that is known the actor only repeats itself.
    const { productId, requestKey } = command;
    const reply = await router.request({ kind: 'findOrder', productId, requestKey });
    if (reply.outcome === 'order') return submit(command, buyer, answer);
    const before = reply.outcome === 'retired' ? await boughtBefore(retired, command, onError) : reply;
    const isNone = before.outcome === 'refused' && before.refusal === 'sale_ended';
    answer(placed(context, command, isNone ? NOT_FOUND : before, shopper));
  };
  const refusal = (error: unknown): Answer => {
    if (error instanceof Problem) return problemAnswer(error.code, error.extra);
    onError(error);
    return problemAnswer('outcome_unknown');
  };
  return (request, answer) => {
    const stranger = (error: unknown): void =>
      answer(limit.faulty(undefined, request.address, refusal(error)));
    const withShopper = (shopper: Shopper): void => {
      try {
        reserve(request, shopper, answer);
      } catch (error) {
        answer(refusal(error));
      }
    };
    let shopper: Shopper | Promise<Shopper>;
    try {
      shopper = auth.shopperOf(request.caller, true);
    } catch (error) {
      return stranger(error);
    }
    if (!(shopper instanceof Promise)) return withShopper(shopper);
    // Only a token of the provider's that this thread has not seen yet.
    shopper.then(withShopper, stranger);
  };
}

/** What is asked for. @throws Problem */
function wishOf({ idempotencyKey: sent, body }: PurchaseRequest, node: HttpContext['node']): Wish {
  const key = idempotencyKey(sent);
  const { productId, quantity } = placeOrderOf(body);
  if (node.phase === 'stopping') throw new Problem('shutting_down');
  return { productId, quantity, key };
}

function newOrderId({ clock, random, router }: HttpContext, productId: string): Key {
  return orderKeyOf(router.productTag(productId), clock.now() / 1_000, random.characters(RANDOM_CHARACTERS));
}

/** The sale is closed for good. Nothing can be bought, but the order may be there already. */
async function boughtBefore(
  retired: RetiredOrders,
  command: Reserve,
  onError: (error: unknown) => void,
): Promise<Reply> {
  try {
    return await retired.bought(command);
  } catch (error) {
    if (!(error instanceof Problem)) onError(error);
    return refuse('outcome_unknown').reply;
  }
}

function placed(
  { counters }: HttpContext,
  { productId, quantity }: Reserve,
  reply: Reply,
  shopper: Shopper,
): Answer {
  if (reply.outcome !== 'reserved') {
    // A reservation has no other outcomes; should it have, whoever asks again finds out.
    const code = reply.outcome === 'refused' ? reply.refusal : 'outcome_unknown';
    counters.order(code);
    counters.traffic.refused(productId, code);
    return problemAnswer(code);
  }
  counters.order(reply.replayed ? 'replayed' : 'reserved');
  if (!reply.replayed) counters.traffic.accepted(productId, quantity);
  const order = orderBody(reply.order, shopper);
  const body = JSON.stringify(order);
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    Location: `${PURCHASE_PATH}/${order.id}`,
    'Content-Length': String(Buffer.byteLength(body)),
  };
  if (reply.replayed) headers['Idempotency-Replayed'] = 'true';
  return { status: 201, headers, body };
}

/** A purchase without anything unusual: its length is told and within bounds, and it came to the path itself. */
export function isPlainPurchase({ method, url, headers }: IncomingMessage, bytesMax: number): boolean {
  return (
    method === 'POST' &&
    url === PURCHASE_PATH &&
    headers.host !== undefined &&
    Number(headers['content-length']) <= bytesMax
  );
}

/** Serves a plain purchase on Node's own objects. A request that ends in mid-body had no effect and needs no answer. */
export function servePurchase(
  purchase: Purchase,
  addresses: ClientAddresses,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  let body: Buffer | undefined;
  incoming.on('data', (piece: Buffer) => {
    body = body === undefined ? piece : Buffer.concat([body, piece]);
  });
  incoming.on('end', () => {
    const { headers } = incoming;
    const request = {
      caller: headers as Caller,
      idempotencyKey: headers['idempotency-key'] as string | undefined,
      ticket: headers[TICKET_HEADER] as string | undefined,
      address: addresses.of(incoming),
      body: body ?? NOTHING,
    };
    purchase(request, ({ status, headers, body }) => outgoing.writeHead(status, headers).end(body));
  });
}

const NOTHING = new Uint8Array();
