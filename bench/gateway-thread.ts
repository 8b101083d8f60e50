// A gateway without HTTP, on a thread of its own: sends batches of purchases and counts the answers. A bounded number of
// commands is under way. Made and ended by owner.ts.

import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { Command } from '../src/actors/index.ts';
import type { CommandEnvelope, Message } from '../src/runtime/index.ts';
import { shardOfProduct } from '../src/runtime/placement.ts';
import { ThreadTransport } from '../src/runtime/thread-transport.ts';
import { openSale, reserve } from './sale.ts';

export interface GatewayData {
  readonly port: MessagePort;
  /** They take turns, purchase by purchase. */
  readonly products: readonly string[];
  /** Shards in all. */
  readonly shards: number;
  readonly orders: number;
  /** Make each purchase when its turn comes: slower, and this thread stays small. */
  readonly isFrugal: boolean;
}

export interface GatewayReport {
  readonly reserved: number;
  readonly others: number;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Commands in one message, and messages under way. */
const BATCH = 64;
const WINDOW = 64;
const TIME_LEFT_MS = 60_000;

const { port, products, shards, orders, isFrugal } = workerData as GatewayData;
const transport = new ThreadTransport(new Map([[0, port]]));
const shardOf = new Map(products.map((productId) => [productId, shardOfProduct(productId, shards)]));

interface Played {
  readonly reserved: number;
  readonly elapsedMs: number;
  /** Of each command, in milliseconds. */
  readonly latencies: Float32Array;
}

/** Sends commands, each with its place as its id, and resolves when all are answered. */
function play(count: number, commandAt: (number: number) => Command): Promise<Played> {
  const messagesCount = Math.ceil(count / BATCH);
  const messageAt = (message: number): CommandEnvelope[] =>
    Array.from({ length: Math.min(BATCH, count - message * BATCH) }, (_, at) =>
      envelope(message * BATCH + at, commandAt(message * BATCH + at)),
    );
  // Made before the clock runs: what is measured is the owner and its journal, not the gateway.
  const messages = isFrugal ? [] : Array.from({ length: messagesCount }, (_, message) => messageAt(message));
  const sentAt = new Float64Array(messagesCount);
  const latencies = new Float32Array(count);
  let next = 0;
  let answered = 0;
  let reserved = 0;
  const startedAt = performance.now();
  const sendMore = (): void => {
    while (next < messagesCount && next * BATCH - answered < WINDOW * BATCH) {
      sentAt[next] = performance.now();
      transport.send(0, { from: 1, commands: messages[next] ?? messageAt(next), replies: [] });
      next++;
    }
  };
  return new Promise((resolve) => {
    receive = ({ replies }) => {
      const now = performance.now();
      for (const { id, reply } of replies) {
        latencies[id] = now - sentAt[Math.floor(id / BATCH)]!;
        if (reply.outcome === 'reserved') reserved++;
      }
      answered += replies.length;
      sendMore();
      if (answered === count) resolve({ reserved, elapsedMs: now - startedAt, latencies });
    };
    sendMore();
  });
}

function envelope(id: number, command: Command): CommandEnvelope {
  const shard = shardOf.get((command as { productId: string }).productId)!;
  return { id, shard, timeLeftMs: TIME_LEFT_MS, command };
}

let receive: (message: Message) => void = () => undefined;
transport.onMessage((message) => receive(message));

const opening = products.flatMap((productId) => openSale(productId, Math.ceil(orders / products.length)));
await play(opening.length, (number) => opening[number]!);
const { reserved, elapsedMs, latencies } = await play(orders, (number) =>
  reserve(products[number % products.length]!, number),
);
latencies.sort();
const at = (part: number): number => latencies[Math.floor((orders - 1) * part)]!;
const report: GatewayReport = {
  reserved,
  others: orders - reserved,
  elapsedMs,
  p50Ms: at(0.5),
  p99Ms: at(0.99),
};
parentPort!.postMessage(report);
port.close();
