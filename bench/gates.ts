// Every gate on against all off: two nodes that take turns (A B B A …) under the same load. One sells behind a list, takes orders with a
// purchase ticket alone, bounds holds and attempts, and limits requests as it does by default but for what comes from one address; the
// other sells to everybody and limits nothing.

import { newSide, percentileMs, rate } from './duel-side.ts';
import { Forked } from './forked.ts';
import { openHotSale } from './hot-sale.ts';
import { publishForList, whenOpen, type ListCampaign } from './list-campaign.ts';
import { LIST_CUSTOMERS, LIST_SECRET, LIST_UNITS, ListRush, type Lane, type Rival } from './list-rush.ts';
import { auditNode, startOwnNode } from './own-node.ts';
import { total } from './process-cpu.ts';
import { round, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const OUTSIDE = 'hot';

const ON = {
  LIMIT_PURCHASE: 'customer 20/10s, address 100000/1s',
};
const GATE = {
  limits: true,
  ticket: true,
  work: true,
  openHoldsMax: 3,
  coolDownSeconds: 60,
  attemptsMax: 20,
  shortestHoldSeconds: 60,
  risk: true,
};

export async function gates(options: ScenarioOptions): Promise<ScenarioResult> {
  const customers = options.orders ?? LIST_CUSTOMERS;
  let campaign: ListCampaign | undefined;
  options.say(`  a list of ${customers} customers is loaded`);
  const env = { AUTH_SECRET: LIST_SECRET, SESSION_SECRET: LIST_SECRET, DATABASE_URL: '' };
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const gated = await startOwnNode({ ...env, ...ON }, async (dataDir) => {
      campaign = await publishForList(dataDir, '', { customers, units: LIST_UNITS, gate: GATE });
    });
    undo.push(() => gated.stop());
    const open = await startOwnNode({ ...env, RATE_LIMITS: 'off' });
    undo.push(() => open.stop());
    const load = new Forked('./load.ts');
    undo.push(() => load.stop());
    const { productId, campaignId } = campaign!;
    await whenOpen(gated, productId, LIST_UNITS);
    await openHotSale(open, OUTSIDE, LIST_UNITS);
    const lanes = {
      on: { node: gated, productId, ticketsOf: campaignId },
      off: { node: open, productId: OUTSIDE },
    };
    const figures = await takeTurns(new ListRush(load, customers, options), lanes, options);
    const violations = (await auditNode(gated)) + (await auditNode(open));
    return { ...figures, customers, violations };
  } finally {
    await Promise.all(undo.map((stop) => stop()));
  }
}

async function takeTurns(
  rush: ListRush,
  { on: gated, off: open }: { readonly on: Lane; readonly off: Lane },
  { say }: ScenarioOptions,
): Promise<Record<string, number> & { ratio: number }> {
  const figures: Record<string, number> = {};
  const ratios: number[] = [];
  let otherAnswers = 0;
  say('  one turn to warm up');
  await rush.warmUp(open, gated);
  for (const connections of rush.connections) {
    const [off, on] = [newSide(), newSide()];
    const rivals: [Rival, Rival] = [
      { lane: open, side: off },
      { lane: gated, side: on },
    ];
    // oxlint-disable-next-line no-await-in-loop -- one number of connections after the other
    await rush.turns(connections, rivals, (turn) =>
      say(`  ${turn}: ${rate(on)} purchases/s through every gate, ${rate(off)} through none`),
    );
    ratios.push(rate(on) / rate(off));
    otherAnswers += off.others + on.others;
    Object.assign(figures, {
      [`ratio${connections}`]: round(rate(on) / rate(off)),
      [`gatedPerSecond${connections}`]: rate(on),
      [`openPerSecond${connections}`]: rate(off),
      [`gatedP99Ms${connections}`]: percentileMs(on, 0.99),
      [`openP99Ms${connections}`]: percentileMs(off, 0.99),
      [`gatedCpuMicros${connections}`]: round(total(on.cpu) / on.all),
      [`openCpuMicros${connections}`]: round(total(off.cpu) / off.all),
    });
  }
  return { ratio: round(Math.min(...ratios)), ...figures, otherAnswers };
}
