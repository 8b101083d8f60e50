// Commands other than reservations, each as [id, shard, timeLeftMs, code, …fields]. A code never changes and is never used
// again; another version may know more.

import {
  gateFields,
  gateFrom,
  type Command,
  type Gate,
  type ProductConfiguration,
  type Reserve,
} from '../../actors/index.ts';
import type { CommandEnvelope } from '../ports.ts';
import { readMoney, readProductId, readTime } from './order-fields.ts';
import { clamped, readShard, wholeMs } from './reserve-columns.ts';
import {
  ATTEMPTS_MAX,
  CONTROLS,
  CONTROLS_BUT_LINES,
  COOL_DOWN_SECONDS_MAX,
  DESCRIPTION_CHARACTERS_MAX,
  HOLD_SECONDS_MAX,
  OPEN_HOLDS_MAX,
  PRODUCT_NAME_CHARACTERS_MAX,
  QUANTITY_MAX,
  REQUEST_ID,
  REQUEST_KEY_CHARACTERS_MAX,
  STOCK_CHECKS_MAX,
  STOCK_CHANGE_MAX,
} from './wire-bounds.ts';
import { MessageRefused, type WireReader } from './wire-reader.ts';

export type OtherCommand = Exclude<Command, Reserve>;
type Kind = OtherCommand['kind'];

const HEAD_FIELDS = 4;

const CODES = {
  pay: 1,
  cancel: 2,
  expire: 3,
  refund: 4,
  configure: 5,
  loadStock: 6,
  withdrawStock: 7,
  pause: 8,
  resume: 9,
  retire: 10,
  showProduct: 11,
  showStock: 12,
  showOrder: 13,
  findOrder: 14,
  checkStock: 15,
  decline: 16,
  deny: 17,
  extendHold: 18,
} as const satisfies Record<Kind, number>;

const KINDS = new Map<number, Kind>(Object.entries(CODES).map(([kind, code]) => [code, kind as Kind]));
const CODE_MAX = 255;

/** Written as its place in the list, which only ever grows at its end. */
const CHANGES = ['loadStock', 'withdrawStock'] as const;
const SETTLEMENTS = ['paid', 'payment_pending', 'in_review'] as const;

export const commandEntry = (
  { id, shard, timeLeftMs }: CommandEnvelope,
  command: OtherCommand,
): unknown[] => [id, shard, wholeMs(timeLeftMs), CODES[command.kind], ...fieldsOf(command)];

function fieldsOf(command: OtherCommand): unknown[] {
  switch (command.kind) {
    case 'pay':
      return [bin(command.orderId), bin(command.customerKey), SETTLEMENTS.indexOf(command.settlement)];
    case 'cancel':
    case 'showOrder':
      return [bin(command.orderId), bin(command.customerKey)];
    case 'extendHold':
      return [bin(command.orderId), command.byMs, command.mostMs];
    case 'decline':
    case 'deny':
    case 'expire':
    case 'refund':
      return [bin(command.orderId)];
    case 'configure':
      return [
        command.productId,
        command.expectedRevision ?? null,
        ...configurationFields(command.configuration),
      ];
    case 'loadStock':
    case 'withdrawStock':
      return [command.productId, command.requestId, command.quantity];
    case 'pause':
    case 'resume':
    case 'showProduct':
    case 'showStock':
      return [command.productId];
    case 'retire':
      return [command.productId, command.keptMs];
    case 'findOrder':
      return [command.productId, bin(command.requestKey)];
    case 'checkStock':
      return [
        command.productId,
        CHANGES.indexOf(command.change),
        command.changes.map(({ requestId, quantity }) => [requestId, quantity]),
      ];
  }
}

/** @throws MessageRefused */
export function readCommand(reader: WireReader): CommandEnvelope {
  const fields = reader.list('a command', HEAD_FIELDS, HEAD_FIELDS + FIELDS_MAX) - HEAD_FIELDS;
  const id = reader.integer('an id', 0, Number.MAX_SAFE_INTEGER);
  const shard = readShard(reader);
  const timeLeftMs = clamped(reader.integer('the time left', 0, Number.MAX_SAFE_INTEGER));
  const code = reader.integer('a command’s code', 0, CODE_MAX);
  const kind = KINDS.get(code);
  if (kind === undefined) throw new MessageRefused(`a command has the code ${code}, which is unknown here`);
  const hasGate = kind === 'configure' && fields === FIELDS.configure + GATE_FIELD;
  if (fields !== FIELDS[kind] && !hasGate)
    throw new MessageRefused(`${kind} has ${fields} fields; ${FIELDS[kind]} were expected`);
  return { id, shard, timeLeftMs, command: readFields(kind, reader, hasGate) };
}

const FIELDS: Readonly<Record<Kind, number>> = {
  pay: 3,
  cancel: 2,
  expire: 1,
  refund: 1,
  configure: 10,
  loadStock: 3,
  withdrawStock: 3,
  pause: 1,
  resume: 1,
  retire: 2,
  showProduct: 1,
  showStock: 1,
  showOrder: 2,
  findOrder: 2,
  checkStock: 3,
  decline: 1,
  deny: 1,
  extendHold: 3,
};
/** Behind a configuration that has one. */
export const GATE_FIELD = 1;
const FIELDS_MAX = 10 + GATE_FIELD;

function readFields(kind: Kind, reader: WireReader, hasGate: boolean): OtherCommand {
  switch (kind) {
    case 'pay':
      return { kind, ...readOwnOrder(reader), settlement: readSettlement(reader) };
    case 'cancel':
    case 'showOrder':
      return { kind, ...readOwnOrder(reader) };
    case 'extendHold': {
      const orderId = reader.key('an order id');
      return { kind, orderId, byMs: readCount(reader, 'byMs'), mostMs: readCount(reader, 'mostMs') };
    }
    case 'decline':
    case 'deny':
    case 'expire':
    case 'refund':
      return { kind, orderId: reader.key('an order id') };
    case 'configure': {
      const productId = readProductId(reader);
      const expectedRevision = reader.takesNil() ? undefined : readCount(reader, 'a revision');
      return { kind, productId, expectedRevision, configuration: readConfiguration(reader, hasGate) };
    }
    case 'loadStock':
    case 'withdrawStock':
      return {
        kind,
        productId: readProductId(reader),
        ...readNamedUnits(reader),
      };
    case 'pause':
    case 'resume':
    case 'showProduct':
    case 'showStock':
      return { kind, productId: readProductId(reader) };
    case 'retire':
      return { kind, productId: readProductId(reader), keptMs: readCount(reader, 'keptMs') };
    case 'findOrder':
      return { kind, productId: readProductId(reader), requestKey: reader.key('a request key') };
    case 'checkStock': {
      const productId = readProductId(reader);
      const change = CHANGES[reader.integer('a change', 0, CHANGES.length - 1)]!;
      const count = reader.list('changes of stock', 1, STOCK_CHECKS_MAX);
      const changes = Array.from({ length: count }, () => {
        reader.list('a change of stock', 2, 2);
        return readNamedUnits(reader);
      });
      return { kind, productId, change, changes };
    }
  }
}

const readNamedUnits = (reader: WireReader): { requestId: string; quantity: number } => ({
  requestId: reader.text('a request id', REQUEST_ID, REQUEST_KEY_CHARACTERS_MAX),
  quantity: reader.integer('a quantity', 1, STOCK_CHANGE_MAX),
});

const readOwnOrder = (reader: WireReader) => ({
  orderId: reader.key('an order id'),
  customerKey: reader.key('a customer key'),
});

const readSettlement = (reader: WireReader) =>
  SETTLEMENTS[reader.integer('a settlement', 0, SETTLEMENTS.length - 1)]!;

export const readCount = (reader: WireReader, what: string): number =>
  reader.integer(what, 0, Number.MAX_SAFE_INTEGER);

export const configurationFields = (configuration: ProductConfiguration): unknown[] => [
  configuration.name,
  configuration.description,
  configuration.startsAt,
  configuration.endsAt,
  configuration.amount,
  configuration.currency,
  configuration.perCustomerLimit,
  configuration.holdSeconds,
  ...(configuration.gate === undefined ? [] : [gateFields(configuration.gate)]),
];

/** @param hasGate whether a gate stands behind it */
export function readConfiguration(reader: WireReader, hasGate: boolean): ProductConfiguration {
  const name = reader.prose('a name', 1, PRODUCT_NAME_CHARACTERS_MAX, CONTROLS);
  const description = reader.prose('a description', 0, DESCRIPTION_CHARACTERS_MAX, CONTROLS_BUT_LINES);
  const startsAt = readTime(reader, 'startsAt');
  const endsAt = readTime(reader, 'endsAt');
  if (startsAt >= endsAt) throw new MessageRefused('a sale ends before it starts');
  const { amount, currency } = readMoney(reader);
  const perCustomerLimit = reader.integer('a limit', 1, QUANTITY_MAX);
  const holdSeconds = reader.integer('holdSeconds', 0, HOLD_SECONDS_MAX);
  const sale = { name, description, startsAt, endsAt, amount, currency, perCustomerLimit, holdSeconds };
  return hasGate ? { ...sale, gate: readGate(reader) } : sale;
}

const GATE_FIELDS = 6;

function readGate(reader: WireReader): Gate {
  reader.list('a gate', GATE_FIELDS, GATE_FIELDS);
  return gateFrom([
    reader.flag('ticket'),
    reader.flag('work'),
    reader.integer('openHoldsMax', 0, OPEN_HOLDS_MAX),
    reader.integer('coolDownSeconds', 0, COOL_DOWN_SECONDS_MAX),
    reader.integer('attemptsMax', 0, ATTEMPTS_MAX),
    reader.integer('shortestHoldSeconds', 0, HOLD_SECONDS_MAX),
  ]);
}

const bin = (key: string): Uint8Array => Buffer.from(key, 'latin1');
