import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  customerKeyOf,
  decide,
  digest,
  encodeSnapshot,
  evolve,
  keyOf,
  OPEN_GATE,
  requestKeyOf,
  SnapshotDecoder,
  type Product,
  type Snapshot,
  type SnapshotHead,
} from '../../src/actors/index.ts';
import { playSale, saleSteps } from '../persistence/sale-script.ts';
import { SALE_STARTS_AT, ScriptedJournal } from '../persistence/scripted-journal.ts';

const HEAD: SnapshotHead = {
  shard: 4,
  epoch: 3,
  owner: keyOf('me'),
  number: 7,
  head: 2 ** 40,
  at: 1_790_000_000_000,
};

const encoded = (products: readonly Product[]): Uint8Array =>
  Buffer.concat([...encodeSnapshot(HEAD, products)]);

function decoded(bytes: Uint8Array, pieceBytes = 70_000): Snapshot {
  const decoder = new SnapshotDecoder();
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    decoder.push(bytes.slice(at, at + pieceBytes));
    while (decoder.step());
  }
  return decoder.finish();
}

/** Everything that an owner goes by, beyond what the digest covers. */
function facts(product: Product, now: number) {
  return {
    digest: digest(product),
    nextExpiry: product.nextExpiry(),
    due: product.dueHolds(now, 1_000),
    reading: product.read(now),
  };
}

function longSale(orders: number): ScriptedJournal {
  const journal = new ScriptedJournal();
  journal.configure('sku', { perCustomerLimit: 100 });
  journal.loadStock('sku', orders);
  for (let number = 0; number < orders; number++) {
    journal.now += number % 3;
    const order = journal.reserve('sku', `customer ${number % 7_000}`, `key ${number}`)!;
    if (number % 2 === 0) journal.pay('sku', order);
    if (number % 5 === 1) journal.cancel('sku', order);
  }
  return journal;
}

test('any sale comes back as it was, and goes on as it would have', () => {
  const property = fc.property(saleSteps, fc.integer({ min: 1, max: 3_000 }), (steps, pieceBytes) => {
    const journal = playSale(steps);
    const { products, ...head } = decoded(encoded([...journal.products.values()]), pieceBytes);
    expect(head).toEqual(HEAD);
    expect(products.map(({ id }) => id)).toEqual([...journal.products.keys()]);
    for (const restored of products) {
      const original = journal.products.get(restored.id)!;
      const later = journal.now + 700_000;
      expect(facts(restored, later)).toEqual(facts(original, later));
      for (const orderId of original.dueHolds(later, 3)) {
        for (const product of [original, restored]) {
          const { event } = decide(product, { kind: 'expire', orderId }, later);
          evolve(product, event!);
        }
      }
      const again = { productId: restored.id, kind: 'resume' } as const;
      expect(decide(restored, again, later)).toEqual(decide(original, again, later));
      expect(facts(restored, later)).toEqual(facts(original, later));
    }
  });
  fc.assert(property, { numRuns: 200 });
});

test('a long sale comes back over many sections, and its keys and customers are found', () => {
  const journal = longSale(20_000);
  const original = journal.products.get('sku')!;
  const [restored] = decoded(encoded([original])).products;
  expect(facts(restored!, journal.now)).toEqual(facts(original, journal.now));
  const { orders } = restored!;
  for (const row of [0, 2_047, 2_048, 8_191, 8_192, 19_999]) {
    expect(orders.ids.find(original.orders.ids.keyAt(row))).toBe(row);
    expect(orders.requests.find(original.orders.requests.keyAt(row))).toBe(row);
  }
  const customer = orders.customers.find(customerKeyOf('customer 6999'));
  expect(original.orders.customers.find(customerKeyOf('customer 6999'))).toBe(customer);
  expect(orders.heldByRow(customer)).toBe(original.orders.heldByRow(customer));
});

test('no section is so long that an owner would stop over it', () => {
  const longest = Math.max(
    ...[...encodeSnapshot(HEAD, [longSale(9_000).products.get('sku')!])].map(({ length }) => length),
  );
  expect(longest).toBeLessThan(128 * 1024);
});

function smallSale(): ScriptedJournal {
  const journal = new ScriptedJournal();
  journal.configure('sku', { holdSeconds: 0 });
  journal.loadStock('sku', 9);
  journal.command('sku', { kind: 'withdrawStock', productId: 'sku', requestId: 'back', quantity: 2 });
  journal.reserve('sku', 'ada', 'k1', 2);
  journal.configure('sku', { holdSeconds: 60 });
  journal.reserve('sku', 'bob', 'k2');
  return journal;
}

test('the bytes of version 3 are pinned', () => {
  const bytes = encoded([...smallSale().products.values()]);
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(
    '6594631cba68be0842329f620acbfe57b48410a69abe64ef5492ecefcef891a8',
  );
});

/** As nodes of those times wrote `smallSale`. */
const OLD_VERSIONS = [
  [
    1,
    'ASoAAAAAAAAAmAAEA8QQJ0TM0Qx1M71zatiQ+d1cqwfLQnAAAAAAAADLQnoMRQbAAAABdQAAAAAAAADcABEBo3NrdapIZWFkcGhvbmVz2SdUaGV5IHNheSAicXVpZXQiLCB7dHJ1bHl9IFwgcXVpZXQsIE5VTEzLQnoMRQbAAADLQnoMl2yAAADNTbyjRVVSBTwCwpUJBAECApKTzU28o0VVUgCTzU28o0VVUjwCAgISAAAAAAAAAJMCkqZsb2FkLTmkYmFja5IJ/gMAAAAoAAAAkgMC/e5DDUC9V97qwYbNl5ADPYG2N9j80sbaY1nmljEToRcCAAAAAQAAAAMAAABmAAAAkgQCAADABkUMekIAAMAGRQx6Qrx7BHpqsTuAqgKP8RsmVmW8ewR6arE7gGKoRyNh+NP0lo+nCE746MEtpkARIDQZ/2SU9QOvrSDn/kiDpqamb1AAAAAAAQAAAAIAAAABAAAAAAABAAMAAgAAAAAAAACRBQ==',
  ],
  [
    2,
    'AioAAAAAAAAAmAAEA8QQJ0TM0Qx1M71zatiQ+d1cqwfLQnAAAAAAAADLQnoMRQbAAAABdgAAAAAAAADcABIBo3NrdapIZWFkcGhvbmVz2SdUaGV5IHNheSAicXVpZXQiLCB7dHJ1bHl9IFwgcXVpZXQsIE5VTEzLQnoMRQbAAADLQnoMl2yAAADNTbyjRVVSBTwCwpUJBAECApKTzU28o0VVUgCTzU28o0VVUjwCAgLAEgAAAAAAAACTApKmbG9hZC05pGJhY2uSCf4DAAAAKAAAAJIDAv3uQw1AvVfe6sGGzZeQAz2BtjfY/NLG2mNZ5pYxE6EXAgAAAAEAAAADAAAAZgAAAJIEAgAAwAZFDHpCAADABkUMekK8ewR6arE7gKoCj/EbJlZlvHsEemqxO4BiqEcjYfjT9JaPpwhO+OjBLaZAESA0Gf9klPUDr60g5/5Ig6ampm9QAAAAAAEAAAACAAAAAQAAAAAAAQADAAIAAAAAAAAAkQU=',
  ],
] as const;

test.each(OLD_VERSIONS)('version %i is read', (_, text) => {
  const journal = smallSale();
  const { products, ...head } = decoded(Buffer.from(text, 'base64'));
  expect(head).toEqual(HEAD);
  expect(facts(products[0]!, journal.now)).toEqual(facts(journal.products.get('sku')!, journal.now));
});

test('a cool-down goes on over a snapshot, for those who cool down alone, and so does an extended hold', () => {
  const journal = new ScriptedJournal();
  const gate = { ...OPEN_GATE, coolDownSeconds: 300 };
  journal.configure('sku', { holdSeconds: 60, gate });
  journal.loadStock('sku', 9);
  const [abandoned, kept] = [journal.reserve('sku', 'ada', 'k')!, journal.reserve('sku', 'bob', 'k')!];
  journal.command('sku', { kind: 'extendHold', orderId: kept, byMs: 1_000_000, mostMs: 1_000_000 });
  journal.now += 60_000;
  journal.command('sku', { kind: 'expire', orderId: abandoned });
  const original = journal.products.get('sku')!;
  const [restored] = decoded(encoded([original])).products;

  const reserve = (customerId: string, key: string, now: number) => {
    const { reply } = decide(
      restored,
      {
        kind: 'reserve',
        productId: 'sku',
        orderId: keyOf(`${customerId} ${key}`),
        customerId,
        customerKey: customerKeyOf(customerId),
        idempotencyKey: key,
        requestKey: requestKeyOf('sku', customerId, key),
        quantity: 1,
      },
      now,
    );
    return reply.outcome === 'refused' ? reply.refusal : reply;
  };
  const end = journal.now + 300_000;
  expect(reserve('ada', 'k2', end - 1)).toBe('too_many_holds');
  expect(reserve('ada', 'k2', end)).toMatchObject({ outcome: 'reserved', replayed: false });
  expect(reserve('bob', 'k2', journal.now)).toMatchObject({ outcome: 'reserved' });
  // The repetition of an acceptance is the acceptance, whatever became of the hold.
  const accepted = { holdExpiresAt: SALE_STARTS_AT + 60_000, status: 'reserved' };
  expect(reserve('ada', 'k', journal.now)).toMatchObject({ replayed: true, order: accepted });
  expect(reserve('bob', 'k', journal.now)).toMatchObject({ replayed: true, order: accepted });
  const row = restored!.orders.ids.find(kept);
  expect(restored!.order(row).holdExpiresAt).toBe(SALE_STARTS_AT + 1_000_000);
  expect(restored!.nextExpiry()).toBe(SALE_STARTS_AT + 1_000_000);
});

describe('a retired product', () => {
  const journal = smallSale();
  journal.pay('sku', journal.reserve('sku', 'bob', 'k2')!);
  const before = encoded([journal.products.get('sku')!]);
  journal.retire('sku');
  const product = journal.products.get('sku')!;

  test('comes back with its counters and its configuration, in a snapshot without orders', () => {
    const bytes = encoded([product]);
    const [restored] = decoded(bytes).products;
    expect(restored).toMatchObject({ retiredAt: journal.now, stock: { loaded: 9, sold: 3, withdrawn: 2 } });
    expect(facts(restored!, journal.now)).toEqual(facts(product, journal.now));
    expect(bytes.length).toBeLessThan(before.length - 2 * 71);
  });

  test('with something left of its sale is no snapshot', () => {
    const stockRequests = new Map([['load', { kind: 'loadStock', quantity: 1 }]]);
    const forged = Object.assign(Object.create(product) as Product, { stockRequests });
    expect(() => decoded(encoded([forged]))).toThrow(/is retired and not empty/);
  });
});

test('a refund that is due is remembered', () => {
  const journal = smallSale();
  const order = journal.reserve('sku', 'bob', 'k2')!;
  journal.cancel('sku', order);
  journal.pay('sku', order);
  const [restored] = decoded(encoded([...journal.products.values()])).products;
  expect(restored!.refundsDue).toBe(1);
  expect(restored!.isOpen).toBe(true);
});

test('what is cut off, continued, or of another version is no snapshot', () => {
  const bytes = encoded([...playSale([]).products.values()]);
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decoded(bytes.subarray(0, length)), `${length} bytes`).toThrow(/ends before its end/);
  }
  expect(() => decoded(Buffer.concat([bytes, Uint8Array.of(0)]))).toThrow(/goes on behind it/);
  expect(() => decoded(Uint8Array.from(bytes, (byte, at) => (at === 0 ? 4 : byte)))).toThrow(/version 4/);
});

test('more orders than any product may have are no snapshot, and take no memory', () => {
  const [product] = smallSale().products.values();
  const orders = { size: 2 ** 31, customersSize: 1 } as Product['orders'];
  const forged = Object.assign(Object.create(product!) as Product, { orders });
  const sections = encodeSnapshot(HEAD, [forged]);
  const bytes = Buffer.concat([1, 2, 3].map(() => sections.next().value as Uint8Array));
  expect(() => decoded(bytes)).toThrow('no room for 2147483648 keys');
});

test('orders that do not add up to the stock are no snapshot', () => {
  const journal = new ScriptedJournal();
  journal.configure('sku');
  journal.loadStock('sku', 9);
  journal.reserve('sku', 'ada', 'k', 2);
  const product = journal.products.get('sku')!;
  const missing = Object.assign(Object.create(product) as Product, {
    stock: { ...product.stock, reserved: 1, available: 8 },
  });
  expect(() => decoded(encoded([missing]))).toThrow(/do not add up/);
});
