// memory: a million live orders of distinct customers at one owner: what an order costs, by the tables' own account and by
// what the owner's heap and the process really grew by (garbage collected before both looks), and the longest stop of the
// owner's mailbox while the orders come in and while all their holds run out.
//
// A stop is the longest delay of the owner's event loop, which takes from the mailbox in every turn; `longestBusyMs` is that
// without the time in which the owner had no core, `longestCpuMs` what it ran (loop-stops.ts). The wall clock of the owner is moved behind the end of the holds, so that a million of them are due at one moment: the worst that can be.
// `ratio` is the tables' bytes to the real growth of the owner's heap: what the account leaves out.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '../src/runtime/index.ts';
import { DEFAULT_LIMITS } from '../src/runtime/limits.ts';
import { systemClock } from '../src/runtime/system.ts';
import { EMBEDDED_MODE } from './environment.ts';
import { longestStops } from './loop-stops.ts';
import { Owner } from './owner.ts';
import { HOLD_SECONDS } from './sale.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const PRODUCT = 'hot';
const ORDERS = 1_000_000;
const EXPIRED_MS_MAX = 300_000;
const POLL_MS = 50;

export const memory: Scenario = { modes: { sqlite: EMBEDDED_MODE }, run };

async function run({ orders = ORDERS, say }: ScenarioOptions): Promise<ScenarioResult> {
  let aheadMs = 0;
  const clock: Clock = { now: () => systemClock.now() + aheadMs, monotonic: () => systemClock.monotonic() };
  const owner = await Owner.start(1, { clock, limits: { ...DEFAULT_LIMITS, expiryGraceMs: 0 } });
  try {
    const before = memoryInUse();
    const coming = await longestStops(() => owner.rush([PRODUCT], orders, true));
    const after = memoryInUse();
    const product = owner.shards.get(0)!.durableProducts()!.get(PRODUCT)!;
    const tableBytes = product.orders.bytes;
    say(`  ${orders} orders are live, ${Math.round(tableBytes / orders)} bytes each`);
    const { stock } = product;
    const live = stock.reserved;
    const expiring = await longestStops(async () => {
      aheadMs = HOLD_SECONDS * 1_000;
      const startedAt = performance.now();
      while (stock.reserved > 0) {
        if (performance.now() - startedAt > EXPIRED_MS_MAX)
          throw new Error(`${stock.reserved} holds do not end`);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      return startedAt;
    });
    const { violations } = await owner.finish();
    return {
      ratio: round(tableBytes / (after.heap - before.heap)),
      orders: live,
      tableBytesPerOrder: round(tableBytes / live),
      heapBytesPerOrder: round((after.heap - before.heap) / live),
      residentBytesPerOrder: round((after.resident - before.resident) / live),
      longestStopMsComing: round(coming.stopMs),
      longestStopMsExpiring: round(expiring.stopMs),
      longestBusyMsComing: coming.busyMs && round(coming.busyMs),
      longestBusyMsExpiring: expiring.busyMs && round(expiring.busyMs),
      longestCpuMsComing: coming.cpuMs && round(coming.cpuMs),
      longestCpuMsExpiring: expiring.cpuMs && round(expiring.cpuMs),
      expiriesPerSecond: Math.round(live / (expiring.elapsedMs / 1_000)),
      violations: violations + (orders - live),
    };
  } finally {
    await owner.remove();
  }
}

interface Memory {
  /** Of this thread's objects, and of the buffers that they hold. */
  readonly heap: number;
  /** Of the whole process. */
  readonly resident: number;
}

function memoryInUse(): Memory {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  // What the first collection let go of may have held buffers.
  collect();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed + arrayBuffers, resident: rss };
}
