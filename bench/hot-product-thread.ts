// The gateways of the hot-product benchmark: a thread that sends batches of commands for one product and counts answers.

import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import {
  customerKeyOf,
  orderKeyOf,
  productTagOf,
  requestKeyOf,
  type Command,
  type Configure,
} from '../src/actors/index.ts';
import { systemRandom, ThreadTransport, type CommandEnvelope, type Message } from '../src/runtime/index.ts';

export interface GatewayData {
  readonly port: MessagePort;
  readonly productId: string;
  readonly orders: number;
  /** Commands in one message. */
  readonly batch: number;
  /** Messages whose answers are awaited. */
  readonly window: number;
}

export interface GatewayReport {
  readonly reserved: number;
  readonly others: number;
  readonly elapsedMs: number;
}

const { port, productId, orders, batch, window } = workerData as GatewayData;
const transport = new ThreadTransport(new Map([[0, port]]));
const tag = productTagOf(productId);
let id = 0;

const envelope = (command: Command): CommandEnvelope => ({ id: id++, shard: 0, timeLeftMs: 60_000, command });
const send = (commands: CommandEnvelope[]): void => transport.send(0, { from: 1, commands, replies: [] });

function reserve(number: number): Command {
  const customerId = `customer-${number}`;
  const idempotencyKey = `key-${number}`;
  return {
    kind: 'reserve',
    productId,
    orderId: orderKeyOf(tag, Date.now() / 1_000, systemRandom.characters(8)),
    customerId,
    customerKey: customerKeyOf(customerId),
    idempotencyKey,
    requestKey: requestKeyOf(productId, customerId, idempotencyKey),
    quantity: 1,
  };
}

const configuration: Configure['configuration'] = {
  name: 'Hot product',
  description: '',
  startsAt: 0,
  endsAt: Date.now() + 86_400_000,
  amount: 1_999,
  currency: 'EUR',
  perCustomerLimit: 1,
  holdSeconds: 3_600,
};
// Made before the clock runs: what is measured is the owner and its journal, not the gateway.
const messages: CommandEnvelope[][] = [];
for (let from = 0; from < orders; from += batch) {
  const count = Math.min(batch, orders - from);
  messages.push(Array.from({ length: count }, (_, number) => envelope(reserve(from + number))));
}

let next = 0;
let answered = 0;
let reserved = 0;
let startedAt = 0;

transport.onMessage(({ replies }: Message) => {
  if (startedAt === 0) {
    startedAt = performance.now();
    while (next < Math.min(window, messages.length)) send(messages[next++]!);
    return;
  }
  for (const { reply } of replies) {
    answered++;
    if (reply.outcome === 'reserved') reserved++;
  }
  while (next < messages.length && next * batch - answered < window * batch) send(messages[next++]!);
  if (answered < orders) return;
  const report: GatewayReport = {
    reserved,
    others: answered - reserved,
    elapsedMs: performance.now() - startedAt,
  };
  parentPort!.postMessage(report);
  port.close();
});

send([
  envelope({ kind: 'configure', productId, configuration, expectedRevision: undefined }),
  envelope({ kind: 'loadStock', productId, requestId: 'all', quantity: orders }),
]);
