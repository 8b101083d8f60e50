// One attack under way: its product, its attackers, the honest shoppers beside it, and what is counted.

import { setTimeout as pause } from 'node:timers/promises';
import type { Stock } from '../../src/actors/index.ts';
import { inSeconds, sign } from '../../test/http/tokens.ts';
import { AttackClient } from './client.ts';
import type { Gates, ProductGate } from './gates.ts';
import type { Ground } from './ground.ts';
import { HonestShopper, isWronged, type Shopper, type Visit } from './honest.ts';
import type { HonestFigures } from './scenario.ts';
import { Tally } from './tally.ts';

export interface SaleOptions {
  readonly units?: number;
  readonly perCustomerLimit?: number;
  readonly holdSeconds?: number;
  readonly startsInMs?: number;
  readonly gate?: Partial<ProductGate>;
}

export interface HonestOptions {
  readonly productId: string;
  /** At least so many come. */
  readonly shoppers: number;
  /** From one arrival to the next, milliseconds. */
  readonly everyMs?: number;
  /** No more than so many, however long the attack goes on. */
  readonly stopsAfter?: number;
  /** All come from there; by default each from a home of their own. */
  readonly address?: string;
  readonly buysAt?: number;
  readonly waitsForUnitsMs?: number;
}

const CONNECTIONS_OF_ATTACKERS = 256;
const CONNECTIONS_OF_HONEST = 64;
/** Each solves its challenge on the one processor of all shoppers here: more at once would wait for each other. */
const EVERY_MS = 300;
/** More than anybody wants, where units are not what is fought for. */
const UNITS = 10_000;
/** However long an attack lasts. */
const HONEST_MAX = 2_000;

export class Stage {
  readonly ground: Ground;
  readonly tally = new Tally();
  /** Of the attackers. */
  readonly client: AttackClient;
  /** 1: as the command runs it; smaller for tests. */
  readonly scale: number;
  readonly visits: Visit[] = [];
  readonly #name: string;
  readonly #honest: AttackClient;
  readonly #products: string[] = [];
  #shoppers = 0;

  constructor(ground: Ground, name: string, scale: number) {
    this.ground = ground;
    this.scale = scale;
    this.#name = name;
    this.client = new AttackClient(ground.urls, CONNECTIONS_OF_ATTACKERS);
    this.#honest = new AttackClient(ground.urls, CONNECTIONS_OF_HONEST);
  }

  get gates(): Gates {
    return this.ground.gates;
  }

  /** A number of attackers or requests, as the run's scale has it. */
  sized(full: number, least = 1): number {
    return Math.max(least, Math.round(full * this.scale));
  }

  /** A product of the scenario's own, with every gate that stands. @returns its id */
  async sale(options: SaleOptions = {}): Promise<string> {
    const id = `${this.#name}-${Date.now().toString(36)}-${this.#products.length}`;
    const startsAt = Date.now() + (options.startsInMs ?? -1_000);
    const gate = this.gates.ofProduct(options.gate);
    await this.ground.admin('PUT', `/v1/admin/products/${id}`, {
      name: `Attacked: ${this.#name}`,
      startsAt: new Date(startsAt).toISOString(),
      endsAt: new Date(startsAt + 3_600_000).toISOString(),
      price: { amount: 4_900, currency: 'EUR' },
      perCustomerLimit: options.perCustomerLimit ?? 1,
      holdSeconds: options.holdSeconds ?? 600,
      ...(Object.keys(gate).length > 0 && { gate }),
    });
    const body = { quantity: options.units ?? UNITS };
    await this.ground.admin('POST', `/v1/admin/products/${id}/stock`, body, 'attack');
    this.#products.push(id);
    return id;
  }

  stock(productId: string): Promise<Stock> {
    return this.ground.admin<Stock>('GET', `/v1/admin/products/${productId}/stock`);
  }

  /** Somebody with a good token, and a home of their own unless told otherwise. */
  shopper(kind: string, address?: string): Shopper {
    const number = ++this.#shoppers;
    const id = `${kind}-${this.#name}-${Date.now().toString(36)}-${number}`;
    return { id, token: sign({ sub: id, exp: inSeconds(3_600) }), address: address ?? home(number) };
  }

  honest(shopper: Shopper, node = 0): HonestShopper {
    return new HonestShopper(this.#honest, shopper, node);
  }

  /**
   * Honest shoppers come one after the other, as long as the attack goes on; resolves when the attack is over and everybody has
   * gone home. Whoever was turned away by a gate is a breach.
   */
  async beside(options: HonestOptions, attack: () => Promise<void>): Promise<void> {
    const { productId, shoppers, everyMs = EVERY_MS, stopsAfter = HONEST_MAX, address, buysAt } = options;
    const { waitsForUnitsMs } = options;
    const needsTicket = this.gates.has('tickets');
    const state = { isOver: false };
    const attacking = attack().finally(() => (state.isOver = true));
    const visits: Promise<Visit>[] = [];
    while (visits.length < stopsAfter && (visits.length < shoppers || !state.isOver)) {
      const honest = this.honest(this.shopper('honest', address), visits.length % this.ground.urls.length);
      visits.push(honest.visit({ productId, needsTicket, buysAt, waitsForUnitsMs }));
      await pause(everyMs);
    }
    const [ended] = await Promise.all([Promise.allSettled([attacking]), this.#gone(visits)]);
    for (const each of ended) if (each.status === 'rejected') throw each.reason;
  }

  /** What honest shoppers were told that made them wait, each time. */
  get waits(): readonly string[] {
    return this.visits.flatMap(({ waits }) => waits);
  }

  async figures(): Promise<HonestFigures> {
    const stocks = await Promise.all(this.#products.map((id) => this.stock(id)));
    const taken = stocks.reduce((sum, { sold, reserved }) => sum + sold + reserved, 0);
    const bought = this.visits.filter(({ outcome }) => outcome === 'paid').length;
    const buys = this.visits.flatMap(({ buyMs }) => (buyMs === undefined ? [] : [buyMs]));
    const wholes = this.visits.flatMap(({ outcome, wholeMs }) => (outcome === 'paid' ? [wholeMs] : []));
    return {
      shoppers: this.visits.length,
      bought,
      share: taken === 0 ? null : bought / taken,
      buyP50Ms: percentile(buys, 0.5),
      buyP99Ms: percentile(buys, 0.99),
      wholeP50Ms: percentile(wholes, 0.5),
      wholeP99Ms: percentile(wholes, 0.99),
    };
  }

  /** The sales end: a node that is attacked again does not keep them in its window. */
  close(): void {
    this.client.close();
    this.#honest.close();
  }

  async #gone(visits: readonly Promise<Visit>[]): Promise<void> {
    for (const visit of await Promise.all(visits)) {
      this.visits.push(visit);
      if (isWronged(visit)) this.tally.breach(`an honest shopper was turned away: ${visit.outcome}`);
    }
  }
}

/** An address of nobody else's: each in a /24 network of its own. */
export const home = (number: number): string => `100.${64 + ((number >> 8) & 63)}.${number & 255}.7`;

function percentile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
}
