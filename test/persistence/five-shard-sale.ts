// A sale over five shards, in records of three orders.

import { ScriptedJournal } from './scripted-journal.ts';

const SHARDS = [1, 2, 3, 4, 5];

export function fiveShardSale(rounds: number): ScriptedJournal {
  const journal = new ScriptedJournal((productId) => Number(productId));
  for (const shard of SHARDS) {
    journal.configure(String(shard));
    journal.loadStock(String(shard), 100_000);
  }
  for (let round = 0; round < rounds; round++) {
    journal.now += 10;
    for (const shard of SHARDS) {
      for (let order = 0; order < 3; order++)
        journal.reserve(String(shard), `customer ${round}/${order}`, 'key');
      journal.append(shard);
    }
  }
  return journal;
}
