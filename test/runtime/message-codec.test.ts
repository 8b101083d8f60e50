// Messages between nodes: what one node writes another reads, and nothing that anybody could write does anything but be read
// or be refused.

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import type * as z from 'zod';
import {
  OPEN_GATE,
  ORDER_STATUSES,
  REFUSALS,
  refuse,
  type Command,
  type Gate,
  type Refusal,
} from '../../src/actors/index.ts';
import * as schemas from '../../src/http/schemas.ts';
import { StockBatch } from '../../src/http/stock-schemas.ts';
import { decodeMessage, encodeMessage, MessageRefused, type Message } from '../../src/runtime/index.ts';
import { WIRE_BYTES_MAX, WIRE_ENVELOPES_MAX } from '../../src/runtime/cluster/wire-bounds.ts';

const key = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => String.fromCharCode(...bytes));
const ofCharacters = (unit: fc.Arbitrary<string>, minLength: number, maxLength: number) =>
  fc.string({ unit, minLength, maxLength });
const printable = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
const plain = fc.oneof(printable, fc.constantFrom(' ', 'é', '漢', '\u00a0', '\ufffd'));
const productId = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
const requestId = ofCharacters(printable, 1, 128);
const count = fc.oneof(fc.nat(300), fc.nat(), fc.maxSafeNat());
const time = fc.oneof(
  fc.nat(),
  fc.constantFrom(0, 8_640_000_000_000_000),
  fc.nat(4e9).map((s) => s * 1_000),
);
const amount = fc.oneof(fc.nat(), fc.constant(1_000_000_000_000));
const currency = fc.constantFrom('EUR', 'USD');
const quantity = fc.integer({ min: 1, max: 10_000 });
const one = <Value extends string>(value: Value) => fc.constant(value);

const gate = fc.record({
  ticket: fc.boolean(),
  work: fc.boolean(),
  openHoldsMax: fc.nat(1_000),
  coolDownSeconds: fc.nat(86_400),
  attemptsMax: fc.nat(10_000),
  shortestHoldSeconds: fc.nat(604_800),
});
const configuration = fc
  .record({
    name: ofCharacters(plain, 1, 200),
    description: ofCharacters(fc.oneof(plain, fc.constantFrom('\n', '\r', '\t')), 0, 300),
    startsAt: fc.nat(),
    endsAt: fc.nat(),
    amount,
    currency,
    perCustomerLimit: quantity,
    holdSeconds: fc.integer({ min: 0, max: 604_800 }),
    gate: fc.option(gate, { nil: undefined }),
  })
  .map((sale) => ({ ...sale, endsAt: sale.startsAt + 1 + sale.endsAt }));

/** Neighbours are often alike. */
const reserve = fc.record({
  kind: one('reserve'),
  productId: fc.oneof(one('kettle'), productId),
  orderId: key,
  customerId: ofCharacters(plain, 1, 128),
  customerKey: key,
  idempotencyKey: requestId,
  requestKey: key,
  quantity: fc.oneof(fc.constant(1), quantity),
  ticket: fc.option(key, { nil: undefined }),
});
const own = { orderId: key, customerKey: key };
const COMMANDS: { readonly [Kind in Command['kind']]: fc.Arbitrary<Command> } = {
  reserve,
  pay: fc.record({
    kind: one('pay'),
    ...own,
    settlement: fc.constantFrom('paid' as const, 'payment_pending' as const, 'in_review' as const),
  }),
  cancel: fc.record({ kind: one('cancel'), ...own }),
  decline: fc.record({ kind: one('decline'), orderId: key }),
  deny: fc.record({ kind: one('deny'), orderId: key }),
  extendHold: fc.record({ kind: one('extendHold'), orderId: key, byMs: count, mostMs: count }),
  expire: fc.record({ kind: one('expire'), orderId: key }),
  refund: fc.record({ kind: one('refund'), orderId: key }),
  configure: fc.record({
    kind: one('configure'),
    productId,
    configuration,
    expectedRevision: fc.option(count, { nil: undefined }),
  }),
  loadStock: stockChange('loadStock'),
  withdrawStock: stockChange('withdrawStock'),
  pause: fc.record({ kind: one('pause'), productId }),
  resume: fc.record({ kind: one('resume'), productId }),
  retire: fc.record({ kind: one('retire'), productId, keptMs: count }),
  showProduct: fc.record({ kind: one('showProduct'), productId }),
  showStock: fc.record({ kind: one('showStock'), productId }),
  showOrder: fc.record({ kind: one('showOrder'), ...own }),
  findOrder: fc.record({ kind: one('findOrder'), productId, requestKey: key }),
  checkStock: fc.record({
    kind: one('checkStock'),
    productId,
    change: fc.constantFrom('loadStock' as const, 'withdrawStock' as const),
    changes: fc.array(fc.record({ requestId, quantity: fc.integer({ min: 1, max: 10_000_000 }) }), {
      minLength: 1,
      maxLength: 128,
    }),
  }),
};

function stockChange(kind: 'loadStock' | 'withdrawStock') {
  return fc.record({
    kind: fc.constant(kind),
    productId,
    requestId,
    quantity: fc.integer({ min: 1, max: 10_000_000 }),
  });
}

const order = fc.record({
  orderId: key,
  productId: fc.oneof(one('kettle'), productId),
  quantity: fc.oneof(fc.constant(1), quantity),
  unitPrice: fc.oneof(fc.constant({ amount: 4_900, currency: 'EUR' }), fc.record({ amount, currency })),
  status: fc.oneof(one('reserved'), fc.constantFrom(...ORDER_STATUSES)),
  createdAt: fc.oneof(fc.constant(10), time),
  holdExpiresAt: fc.oneof(fc.constant(20), time, fc.constant(null)),
});
const stock = fc.record({ loaded: count, available: count, reserved: count, sold: count, withdrawn: count });
const product = fc.record({
  productId,
  configuration,
  revision: count,
  state: fc.constantFrom(
    ...(['upcoming', 'on_sale', 'sold_out', 'paused', 'ended'] as const satisfies string[]),
  ),
  stock,
  asOf: time,
});
type Outcome = Message['replies'][number]['reply'];
const REPLIES: { readonly [Name in Outcome['outcome']]: fc.Arbitrary<Outcome> } = {
  reserved: fc.record({ outcome: one('reserved'), order, replayed: fc.boolean() }),
  refused: fc.constantFrom(...(Object.keys(REFUSALS) as Refusal[])).map((refusal) => refuse(refusal).reply),
  order: fc.record({ outcome: one('order'), order }),
  configured: fc.record({ outcome: one('configured'), product, created: fc.boolean() }),
  product: fc.record({ outcome: one('product'), product }),
  stock: fc.record({ outcome: one('stock'), productId, stock, duplicate: fc.boolean() }),
  conflict: fc.record({ outcome: one('conflict'), refusal: one('order_state_conflict'), order }),
  retired: fc.record({ outcome: one('retired'), productId }),
  moved: fc.constant({ outcome: 'moved' }),
};

const usuallyReserve = fc.oneof({ arbitrary: reserve, weight: 10 }, ...Object.values(COMMANDS));
const usuallyReserved = fc.oneof(
  { arbitrary: REPLIES.reserved, weight: 5 },
  { arbitrary: REPLIES.refused, weight: 5 },
  ...Object.values(REPLIES),
);
const address = fc.nat(2 ** 31 - 1);
const commandsOf = (command: fc.Arbitrary<Command>) =>
  fc.array(fc.record({ id: count, shard: fc.nat(4_095), timeLeftMs: fc.nat(60_000), command }));
const repliesOf = (reply: fc.Arbitrary<Outcome>) => fc.array(fc.record({ id: count, reply }));
const message: fc.Arbitrary<Message> = fc.record({
  from: address,
  commands: commandsOf(usuallyReserve),
  replies: repliesOf(usuallyReserved),
});

const sorted = (envelopes: readonly { readonly id: number }[]) =>
  envelopes.toSorted((a, b) => a.id - b.id || JSON.stringify(a).localeCompare(JSON.stringify(b)));

const asSent = ({ from, commands, replies }: Message) => ({
  from: [from],
  commands: sorted(commands),
  replies: sorted(replies),
});

/** The same of what arrives. */
function arrival(sent: Message): ReturnType<typeof asSent> {
  const arrived = encodeMessage(sent).map((bytes) => decodeMessage(bytes));
  for (const { commands, replies } of arrived)
    expect(Math.min(commands.length, replies.length), 'commands and answers in one message').toBe(0);
  return {
    from: [...new Set([sent.from, ...arrived.map(({ from }) => from)])],
    commands: sorted(arrived.flatMap(({ commands }) => commands)),
    replies: sorted(arrived.flatMap(({ replies }) => replies)),
  };
}

describe('a message arrives as it was sent', () => {
  test.each(Object.entries(COMMANDS))('with commands of the kind %s', (_, command) => {
    const property = fc.property(address, commandsOf(command), (from, commands) => {
      const sent = { from, commands, replies: [] };
      expect(arrival(sent)).toEqual(asSent(sent));
    });
    fc.assert(property, { numRuns: 200 });
  });

  test.each(Object.entries(REPLIES))('with answers of the kind %s', (_, reply) => {
    const property = fc.property(address, repliesOf(reply), (from, replies) => {
      const sent = { from, commands: [], replies };
      expect(arrival(sent)).toEqual(asSent(sent));
    });
    fc.assert(property, { numRuns: 200 });
  });

  test('with all kinds at once', () => {
    const property = fc.property(message, (sent) => {
      expect(arrival(sent)).toEqual(asSent(sent));
    });
    fc.assert(property, { numRuns: 500 });
  });

  test('in the order in which its reservations and its answers were given', () => {
    const commands = [3, 1, 2].map((id) => commandOf({ idempotencyKey: `k${id}` }, id));
    const replies = [9, 7, 8].map((id) => ({ id, reply: refuse('sold_out').reply }));
    const [first, second] = encodeMessage({ from: 1, commands, replies }).map((bytes) =>
      decodeMessage(bytes),
    );
    expect(first!.commands).toEqual(commands);
    expect(second!.replies).toEqual(replies);
  });

  test('in the same bytes as ever when it has neither tickets nor a gate', () => {
    const { configuration } = CONFIGURE;
    const commands = [
      commandOf({}, 1),
      commandOf({ ticket: undefined }, 2),
      {
        id: 3,
        shard: 7,
        timeLeftMs: 5_000,
        command: { ...CONFIGURE, configuration: { ...configuration, gate: undefined } },
      },
    ];
    const [bytes] = encodeMessage({ from: 1, commands, replies: [] });
    expect(createHash('sha256').update(bytes!).digest('hex')).toBe(
      '931c18e156a7ea8f7acb141bad384a7f85d2ee16524841e2937da946549e6cf3',
    );
  });

  test('and a refusal is the one that everybody shares', () => {
    const replies = [{ id: 1, reply: { outcome: 'refused' as const, refusal: 'sold_out' as const } }];
    const [bytes] = encodeMessage({ from: 1, commands: [], replies });
    expect(decodeMessage(bytes!).replies[0]!.reply).toBe(refuse('sold_out').reply);
  });

  test('but for the time left, which is whole, not below 0 and at most a minute', () => {
    const sent = [4_999.9, -3, 1e12].map((timeLeftMs, id) => ({ ...commandOf({}, id), timeLeftMs }));
    const other = { id: 3, shard: 0, timeLeftMs: 1e12, command: { kind: 'pause', productId: 'p' } as const };
    const [bytes] = encodeMessage({ from: 1, commands: [...sent, other], replies: [] });
    const times = decodeMessage(bytes!).commands.map(({ timeLeftMs }) => timeLeftMs);
    expect(times).toEqual([4_999, 0, 60_000, 60_000]);
  });
});

const CONFIGURE: Extract<Command, { kind: 'configure' }> = {
  kind: 'configure',
  productId: 'kettle',
  expectedRevision: 3,
  configuration: {
    name: 'Kettle',
    description: '',
    startsAt: 1,
    endsAt: 2,
    amount: 1,
    currency: 'EUR',
    perCustomerLimit: 1,
    holdSeconds: 0,
  },
};

const commandOf = (change: Partial<Extract<Command, { kind: 'reserve' }>> = {}, id = 1) => ({
  id,
  shard: 7,
  timeLeftMs: 5_000,
  command: {
    kind: 'reserve' as const,
    productId: 'kettle',
    orderId: 'o'.repeat(16),
    customerId: 'ada',
    customerKey: '\u00ff'.repeat(16),
    idempotencyKey: 'key-1',
    requestKey: '\u0000'.repeat(16),
    quantity: 1,
    ...change,
  },
});
const orderOf = () => ({
  orderId: 'o'.repeat(16),
  productId: 'kettle',
  quantity: 1,
  unitPrice: { amount: 4_900, currency: 'EUR' },
  status: 'reserved' as const,
  createdAt: 10,
  holdExpiresAt: 20,
});

describe('a message that would be too large', () => {
  test('leaves as several, and arrives whole', () => {
    const customerId = '漢'.repeat(128);
    const commands = Array.from({ length: 5_000 }, (_, id) => commandOf({ customerId }, id));
    const replies = Array.from({ length: WIRE_ENVELOPES_MAX + 1 }, (_, id) => ({
      id,
      reply: refuse('sold_out').reply,
    }));
    const encoded = encodeMessage({ from: 1, commands, replies });
    expect(encoded.length).toBeGreaterThan(5);
    for (const bytes of encoded) expect(bytes.length).toBeLessThanOrEqual(WIRE_BYTES_MAX);
    const arrived = encoded.map((bytes) => decodeMessage(bytes));
    expect(arrived.flatMap(({ commands }) => commands)).toEqual(commands);
    expect(arrived.flatMap(({ replies }) => replies)).toEqual(replies);
  });

  test('and cannot be halved is a bug of the sender', () => {
    const commands = [commandOf({ customerId: 'x'.repeat(WIRE_BYTES_MAX) })];
    expect(() => encodeMessage({ from: 1, commands, replies: [] })).toThrow(RangeError);
  });

  test('is refused by the receiver', () => {
    const bytes = new Uint8Array(WIRE_BYTES_MAX + 1);
    expect(() => decodeMessage(bytes)).toThrow(/has 524289 bytes; at most 524288/);
  });
});

/** @returns whether it was read */
function isReadOrRefused(bytes: Uint8Array): boolean {
  let read: Message;
  try {
    read = decodeMessage(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(MessageRefused);
    expect((error as Error).message.length).toBeLessThan(300);
    return false;
  }
  // What was read could have been sent.
  expect(arrival(read)).toEqual(asSent(read));
  return true;
}

describe('bytes that are no message', () => {
  const NUM_RUNS = 60;

  test('are refused wherever a message was cut off, and when something follows', () => {
    const property = fc.property(message, (sent) => {
      for (const bytes of encodeMessage(sent)) {
        for (let length = 0; length < bytes.length; length++)
          expect(isReadOrRefused(bytes.subarray(0, length)), `the first ${length} bytes`).toBe(false);
        expect(isReadOrRefused(Buffer.concat([bytes, Buffer.of(0)]))).toBe(false);
      }
    });
    fc.assert(property, { numRuns: NUM_RUNS });
  });

  test('are read or refused when a byte is another one', () => {
    let read = 0;
    let refused = 0;
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 100, maxLength: 100 });
    const property = fc.property(message, changes, (sent, changes) => {
      for (const bytes of encodeMessage(sent))
        for (const [at, byte] of changes) {
          const changed = Uint8Array.from(bytes);
          changed[at % bytes.length] = byte;
          if (isReadOrRefused(changed)) read++;
          else refused++;
        }
    });
    fc.assert(property, { numRuns: NUM_RUNS });
    expect(Math.min(read, refused)).toBeGreaterThan(0);
  });

  test('are refused whatever they are', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Uint8Array.of(1, 0x94, 1, ...bytes)),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Uint8Array.of(1, 0x95, 2, ...bytes)),
    );
    const property = fc.property(anything, (bytes) => {
      expect([true, false]).toContain(isReadOrRefused(bytes));
    });
    fc.assert(property, { numRuns: 5_000 });
  });

  test.each([
    ['a list of four billion', [1, 0xdd, 0xff, 0xff, 0xff, 0xff]],
    ['a list of thirty million inside', [1, 0x94, 1, 0, 0x96, 0xdd, 0x01, 0xff, 0xff, 0xff]],
    ['endless lists', [1, ...Array.from({ length: 100_000 }, () => 0x91)]],
    ['a pattern', [1, 0x94, 1, 0, 0xc7, 1, 0x78, 0x90]],
    ['a map', [1, 0x80]],
  ])('are refused at once: %s', (_, bytes) => {
    expect(isReadOrRefused(Uint8Array.from(bytes))).toBe(false);
  });

  test.each([0, 2, 255])('are refused by both versions’ names when they are of version %i', (version) => {
    const [bytes] = encodeMessage({ from: 1, commands: [commandOf()], replies: [] });
    bytes![0] = version;
    expect(() => decodeMessage(bytes!)).toThrow(`is of version ${version}, and this node knows version 1`);
  });
});

describe('a field that is wrong', () => {
  const packr = new Packr({ useRecords: false });
  type Layout = unknown[];
  /** A good message, as lists, with one thing in it changed. */
  const changed = (sent: Partial<Message>, change: (layout: Layout) => void): Uint8Array => {
    const [bytes] = encodeMessage({ from: 1, commands: [], replies: [], ...sent });
    const layout = packr.unpack(bytes!.subarray(1)) as Layout;
    change(layout);
    return Buffer.concat([Buffer.of(1), packr.pack(layout)]);
  };
  const at = (layout: Layout, ...path: number[]): Layout =>
    path.reduce<Layout>((inner, index) => inner[index] as Layout, layout);

  const reserves = (change: (columns: Layout) => void) =>
    changed({ commands: [commandOf({}, 1), commandOf({}, 2)] }, (layout) => change(at(layout, 2)));
  const withTickets = (change: (columns: Layout) => void) =>
    changed({ commands: [1, 2].map((id) => commandOf({ ticket: 't'.repeat(16) }, id)) }, (layout) =>
      change(at(layout, 2)),
    );
  const accepted = (change: (columns: Layout) => void) =>
    changed(
      { replies: [{ id: 1, reply: { outcome: 'reserved', order: orderOf(), replayed: true } }] },
      (layout) => change(at(layout, 2)),
    );
  const other = (command: Command, change: (entry: Layout) => void) =>
    changed({ commands: [{ id: 1, shard: 7, timeLeftMs: 5_000, command }] }, (layout) =>
      change(at(layout, 3, 0)),
    );
  const GATE: unknown[] = [true, false, 2, 60, 20, 60];
  const check: Command = {
    kind: 'checkStock',
    productId: 'p',
    change: 'loadStock',
    changes: [{ requestId: 'a', quantity: 2 }],
  };
  const configure = CONFIGURE;

  test('but not a negative zero, which is read as 0', () => {
    // msgpackr writes none, so its bytes take the place of a fraction's.
    const bytes = Buffer.from(other({ kind: 'pause', productId: 'p' }, (entry) => (entry[0] = 1.5)));
    bytes.writeDoubleBE(-0, bytes.indexOf(0xcb) + 1);
    expect(decodeMessage(bytes).commands[0]!.id).toBe(0);
  });

  test.each<[string, Uint8Array, string]>([
    ['sender', changed({ commands: [commandOf()] }, (layout) => (layout[1] = -1)), 'the sender is -1'],
    ['kind', changed({ commands: [commandOf()] }, (layout) => (layout[0] = 3)), 'kind is 3'],
    ['nothing at all', changed({ commands: [commandOf()] }, (layout) => (layout[2] = null)), 'nothing is in'],
    ['id', reserves((columns) => (columns[0] = [-1, 1])), 'ids comes to -1'],
    ['id in fractions', reserves((columns) => (columns[0] = [1, 0.5])), 'ids comes to 1.5'],
    ['id without end', reserves((columns) => (columns[0] = [1, Infinity])), 'ids comes to Infinity'],
    ['time left', reserves((columns) => (columns[1] = [NaN, 0])), 'times left comes to NaN'],
    ['number of times left', reserves((columns) => (columns[1] = [5])), '2 ids have 1 times left'],
    ['length of keys', reserves((columns) => (columns[2] = Buffer.alloc(95))), 'keys has 95 bytes; 96'],
    ['number of customers', reserves((columns) => (columns[3] = Buffer.from('a'))), 'customers are 1; 2'],
    [
      'empty customer',
      reserves((columns) => (columns[3] = Buffer.from('a\0'))),
      'customers has 0 characters',
    ],
    ['customer with a line', reserves((columns) => (columns[3] = Buffer.from('a\0b\n'))), 'not permitted'],
    [
      'long customer',
      reserves((columns) => (columns[3] = Buffer.from(`a\0${'b'.repeat(129)}`))),
      'customers has 129 characters',
    ],
    [
      'very long customer',
      reserves((columns) => (columns[3] = Buffer.from(`a\0${'b'.repeat(1_000)}`))),
      'customers has 1002 bytes',
    ],
    ['key with a space', reserves((columns) => (columns[4] = Buffer.from('a\0b '))), 'not permitted'],
    ['run beyond the end', reserves((columns) => (at(columns, 5, 0)[0] = 3)), 'length is 3'],
    ['run too short', reserves((columns) => (at(columns, 5, 0)[0] = 1)), '2 ids have runs for 1'],
    ['run with a mark', reserves((columns) => at(columns, 5, 0).push(2)), 'the mark of tickets is 2'],
    ['run with more', reserves((columns) => at(columns, 5, 0).push(1, 1)), 'a run has 6 entries'],
    ['ticket too few', reserves((columns) => at(columns, 5, 0).push(1)), '2 reservations have tickets'],
    ['ticket too many', reserves((columns) => columns.push(Buffer.alloc(16))), '0 reservations have tickets'],
    [
      'length of tickets',
      withTickets((columns) => (columns[6] = Buffer.alloc(31))),
      'tickets has 31 bytes; 32',
    ],
    ['column too many', withTickets((columns) => columns.push(1)), 'reservations has 8 entries'],
    ['shard', reserves((columns) => (at(columns, 5, 0)[1] = 4_096)), 'a shard is 4096'],
    [
      'product',
      reserves((columns) => (at(columns, 5, 0)[2] = '../x')),
      'product id is not what it should be',
    ],
    ['quantity', reserves((columns) => (at(columns, 5, 0)[3] = 0)), 'a quantity is 0'],
    ['large quantity', reserves((columns) => (at(columns, 5, 0)[3] = 10_001)), 'a quantity is 10001'],
    ['quantity as text', reserves((columns) => (at(columns, 5, 0)[3] = '1')), 'a number was expected'],
    ['acceptances without a run', accepted((columns) => (columns[2] = [])), 'runs has 0 entries'],
    [
      'run too short, of refusals',
      changed({ replies: [1, 2].map((id) => ({ id, reply: refuse('sold_out').reply })) }, (layout) => {
        at(layout, 3, 1, 0)[0] = 1;
      }),
      '2 ids have runs for 1',
    ],
    [
      'too many together',
      changed({ replies: [{ id: 1, reply: refuse('sold_out').reply }] }, (layout) => {
        const ids = Array.from({ length: WIRE_ENVELOPES_MAX }, () => 1);
        layout[3] = [ids, [[ids.length, 'sold_out']]];
        layout[2] = [[1], Buffer.alloc(16), [[1, false, 'kettle', 1, 1, 'EUR', 0, 1, null]]];
      }),
      '16385 are in the message',
    ],
    ['status', accepted((columns) => (at(columns, 2, 0)[6] = 8)), 'a status is 8'],
    ['currency', accepted((columns) => (at(columns, 2, 0)[5] = 'eur')), 'a currency is not'],
    ['time', accepted((columns) => (at(columns, 2, 0)[7] = 9e15)), 'createdAt is 9000000000000000'],
    ['flag', accepted((columns) => (at(columns, 2, 0)[1] = 1)), 'true or false was expected'],
    [
      'refusal',
      changed({ replies: [{ id: 1, reply: refuse('sold_out').reply }] }, (layout) => {
        at(layout, 3, 1, 0)[1] = 'constructor';
      }),
      'the refusal "constructor" is unknown here',
    ],
    [
      'code',
      other({ kind: 'pause', productId: 'p' }, (entry) => (entry[3] = 99)),
      'code 99, which is unknown',
    ],
    [
      'field too many',
      other({ kind: 'pause', productId: 'p' }, (entry) => entry.push(1)),
      'pause has 2 fields',
    ],
    ['unknown change', other(check, (entry) => (entry[5] = 2)), 'a change is 2'],
    ['no changes', other(check, (entry) => (entry[6] = [])), 'changes of stock has 0 entries'],
    [
      'too many changes',
      other(check, (entry) => (entry[6] = Array.from({ length: 129 }, () => ['a', 1]))),
      'changes of stock has 129 entries',
    ],
    ['half a change', other(check, (entry) => (entry[6] = [['a']])), 'a change of stock has 1 entries'],
    ['change without a name', other(check, (entry) => (entry[6] = [['', 1]])), 'a request id'],
    ['change of no unit', other(check, (entry) => (entry[6] = [['a', 0]])), 'a quantity is 0'],
    ['name with a NUL', other(configure, (entry) => (entry[6] = 'a\0b')), 'a name is not of'],
    ['name without end', other(configure, (entry) => (entry[6] = 'a'.repeat(201))), 'a name is not of'],
    ['description', other(configure, (entry) => (entry[7] = 'a'.repeat(5_001))), 'a description is not of'],
    ['sale that ends first', other(configure, (entry) => (entry[9] = 1)), 'ends before it starts'],
    ['gate', other(configure, (entry) => entry.push(1)), 'a gate begins with the byte 1'],
    ['half a gate', other(configure, (entry) => entry.push([true, false])), 'a gate has 2 entries; 6'],
    ['gate and more', other(configure, (entry) => entry.push(GATE, 1)), 'a command has 16 entries'],
    ['gate of words', other(configure, (entry) => entry.push(GATE.with(0, 1))), 'true or false was expected'],
    ['open holds', other(configure, (entry) => entry.push(GATE.with(2, -1))), 'openHoldsMax is -1'],
    ['cool-down', other(configure, (entry) => entry.push(GATE.with(3, 86_401))), 'coolDownSeconds is 86401'],
    ['attempts', other(configure, (entry) => entry.push(GATE.with(4, 10_001))), 'attemptsMax is 10001'],
    [
      'shortest hold',
      other(configure, (entry) => entry.push(GATE.with(5, 0.5))),
      'shortestHoldSeconds is 0.5',
    ],
    ['a gate for nothing', other(check, (entry) => entry.push(GATE)), 'checkStock has 4 fields'],
    ['hold', other(configure, (entry) => (entry[13] = 604_801)), 'holdSeconds is 604801'],
  ])('is named, and the whole message refused: %s', (_, bytes, why) => {
    expect(() => decodeMessage(bytes)).toThrow(MessageRefused);
    expect(() => decodeMessage(bytes)).toThrow(why);
  });
});

describe('the edge and the wire agree', () => {
  const passesWire = (command: Command): boolean => {
    const commands = [{ id: 1, shard: 0, timeLeftMs: 1, command }];
    const [bytes] = encodeMessage({ from: 1, commands, replies: [] });
    return isReadOrRefused(bytes!);
  };
  const passes = (schema: z.ZodType, value: unknown): boolean => schema.safeParse(value).success;
  const long = (count: number): string => 'x'.repeat(count);

  test.each(['', 'a', long(64), long(65), 'a/b', '-a', 'ä', 'a\n'])(
    'about the product id %j',
    (productId) => {
      expect(passesWire({ kind: 'pause', productId })).toBe(passes(schemas.ProductId, productId));
    },
  );

  test.each(['', 'a', long(128), long(129), '漢'.repeat(128), 'a\u0001', 'a\u007f', 'a b', '\ufffd'])(
    'about the customer %j',
    (customerId) => {
      expect(passesWire(commandOf({ customerId }).command)).toBe(passes(schemas.CustomerId, customerId));
    },
  );

  test.each(['', 'a', long(128), long(129), 'a b', 'a\n', '\u007f', '!~'])('about the key %j', (key) => {
    const isGood = passes(schemas.IdempotencyKey, key);
    expect(passesWire(commandOf({ idempotencyKey: key }).command)).toBe(isGood);
    expect(passesWire({ kind: 'loadStock', productId: 'p', requestId: key, quantity: 1 })).toBe(isGood);
  });

  test.each([0, 1, 128, 129])('about %d changes of stock together', (count) => {
    const line = { requestId: 'r', quantity: 1 };
    const changes = Array.from({ length: count }, () => line);
    const lines = changes.map((change) => ({ ...change, productId: 'p' }));
    const isGood = passes(StockBatch, { change: 'load', lines });
    expect(passesWire({ kind: 'checkStock', productId: 'p', change: 'loadStock', changes })).toBe(isGood);
  });

  test.each([0, 1, 10_000, 10_001, 1.5])('about an order of %d', (quantity) => {
    const isGood = passes(schemas.PlaceOrder, { productId: 'p', quantity });
    expect(passesWire(commandOf({ quantity }).command)).toBe(isGood);
  });

  test.each([0, 1, 10_000_000, 10_000_001])('about a stock change of %d', (quantity) => {
    const isGood = passes(schemas.ChangeStock, { quantity });
    expect(passesWire({ kind: 'loadStock', productId: 'p', requestId: 'r', quantity })).toBe(isGood);
  });

  const usual = {
    name: 'Kettle',
    description: 'Hot.',
    amount: 1,
    currency: 'EUR',
    limit: 1,
    holdSeconds: 300,
    gate: {} as Partial<Gate>,
  };
  test.each<Partial<typeof usual>>([
    {},
    { name: '' },
    { name: long(200) },
    { name: long(201) },
    { name: 'a\nb' },
    { description: '' },
    { description: long(5_000) },
    { description: long(5_001) },
    { description: 'a\n\r\tb' },
    { description: 'a\u000bb' },
    { description: 'a\0b' },
    { amount: 0 },
    { amount: 1_000_000_000_000 },
    { amount: 1_000_000_000_001 },
    { amount: -1 },
    { currency: 'EURO' },
    { limit: 0 },
    { limit: 10_000 },
    { limit: 10_001 },
    { holdSeconds: 0 },
    { holdSeconds: 604_800 },
    { holdSeconds: 604_801 },
    { gate: {} },
    { gate: { openHoldsMax: 1_000, coolDownSeconds: 86_400, attemptsMax: 10_000, shortestHoldSeconds: 300 } },
    { gate: { openHoldsMax: 1_001 } },
    { gate: { coolDownSeconds: 86_401 } },
    { gate: { attemptsMax: 10_001 } },
    { gate: { attemptsMax: -1 } },
    { gate: { shortestHoldSeconds: 604_800 }, holdSeconds: 604_800 },
    { gate: { shortestHoldSeconds: 604_801 }, holdSeconds: 0 },
    { gate: { shortestHoldSeconds: 0.5 } },
  ])('about a sale with %j', (change) => {
    const { name, description, amount, currency, limit, holdSeconds, gate } = { ...usual, ...change };
    const isGood = passes(schemas.PutProduct, {
      name,
      description,
      startsAt: '2030-01-01T00:00:00Z',
      endsAt: '2030-01-02T00:00:00Z',
      price: { amount, currency },
      perCustomerLimit: limit,
      holdSeconds,
      gate,
    });
    const sale = { name, description, startsAt: 1, endsAt: 2, amount, currency, holdSeconds };
    const configuration = { ...sale, perCustomerLimit: limit, gate: { ...OPEN_GATE, ...gate } };
    expect(
      passesWire({ kind: 'configure', productId: 'p', expectedRevision: undefined, configuration }),
    ).toBe(isGood);
  });
});
