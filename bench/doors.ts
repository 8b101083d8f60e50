// doors: purchases of a product behind the door of a campaign with a list of a million customers, against purchases of one in no
// campaign, in turn on one node; and, beside them, a rush of customers who are not on the list.

import { newSide, percentileMs, rate } from './duel-side.ts';
import { EMBEDDED_MODE } from './environment.ts';
import { Forked } from './forked.ts';
import { openHotSale } from './hot-sale.ts';
import { publishForList, whenOpen } from './list-campaign.ts';
import { LIST_CUSTOMERS, LIST_SECRET, LIST_UNITS, ListRush, type Lane, type Rival } from './list-rush.ts';
import { auditNode, startOwnNode } from './own-node.ts';
import { total } from './process-cpu.ts';
import { round, type Scenario, type ScenarioOptions } from './scenario.ts';

const OUTSIDE = 'hot';
const REFUSED_REQUESTS = 20_000;
const TURNED_AWAY = { status: 404, text: 'not_found', repeat: true };

export const doors: Scenario = {
  modes: { sqlite: EMBEDDED_MODE },
  async run(options) {
    const customers = options.orders ?? LIST_CUSTOMERS;
    let behind = '';
    options.say(`  a list of ${customers} customers is loaded`);
    const databaseUrl = process.env['DATABASE_URL'] ?? '';
    const node = await startOwnNode({ AUTH_SECRET: LIST_SECRET }, async (dataDir) => {
      const wish = { customers, units: LIST_UNITS };
      behind = (await publishForList(dataDir, databaseUrl, wish)).productId;
    });
    const load = new Forked('./load.ts');
    try {
      await openHotSale(node, OUTSIDE, LIST_UNITS);
      await whenOpen(node, behind, LIST_UNITS);
      const lanes = { on: { node, productId: behind }, off: { node, productId: OUTSIDE } };
      const figures = await takeTurns(new ListRush(load, customers, options), lanes, options);
      return { ...figures, customers, violations: await auditNode(node) };
    } finally {
      await load.stop();
      await node.stop();
    }
  },
};

async function takeTurns(
  rush: ListRush,
  { on: behind, off: outside }: { readonly on: Lane; readonly off: Lane },
  { say }: ScenarioOptions,
): Promise<Record<string, number> & { ratio: number }> {
  const figures: Record<string, number> = {};
  const ratios: number[] = [];
  let otherAnswers = 0;
  say('  one turn to warm up');
  await rush.warmUp(outside, behind);
  for (const connections of rush.connections) {
    const [off, on, refused] = [newSide(), newSide(), newSide()];
    const rivals: [Rival, Rival] = [
      { lane: outside, side: off },
      { lane: behind, side: on },
    ];
    // oxlint-disable-next-line no-await-in-loop -- one number of connections after the other
    await rush.turns(
      connections,
      rivals,
      (turn) =>
        say(
          `  ${turn}: ${rate(on)} purchases/s by the list, ${rate(off)} in no campaign, ${rate(refused)} turned away`,
        ),
      () => rush.strangers(connections, REFUSED_REQUESTS, { lane: behind, side: refused }, TURNED_AWAY),
    );
    ratios.push(rate(on) / rate(off));
    otherAnswers += off.others + on.others + refused.others;
    Object.assign(figures, {
      [`ratio${connections}`]: round(rate(on) / rate(off)),
      [`byListPerSecond${connections}`]: rate(on),
      [`inNoCampaignPerSecond${connections}`]: rate(off),
      [`turnedAwayPerSecond${connections}`]: rate(refused),
      [`byListP99Ms${connections}`]: percentileMs(on, 0.99),
      [`inNoCampaignP99Ms${connections}`]: percentileMs(off, 0.99),
      [`byListCpuMicros${connections}`]: round(total(on.cpu) / on.all),
      [`inNoCampaignCpuMicros${connections}`]: round(total(off.cpu) / off.all),
      [`turnedAwayCpuMicros${connections}`]: round(total(refused.cpu) / refused.all),
    });
  }
  return { ratio: round(Math.min(...ratios)), ...figures, otherAnswers };
}
