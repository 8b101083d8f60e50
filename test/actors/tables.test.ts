import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Column, uint32s } from '../../src/actors/column.ts';
import { KEY_WORDS, writeKey } from '../../src/actors/key.ts';
import { KeyTable } from '../../src/actors/key-table.ts';
import {
  decodeRecord,
  encodeRecord,
  InvariantViolation,
  keyOf,
  ORDER_ID_LENGTH,
  orderIdKey,
  orderIdText,
  orderKeyOf,
  productTagOf,
  tagOf,
  type Key,
} from '../../src/actors/index.ts';

function words(key: Key): Uint32Array {
  const written = new Uint32Array(KEY_WORDS);
  writeKey(written, 0, key);
  return written;
}

describe('a table of keys', () => {
  test('finds each of a hundred thousand keys at its row, and no other', () => {
    const table = new KeyTable();
    for (let row = 0; row < 100_000; row++) expect(table.addNew(words(keyOf(`key ${row}`)), 0)).toBe(row);
    for (let row = 0; row < 100_000; row++) {
      if (table.find(keyOf(`key ${row}`)) !== row)
        throw new Error(`key ${row} is at ${table.find(keyOf(`key ${row}`))}`);
    }
    for (let row = 0; row < 1_000; row++) expect(table.find(keyOf(`other ${row}`))).toBe(-1);
    expect(table.keyAt(77_777)).toBe(keyOf('key 77777'));
    expect(table.addNew(words(keyOf('key 77777')), 0)).toBe(-1);
    expect(table.findOrAdd(words(keyOf('key 77777')), 0)).toBe(77_777);
    expect(table.findOrAdd(words(keyOf('one more')), 0)).toBe(100_000);
    expect(table.bytes / table.size).toBeLessThan(34);
  });

  test('with room made for its keys beforehand is the same, and as large', () => {
    const [grown, reserved] = [new KeyTable(), new KeyTable()];
    const keys = Array.from({ length: 20_000 }, (_, row) => words(keyOf(`key ${row}`)));
    reserved.reserve(keys.length);
    for (const [row, key] of keys.entries()) {
      grown.addNew(key, 0);
      expect(reserved.addNew(key, 0)).toBe(row);
    }
    // A segment that is nearly full may have grown in one of them.
    expect(Math.abs(reserved.bytes - grown.bytes)).toBeLessThan(grown.bytes / 10);
    expect(keys.every((key, row) => reserved.findOrAdd(key, 0) === row)).toBe(true);
    // More than it was made for.
    for (let row = keys.length; row < 60_000; row++) reserved.addNew(words(keyOf(`key ${row}`)), 0);
    expect(reserved.find(keyOf('key 59999'))).toBe(59_999);
    expect(reserved.find(keyOf('key 0'))).toBe(0);
    expect(() => reserved.reserve(1)).toThrow(/no room for 1 keys/);
    expect(() => new KeyTable().reserve(2 ** 24)).toThrow(/no room for 16777216 keys/);
  });

  test('grows evenly: no batch of a rush moves more than a small part of it', () => {
    const table = new KeyTable();
    const growth = (keys: number): number => {
      const { bytes, size } = table;
      while (table.size < size + keys) table.addNew(words(keyOf(`key ${table.size}`)), 0);
      return table.bytes - bytes;
    };
    growth(100_000);
    const batches = Array.from({ length: 60 }, () => growth(2_000));
    // A chunk of words is 128 KiB; the index is a mebibyte at that size, and doubles on the way.
    expect(Math.max(...batches)).toBeLessThan((128 + 100) * 1024);
  });

  test('keys that share three of their four words stay apart', () => {
    const table = new KeyTable();
    const key = (word: number, value: number): string => {
      const bytes = new Uint8Array(16);
      bytes[word * 4] = value;
      return String.fromCharCode(...bytes);
    };
    for (let word = 0; word < 4; word++)
      for (let value = 1; value < 200; value++) table.addNew(words(key(word, value)), 0);
    let row = 0;
    for (let word = 0; word < 4; word++) {
      for (let value = 1; value < 200; value++) expect(table.find(key(word, value))).toBe(row++);
    }
  });
});

test('a column holds what was set, whether row by row or many at once', () => {
  const pieces = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 20_000 })), {
    minLength: 1,
    maxLength: 8,
  });
  const property = fc.property(pieces, fc.boolean(), (lengths, beginsMany) => {
    const column = new Column(uint32s);
    let rows = 0;
    let isMany = beginsMany;
    for (const length of lengths) {
      const values = Uint32Array.from({ length }, (_, at) => rows + at + 7);
      if (isMany) column.extend(rows, values);
      else for (const value of values) column.push(value - 7, value);
      rows += length;
      isMany = !isMany;
    }
    expect(column.slice(0, rows)).toEqual(Uint32Array.from({ length: rows }, (_, row) => row + 7));
  });
  fc.assert(property, { numRuns: 60 });
});

describe('an order id', () => {
  const keys = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => String.fromCharCode(...bytes));

  test('is 26 characters and reads back', () => {
    const property = fc.property(keys, (key) => {
      const text = orderIdText(key);
      expect(text).toMatch(/^[0-7][0-9a-hjkmnp-tv-z]{25}$/);
      expect(text).toHaveLength(ORDER_ID_LENGTH);
      expect(orderIdKey(text)).toBe(key);
    });
    fc.assert(property);
  });

  test('leads to its product’s shard', () => {
    const tag = productTagOf('ember-kettle');
    expect(tagOf(orderKeyOf(tag, 1_700_000_000, '12345678'))).toBe(tag);
  });

  test.each(['', 'x', '8'.repeat(26), 'u'.repeat(26), `${'0'.repeat(25)}ä`, '0'.repeat(27), 'Z'.repeat(26)])(
    'is not %j',
    (text) => expect(orderIdKey(text)).toBeUndefined(),
  );
});

describe('a record', () => {
  const header = {
    shard: 3,
    epoch: 7,
    owner: keyOf('me'),
    number: 1,
    previous: 12,
    revision: 0,
    at: 1_700_000_000_000,
  };

  test('keeps its bytes: this format must never change', () => {
    const terms = { amount: 1999, currency: 'EUR', holdSeconds: 300 };
    const reserved = (serial: string) =>
      ({
        kind: 'reserved',
        productId: 'sku-1',
        at: header.at + 1,
        orderId: keyOf(`order ${serial}`),
        customerId: `ada ${serial}`,
        customerKey: keyOf(`customer ${serial}`),
        idempotencyKey: `key ${serial}`,
        requestKey: keyOf(`request ${serial}`),
        quantity: 2,
        terms,
      }) as const;
    const bytes = encodeRecord(header, [
      {
        kind: 'configured',
        productId: 'sku-1',
        at: header.at,
        revision: 1,
        configuration: {
          name: 'Kettle',
          description: 'Hot.',
          startsAt: header.at,
          endsAt: header.at + 1_000,
          amount: 1999,
          currency: 'EUR',
          perCustomerLimit: 2,
          holdSeconds: 300,
        },
      },
      { kind: 'stockLoaded', productId: 'sku-1', at: header.at, requestId: 'first', quantity: 5 },
      reserved('1'),
      reserved('2'),
      { kind: 'paid', productId: 'sku-1', at: header.at + 2, orderId: keyOf('order 1') },
      { kind: 'paused', productId: 'sku-1', at: header.at + 3 },
    ]);
    expect(Buffer.from(bytes).toString('base64')).toMatchInlineSnapshot(
      `"AZgDB8QQJ0TM0Qx1M71zatiQ+d1cqwEMAMtCeLz+VoAAAJWcAaVza3UtMZEApktldHRsZaRIb3Quy0J4vP5WgAAAy0J4vP5WvoAAzQfPo0VVUgLNASwBlQKlc2t1LTGRAKVmaXJzdAWZBKVza3UtMZIBAc0Hz6NFVVLNASySAgLEYPPW8NVbBT/esBFsLq/9dOl+wX0unuT3NGkBM8j+xzNyrRud6RBRNSe0BxR9egVWkKzgYOZ7MexTvp270Bap5baet81fdxL7fR1eYGemifkr/xThTCCNQUWQVYwuMzpz2sQbkpKlYWRhIDGlYWRhIDKSpWtleSAxpWtleSAylAelc2t1LTGRAsQQ89bw1VsFP96wEWwur/106ZMMpXNrdS0xkQM="`,
    );
  });

  test('keeps the bytes of a retirement', () => {
    const bytes = encodeRecord(header, [{ kind: 'retired', productId: 'sku-1', at: header.at + 4 }]);
    expect(Buffer.from(bytes).toString('base64')).toMatchInlineSnapshot(
      `"AZgDB8QQJ0TM0Qx1M71zatiQ+d1cqwEMAMtCeLz+VoAAAJGTDqVza3UtMZEE"`,
    );
  });

  test.each([
    ['an unknown version', (bytes: Uint8Array) => bytes.fill(9, 0, 1)],
    ['no bytes', () => new Uint8Array()],
  ])('is refused with %s', (_, damage) => {
    expect(() => decodeRecord(damage(encodeRecord(header, [])))).toThrow(InvariantViolation);
  });
});
