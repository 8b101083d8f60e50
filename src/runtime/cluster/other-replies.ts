// Answers other than those to reservations, each as [id, code, …fields]. A code never changes and is never used again;
// another version may know more.

import type { Order, ProductReading, Reply, SaleState, Stock } from '../../actors/index.ts';
import type { ReplyEnvelope, ShardReply } from '../ports.ts';
import { ORDER_FIELDS, orderFields, readOrderFields, readProductId, readTime } from './order-fields.ts';
import { configurationFields, GATE_FIELD, readConfiguration, readCount } from './other-commands.ts';
import { MessageRefused, type WireReader } from './wire-reader.ts';

export type OtherReply = Exclude<ShardReply, { readonly outcome: 'reserved' | 'refused' }>;
type Outcome = OtherReply['outcome'];

const HEAD_FIELDS = 2;

const CODES = {
  order: 1,
  configured: 2,
  product: 3,
  stock: 4,
  conflict: 5,
  retired: 6,
  moved: 7,
} as const satisfies Record<Outcome, number>;

const OUTCOMES = new Map<number, Outcome>(
  Object.entries(CODES).map(([outcome, code]) => [code, outcome as Outcome]),
);
const CODE_MAX = 255;

const SALE_STATES = {
  upcoming: true,
  on_sale: true,
  sold_out: true,
  paused: true,
  ended: true,
} as const satisfies Record<SaleState, true>;

const MOVED: ShardReply = Object.freeze({ outcome: 'moved' });

export const replyEntry = (id: number, reply: OtherReply): unknown[] => [
  id,
  CODES[reply.outcome],
  ...fieldsOf(reply),
];

function fieldsOf(reply: OtherReply): unknown[] {
  switch (reply.outcome) {
    case 'order':
    case 'conflict':
      return [Buffer.from(reply.order.orderId, 'latin1'), ...orderFields(reply.order)];
    case 'configured':
      return [reply.created, ...readingFields(reply.product)];
    case 'product':
      return readingFields(reply.product);
    case 'stock':
      return [reply.productId, reply.duplicate, ...stockFields(reply.stock)];
    case 'retired':
      return [reply.productId];
    case 'moved':
      return [];
  }
}

const readingFields = (reading: ProductReading): unknown[] => [
  reading.productId,
  reading.revision,
  reading.state,
  reading.asOf,
  ...stockFields(reading.stock),
  ...configurationFields(reading.configuration),
];

const stockFields = ({ loaded, available, reserved, sold, withdrawn }: Readonly<Stock>): number[] => [
  loaded,
  available,
  reserved,
  sold,
  withdrawn,
];

const STOCK_FIELDS = 5;
const CONFIGURATION_FIELDS = 8;
const READING_FIELDS = 4 + STOCK_FIELDS + CONFIGURATION_FIELDS;
const FIELDS: Readonly<Record<Outcome, number>> = {
  order: 1 + ORDER_FIELDS,
  configured: 1 + READING_FIELDS,
  product: READING_FIELDS,
  stock: 2 + STOCK_FIELDS,
  conflict: 1 + ORDER_FIELDS,
  retired: 1,
  moved: 0,
};

/** @throws MessageRefused */
export function readReply(reader: WireReader): ReplyEnvelope {
  const fields =
    reader.list('an answer', HEAD_FIELDS, HEAD_FIELDS + 1 + READING_FIELDS + GATE_FIELD) - HEAD_FIELDS;
  const id = reader.integer('an id', 0, Number.MAX_SAFE_INTEGER);
  const code = reader.integer('an answer’s code', 0, CODE_MAX);
  const outcome = OUTCOMES.get(code);
  if (outcome === undefined)
    throw new MessageRefused(`an answer has the code ${code}, which is unknown here`);
  const isReading = outcome === 'configured' || outcome === 'product';
  const hasGate = isReading && fields === FIELDS[outcome] + GATE_FIELD;
  if (fields !== FIELDS[outcome] && !hasGate)
    throw new MessageRefused(`${outcome} has ${fields} fields; ${FIELDS[outcome]} were expected`);
  return { id, reply: readFields(outcome, reader, hasGate) };
}

function readFields(outcome: Outcome, reader: WireReader, hasGate: boolean): ShardReply {
  switch (outcome) {
    case 'order':
      return { outcome, order: readOrder(reader) };
    case 'conflict':
      return { outcome, refusal: 'order_state_conflict', order: readOrder(reader) };
    case 'configured': {
      const created = reader.flag('created');
      return { outcome, product: readReading(reader, hasGate), created };
    }
    case 'product':
      return { outcome, product: readReading(reader, hasGate) };
    case 'stock': {
      const productId = readProductId(reader);
      const duplicate = reader.flag('duplicate');
      return { outcome, productId, stock: readStock(reader), duplicate } satisfies Reply;
    }
    case 'retired':
      return { outcome, productId: readProductId(reader) };
    case 'moved':
      return MOVED;
  }
}

function readOrder(reader: WireReader): Order {
  const orderId = reader.key('an order id');
  return { orderId, ...readOrderFields(reader) };
}

function readReading(reader: WireReader, hasGate: boolean): ProductReading {
  const productId = readProductId(reader);
  const revision = readCount(reader, 'a revision');
  const state = reader.word('the sale’s state', SALE_STATES);
  const asOf = readTime(reader, 'asOf');
  const stock = readStock(reader);
  const configuration = readConfiguration(reader, hasGate);
  return { productId, configuration, revision, state, stock, asOf };
}

const readStock = (reader: WireReader): Stock => ({
  loaded: readCount(reader, 'loaded'),
  available: readCount(reader, 'available'),
  reserved: readCount(reader, 'reserved'),
  sold: readCount(reader, 'sold'),
  withdrawn: readCount(reader, 'withdrawn'),
});
