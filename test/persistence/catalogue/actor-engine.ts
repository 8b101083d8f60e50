// The engine as the dispatcher sees it: real actors in memory, and a test that stands between them and whoever asks.

import {
  customerKeyOf,
  decide,
  evolve,
  keyOf,
  orderKeyOf,
  productTagOf,
  requestKeyOf,
  type Command,
  type Product,
  type Reply,
} from '../../../src/actors/index.ts';

export class ActorEngine {
  readonly products = new Map<string, Product>();
  /** Every command that an actor decided, in order. */
  readonly decided: Command[] = [];
  now: () => number;
  /** Resolves when the command may go to its actor; what it returns is told in the actor's place. */
  before: (command: Command) => Promise<Reply | void> | Reply | void = () => undefined;
  /** Resolves when the answer may leave; what it returns is told in the answer's place. */
  after: (command: Command, reply: Reply) => Promise<Reply | void> | Reply | void = () => undefined;

  constructor(now: () => number) {
    this.now = now;
  }

  async request(command: Command): Promise<Reply> {
    const early = await this.before(command);
    if (early !== undefined) return early;
    const reply = this.decide(command);
    return (await this.after(command, reply)) ?? reply;
  }

  decide(command: Command): Reply {
    if (!('productId' in command)) throw new Error(`nothing here sends ${command.kind}`);
    this.decided.push(command);
    const product = this.products.get(command.productId);
    const { reply, event } = decide(product, command, this.now());
    if (event !== undefined) this.products.set(command.productId, evolve(product, event));
    return reply;
  }

  buy(productId: string, customerId: string, quantity = 1): string {
    const key = `key of ${customerId}`;
    const reply = this.decide({
      kind: 'reserve',
      productId,
      orderId: orderKeyOf(
        productTagOf(productId),
        Math.floor(this.now() / 1_000),
        keyOf(key + productId).slice(0, 8),
      ),
      customerId,
      customerKey: customerKeyOf(customerId),
      idempotencyKey: key,
      requestKey: requestKeyOf(productId, customerId, key),
      quantity,
    });
    return reply.outcome === 'refused' ? reply.refusal : reply.outcome;
  }
}

export const refusing = (refusal: 'overloaded' | 'outcome_unknown'): Reply => ({
  outcome: 'refused',
  refusal,
});
