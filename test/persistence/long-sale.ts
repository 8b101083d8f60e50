// A sale that is the same in every process: 500 records of 20 orders and 10 payments.

import { ScriptedJournal } from './scripted-journal.ts';

export const LONG_SALE_RECORDS = 500;

export function longSale(): ScriptedJournal {
  const journal = new ScriptedJournal();
  journal.configure('sku');
  journal.loadStock('sku', 1_000_000);
  for (let round = 0; round < LONG_SALE_RECORDS; round++) {
    journal.now += 5;
    for (let order = 0; order < 20; order++) {
      const orderId = journal.reserve('sku', `customer ${round}/${order}`, 'key')!;
      if (order % 2 === 0) journal.pay('sku', orderId);
    }
    journal.append();
  }
  return journal;
}
