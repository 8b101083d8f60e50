// The desk that a command's options and environment name: over HTTP when a node is named, else over NATS when NATS_URL says
// where that is, else the node of this machine.

import { requireNode } from '../node-client.ts';
import { HttpStockDesk } from './http-stock-desk.ts';
import { reachOf, type ReachOptions } from './reach.ts';
import type { StockDesk } from './stock-desk.ts';

/** @throws CommandError, ConfigError, NatsUnreachable */
export async function withStockDesk<T>(
  reach: ReachOptions,
  work: (desk: StockDesk) => Promise<T>,
): Promise<T> {
  const desk = await open(reach);
  try {
    return await work(desk);
  } finally {
    await desk.close();
  }
}

async function open(reach: ReachOptions): Promise<StockDesk> {
  const overNats = reach.url === undefined ? await openOverNats() : undefined;
  return overNats ?? new HttpStockDesk(requireNode(reachOf(reach)));
}

/** What NATS needs is loaded only where the environment names it. */
async function openOverNats(): Promise<StockDesk | undefined> {
  if (!Object.keys(process.env).some((name) => name.startsWith('NATS_URL'))) return undefined;
  const [{ natsSettings }, { NatsStockDesk }] = await Promise.all([
    import('./nats-settings.ts'),
    import('./nats-stock-desk.ts'),
  ]);
  const settings = natsSettings(process.env);
  return settings && NatsStockDesk.open(settings);
}
