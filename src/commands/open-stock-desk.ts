// The desk that a command's options and environment name: over HTTP when a node is named, else over NATS when NATS_URL says
// where that is, else the node of this machine.

import { requireNode } from '../node-client.ts';
import { HttpStockDesk } from './http-stock-desk.ts';
import { natsSettings } from './nats-settings.ts';
import { NatsStockDesk } from './nats-stock-desk.ts';
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
  const nats = reach.url === undefined ? natsSettings(process.env) : undefined;
  return nats === undefined ? new HttpStockDesk(requireNode(reachOf(reach))) : NatsStockDesk.open(nats);
}
