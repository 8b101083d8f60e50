// A worker thread of the `threads` benchmark: some shards, and purchases for them that it made itself before the clock
// runs. A bounded number of them is in the mailboxes. Ended by threads.ts.

import { deserialize, serialize } from 'node:v8';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { Command } from '../src/actors/index.ts';
import type { CommandEnvelope, Journal, ShardReply } from '../src/runtime/index.ts';
import { DEFAULT_LIMITS } from '../src/runtime/limits.ts';
import { packMessage, unpackMessage, type PackedMessage } from '../src/runtime/packed-message.ts';
import { Shard } from '../src/runtime/shard.ts';
import { SqliteJournal } from '../src/runtime/sqlite/journal.ts';
import {
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
} from '../src/runtime/system.ts';
import { openSale, reserve } from './sale.ts';

export interface ActorThreadData {
  readonly journal: MessagePort;
  /** Shard → its product. */
  readonly products: ReadonlyMap<number, string>;
  readonly orders: number;
  /** Number of the first customer; no other thread may come near. */
  readonly from: number;
}

export interface ActorThreadReport {
  readonly reserved: number;
  readonly elapsedMs: number;
  /** Of this thread alone. */
  readonly cpuMicros: number;
}

/** Commands in one message. */
const BATCH = 64;
const APART_MS = 2;
const DEADLINE_MS = 600_000;
/** For each product. */
const STOCK = 10_000_000;
/** The parts of the run share no customers. */
const FAR = 10_000_000;
/** Each thread compiles for itself; a sale that goes on has that behind it. */
const WARM_UP_ORDERS_MAX = 30_000;

const { journal: port, products, orders, from } = workerData as ActorThreadData;
const journal: Journal = new SqliteJournal(port);
const shards = [...products.keys()].map(
  (number) => new Shard(number, { journal, clock, timers, random }, DEFAULT_LIMITS),
);
const deadline = clock.monotonic() + DEADLINE_MS;
await Promise.all(shards.map((shard) => shard.open()));
for (const shard of shards) {
  for (const command of openSale(products.get(shard.shard)!, STOCK)) await ask(shard, command);
}
const warmUpOrders = Math.min(WARM_UP_ORDERS_MAX, orders);
await rush(purchases(from, warmUpOrders));
const measured = purchases(from + FAR, orders);
parentPort!.on('message', () => void rush(measured).then((report) => parentPort!.postMessage(report)));
parentPort!.postMessage('ready');

/**
 * Of distinct customers, for each shard its part, as messages that another thread would have sent: outside of the heap, where
 * they would only give the garbage collector work that no node has.
 */
function purchases(first: number, count: number): Buffer[][] {
  const messages = Math.ceil(count / shards.length / BATCH);
  return shards.map(({ shard }, at) =>
    Array.from({ length: messages }, (_, message) => {
      const from = first + (at * messages + message) * BATCH;
      const commands = Array.from({ length: BATCH }, (_, number): CommandEnvelope => {
        return { id: number, shard, timeLeftMs: 0, command: reserve(products.get(shard)!, from + number) };
      });
      return serialize(packMessage({ from: 0, commands, replies: [] }));
    }),
  );
}

async function rush(messages: readonly Buffer[][]): Promise<ActorThreadReport> {
  const startedAt = performance.now();
  const before = process.threadCpuUsage();
  const reserved = await Promise.all(shards.map((shard, at) => rushShard(shard, messages[at]!)));
  const { user, system } = process.threadCpuUsage(before);
  return {
    reserved: reserved.reduce((sum, count) => sum + count, 0),
    cpuMicros: user + system,
    elapsedMs: performance.now() - startedAt,
  };
}

/** @returns how many were accepted */
function rushShard(shard: Shard, messages: readonly Buffer[]): Promise<number> {
  let next = 0;
  let answered = 0;
  let reserved = 0;
  return new Promise((resolve) => {
    const answer = ({ outcome }: ShardReply): void => {
      if (outcome === 'reserved') reserved++;
      if (++answered === messages.length * BATCH) resolve(reserved);
      else if (answered % BATCH === 0) receive();
    };
    const receive = (): void => {
      const message = messages[next++];
      if (message === undefined) return;
      const { commands } = unpackMessage(deserialize(message) as PackedMessage);
      for (const { command } of commands) shard.offer({ command, deadline, answer });
    };
    // Two messages, apart: while the append of the one is under way the other gathers, as in a rush that does not let up.
    receive();
    timers.after(APART_MS, receive);
  });
}

function ask(shard: Shard, command: Command): Promise<ShardReply> {
  return new Promise((resolve) => shard.offer({ command, deadline, answer: resolve }));
}
