// One run of a simulated cluster: from one seed, half a minute of accidents, then calm, and what was found wrong.

import { isDeepStrictEqual } from 'node:util';
import { Checker, decodeRecord, type Command, type Gate } from '../../../src/actors/index.ts';
import { memberOf } from '../../../src/runtime/address.ts';
import { applyFile, targetOf } from '../../../src/runtime/cluster/cluster-document.ts';
import { World } from '../world.ts';
import { History } from './history.ts';
import { Nodes, type Machine } from './nodes.ts';
import { SHARDS } from './settings.ts';
import { Shoppers } from './shoppers.ts';

const NAMES = ['anna', 'bert', 'carl', 'dora'];
const PRODUCTS = ['sku-0', 'sku-1', 'sku-2', 'sku-3', 'sku-4'];
const WISHES = 70;
const LOOKS = 120;
const ACCIDENTS = 14;
const BEGIN_MS = 6_000;
const ROUGH_MS = 30_000;
const CALM_MS = 30_000;
/** An hour that is off so far opens and ends sales early or late. */
const OFF_MS_MAX = 4_000;

export interface Run {
  readonly wrong: readonly string[];
  readonly nodes: Nodes;
  readonly orders: number;
  readonly answers: number;
}

/** @param trace hears what happens */
export async function simulate(seed: number, trace?: (what: string) => void): Promise<Run> {
  const world = new World(seed);
  const { dice } = world;
  const nodes = new Nodes(world);
  if (trace !== undefined) {
    nodes.trace = (what) => trace(`${(world.monotonic() % 1e6).toFixed(1)} ${what}`);
  }
  nodes.log.onClaim = (what) => {
    nodes.isTouched = true;
    nodes.trace(what);
  };
  const history = new History({ earlyMs: OFF_MS_MAX, lateMs: OFF_MS_MAX });
  const shoppers = new Shoppers(nodes, history);
  const wrong: string[] = [];
  world.afterEach = () => holdOwners(nodes, wrong);
  const workers = dice.chance(0.3) ? 2 : 1;
  for (const name of NAMES.slice(0, 3)) nodes.add(name, workers);
  if (dice.chance(0.5)) world.at(BEGIN_MS + dice.next() * ROUGH_MS, () => nodes.add(NAMES[3]!, workers));

  for (const [at, productId] of PRODUCTS.entries()) openSale(world, shoppers, productId, at === 0);
  for (let wish = 0; wish < WISHES; wish++) {
    const [productId, customerId] = [PRODUCTS[dice.below(PRODUCTS.length)]!, `shopper-${dice.below(30)}`];
    const quantity = 1 + dice.below(2);
    world.at(BEGIN_MS + dice.next() * ROUGH_MS, () =>
      shoppers.shop(productId, customerId, `key-${wish}`, quantity),
    );
    world.at(BEGIN_MS + dice.next() * ROUGH_MS, () => shoppers.find(productId, customerId, `key-${wish}`));
  }
  for (let look = 0; look < LOOKS; look++) {
    const productId = PRODUCTS[dice.below(PRODUCTS.length)]!;
    world.at(BEGIN_MS + dice.next() * (ROUGH_MS + 3_000), () => shoppers.look(productId));
  }
  for (let accident = 0; accident < ACCIDENTS; accident++)
    world.at(BEGIN_MS + dice.next() * ROUGH_MS, () => happen(nodes));
  await world.live(BEGIN_MS + ROUGH_MS);
  nodes.calm();
  await world.live(CALM_MS);
  wrong.push(...whatStands(nodes, shoppers));
  shoppers.findAll();
  await world.live(10_000);
  if (shoppers.waiting > 0) wrong.push(`${shoppers.waiting} shoppers are without an answer`);

  let orders = 0;
  try {
    orders = checkJournal(nodes, shoppers, wrong);
    wrong.push(...nodes.bucket.wrong, ...history.check(nodes.log));
  } catch (error) {
    wrong.push(`the journal cannot be followed: ${(error as Error).message}`);
  }
  return { wrong, nodes, orders, answers: history.told.length };
}

/** @returns the number of orders */
function checkJournal({ log }: Nodes, { answers }: Shoppers, wrong: string[]): number {
  wrong.push(...log.wrong);
  const checker = new Checker();
  for (const { sequence, bytes } of log.records) checker.record(sequence, decodeRecord(bytes));
  for (const answer of answers) checker.answer(answer);
  const { violations, figures } = checker.report();
  // Without Postgres no order has a row.
  for (const { invariant, what } of violations)
    if (invariant !== 3) wrong.push(`invariant ${invariant}: ${what}`);
  return figures.orders;
}

/** Half of all sales ask for it. */
const GATE: Gate = {
  ticket: true,
  work: false,
  openHoldsMax: 2,
  coolDownSeconds: 2,
  attemptsMax: 5,
  shortestHoldSeconds: 2,
};

function openSale(world: World, shoppers: Shoppers, productId: string, endsSoon: boolean): void {
  const startsAt = world.now() + BEGIN_MS;
  const configuration = {
    name: 'Kettle',
    description: '',
    startsAt,
    endsAt: startsAt + (endsSoon ? 15_000 : 600_000),
    amount: 1999,
    currency: 'EUR',
    perCustomerLimit: 3,
    holdSeconds: 5,
    gate: world.dice.chance(0.5) ? GATE : undefined,
  };
  const configure: Command = { kind: 'configure', productId, configuration, expectedRevision: undefined };
  const load: Command = { kind: 'loadStock', productId, requestId: 'first', quantity: 12 };
  shoppers.insist(
    () => configure,
    () =>
      shoppers.insist(
        () => load,
        () => undefined,
      ),
  );
}

/** One accident, of any kind. */
function happen(nodes: Nodes): void {
  const { world, network } = nodes;
  const { dice } = world;
  const machine = nodes.machines[dice.below(nodes.machines.length)]!;
  const { process } = machine;
  const kind = dice.below(11);
  nodes.trace(`accident ${kind} of ${machine.name}`);
  const upToMs = (ms: number): number => 50 + dice.next() * ms;
  switch (kind) {
    case 0:
      return nodes.kill(machine, upToMs(4_000));
    case 1:
      return process?.life.freeze(upToMs(dice.chance(0.5) ? 8_000 : 1_000));
    case 2:
      return anyOf(process?.threads?.living, dice.next())?.life.freeze(upToMs(4_000));
    case 3:
      return process?.threads?.kill(dice.below(machine.workers));
    case 4:
    case 5:
      return network.cut(machine.name, upToMs(dice.chance(0.7) ? 8_000 : 1_000));
    case 6:
      if (dice.chance(0.7)) network.elect('bucket', upToMs(6_000));
      if (dice.chance(0.5)) network.elect('journal', upToMs(4_000));
      return;
    case 7:
      return slowDown(world, machine, upToMs(4_000), upToMs(6_000));
    case 8:
      return setClock(world, machine, upToMs(8_000));
    case 9:
      return nodes.leave(machine, upToMs(3_000));
    case 10:
      return process?.change((document) => applyFile(document, placementFile(nodes), world.now()));
  }
}

function slowDown(world: World, { process }: Machine, lagMs: number, durationMs: number): void {
  if (process === undefined) return;
  process.link.lagMs = lagMs;
  world.at(durationMs, () => (process.link.lagMs = 0));
}

function setClock(world: World, { clock }: Machine, durationMs: number): void {
  const { dice } = world;
  clock.offsetMs = (dice.next() - 0.5) * (dice.chance(0.5) ? 2 * OFF_MS_MAX : 800);
  const mendedMs = (dice.next() - 0.5) * 300;
  world.at(durationMs, () => (clock.offsetMs = mendedMs));
}

function placementFile({ world: { dice } }: Nodes): string {
  const pins = Array.from({ length: SHARDS }, (_, shard) => shard)
    .filter(() => dice.chance(0.5))
    .map((shard) => ({ shards: [shard], node: anyOf(NAMES, dice.next()) }));
  return JSON.stringify({ strategy: 'rendezvous', pins });
}

const anyOf = <T>(all: readonly T[] | undefined, share: number): T | undefined =>
  all?.[Math.floor(share * all.length)];

/** Whoever may answer by itself, without an append, is the newest owner; asked at every moment at which that can change. */
function holdOwners(nodes: Nodes, wrong: string[]): void {
  if (!nodes.isTouched || wrong.length > 0) return;
  nodes.isTouched = false;
  const { world, log } = nodes;
  for (const { process } of nodes.machines) {
    for (const thread of process?.threads?.living ?? []) {
      if (thread.life.isDead) continue;
      for (const [number, shard] of thread.shards.byNumber) {
        if (shard.phase !== 'open' || !thread.holds(number)) continue;
        const { epoch } = shard.status();
        if (epoch === log.epochOf(number)) continue;
        wrong.push(
          `at ${world.monotonic()} thread ${thread.address} holds shard ${number} in epoch ${epoch}, which is in epoch ${log.epochOf(number)}`,
        );
      }
    }
  }
}

/** After the calm: every shard sells where it belongs. */
function whatStands(nodes: Nodes, shoppers: Shoppers): string[] {
  const wrong: string[] = [];
  const { document } = nodes.bucket;
  if (document === undefined) return ['there is no document'];
  if (shoppers.waiting > 0) wrong.push(`${shoppers.waiting} shoppers wait`);
  const target = targetOf(document);
  if (!isDeepStrictEqual(target, document.homes))
    wrong.push(`the shards are at ${document.homes.join()}, and belong to ${target.join()}`);
  for (const { name, process } of nodes.machines) {
    if (process?.isServing !== true) wrong.push(`${name} does not serve`);
    else if (!document.members.some(({ number }) => number === process.member))
      wrong.push(`${name} is no member`);
    else if (!document.members.find(({ number }) => number === process.member)!.takesShards)
      wrong.push(`${name} takes no shards`);
  }
  for (const [number, home] of document.homes.entries()) {
    const thread = nodes.threads.find(({ address }) => address === home);
    const phase = thread?.shards.byNumber.get(number)?.phase;
    if (phase !== 'open') wrong.push(`shard ${number} of member ${memberOf(home)} is ${phase}`);
    else if (!thread!.holds(number)) wrong.push(`shard ${number} of member ${memberOf(home)} has no lease`);
  }
  return wrong;
}
