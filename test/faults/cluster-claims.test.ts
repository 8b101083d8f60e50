// Two others claim the hot shard at the same moment, over and over, while its owner sells: as nodes whose view of the placement
// is old may do. Each epoch has one of them, the owner is fenced and claims anew, and every answer is true.

import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  JetStreamJournal,
  Link,
  systemClock,
  systemRandom,
  systemTimers,
  type Journal,
} from '../../src/runtime/index.ts';
import { claim } from '../../src/runtime/claim.ts';
import { decodeRecordHeader } from '../../src/actors/index.ts';
import { ClusterSale, expectSettled, ROUNDS } from './cluster-sale.ts';

/** At one moment each. */
const CLAIMS_PER_ROUND = 10;

let sale: ClusterSale;
const links: Link[] = [];
beforeAll(async () => {
  sale = await ClusterSale.open();
});
afterAll(async () => {
  await Promise.all(links.map((link) => link.close()));
  await sale?.close();
});

async function rival(): Promise<JetStreamJournal> {
  const link = await Link.open(sale.cluster.nats.connection, systemTimers);
  links.push(link);
  const ports = { clock: systemClock, timers: systemTimers };
  return new JetStreamJournal({ link, names: sale.cluster.names, ...ports });
}

/** Under the revision of the owner's own claim, which forbids it to nobody. @returns whether it won */
async function claims(journal: Journal): Promise<boolean> {
  const head = await journal.head(sale.hotShard);
  const ownership = { revision: decodeRecordHeader(head!.bytes).revision, holds: () => true };
  const ports = { journal, clock: systemClock, timers: systemTimers, random: systemRandom, ownership };
  const claimed = await claim(
    sale.hotShard,
    ownership.revision,
    ports,
    undefined,
    undefined,
    () => undefined,
  );
  return claimed !== undefined;
}

test(
  'two claims at the same moment, under load: each epoch has one owner, and the sale goes on',
  async () => {
    const rivals = [await rival(), await rival()];
    let won = 0;
    let both = 0;
    for (let round = 0; round < ROUNDS; round++) {
      for (let moment = 0; moment < CLAIMS_PER_ROUND; moment++) {
        const results = await Promise.all(rivals.map(claims));
        const winners = results.filter(Boolean).length;
        won += winners;
        if (winners === 2) both++;
      }
      await sale.again(performance.now());
    }
    const moments = ROUNDS * CLAIMS_PER_ROUND;
    console.log(`${moments} moments, ${won} claims won, ${both} times both, one behind the other`);
    expect(won).toBeGreaterThan(0);
    expect(await expectSettled(sale)).toBeGreaterThan(0);
  },
  120_000 * ROUNDS,
);
