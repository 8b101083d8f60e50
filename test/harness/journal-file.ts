// A data folder with a scripted journal in it, as a node would have left it.

import { shardOfProduct } from '../../src/runtime/index.ts';
import { dataFiles } from '../../src/runtime/index.ts';
import { SqliteStore } from '../../src/runtime/sqlite/store.ts';
import { ScriptedJournal } from '../persistence/scripted-journal.ts';

/** As the engine of the tests is started. */
export const SHARDS = 16;

export const shardOf = (productId: string): number => shardOfProduct(productId, SHARDS);

export function writeJournal(dataDir: string, { records }: ScriptedJournal): void {
  const store = new SqliteStore(dataFiles(dataDir).journal, { shards: SHARDS, bytesMax: 2 ** 36 });
  for (const { sequence, shard, bytes } of records) {
    const [result] = store.commit([{ shard, bytes, expected: store.headOf(shard) }]);
    if (result?.kind !== 'appended' || result.sequence !== sequence) throw new Error(`record ${sequence}`);
  }
  store.close();
}

/** Sold at once, in records of a thousand. */
export function soldOut(
  productId: string,
  orders: number,
  journal = new ScriptedJournal(shardOf),
): ScriptedJournal {
  const shard = shardOf(productId);
  journal.append(shard);
  journal.configure(productId, { holdSeconds: 0 });
  journal.loadStock(productId, orders);
  for (let number = 0; number < orders; number++) {
    journal.reserve(productId, `customer ${number}`, `key ${number}`);
    if (number % 1_000 === 999) journal.append(shard);
  }
  journal.append(shard);
  return journal;
}
