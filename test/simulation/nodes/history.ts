// What clients were told, held against the journal: every answer must be true as of some moment between its question and
// itself, refusals and readings as well as acceptances. A reading of an owner that was passed over is none.

import { isDeepStrictEqual } from 'node:util';
import type { Command, Event, Reply } from '../../../src/actors/index.ts';
import { ShardState } from '../../../src/runtime/shard-state.ts';
import { SHARDS } from './settings.ts';
import type { SharedLog } from './servers.ts';

export interface Told {
  readonly shard: number;
  readonly command: Command;
  readonly askedAt: number;
  readonly toldAt: number;
  readonly reply: Reply;
  /** Who answered the client. */
  readonly by: string;
}

/** The hours of owners are so far from the right one at most. */
export interface Hours {
  readonly earlyMs: number;
  readonly lateMs: number;
}

const isUnclear = (reply: Reply): boolean =>
  reply.outcome === 'refused' && (reply.refusal === 'overloaded' || reply.refusal === 'outcome_unknown');

export class History {
  readonly told: Told[] = [];
  readonly #hours: Hours;

  constructor(hours: Hours) {
    this.#hours = hours;
  }

  /** @returns what is not true */
  check(log: SharedLog): string[] {
    const wrong: string[] = [];
    const bought = new Set<string>();
    for (let shard = 0; shard < SHARDS; shard++) {
      const events = [...log.events(shard)];
      for (const { event } of events) if (event.kind === 'reserved') bought.add(event.orderId);
      const told = this.told.filter((one) => one.shard === shard && !isUnclear(one.reply));
      for (const one of this.#untrue(shard, told, events)) {
        const { command, reply, askedAt, toldAt, by } = one;
        const answer = reply.outcome === 'refused' ? reply.refusal : JSON.stringify(reply);
        wrong.push(
          `${by} answered ${command.kind} of shard ${shard} with ${answer}, which was true at no time between ${askedAt} and ${toldAt}`,
        );
      }
    }
    for (const { command, reply } of this.told) {
      if (command.kind !== 'reserve' || reply.outcome !== 'refused') continue;
      if (reply.refusal !== 'outcome_unknown' && bought.has(command.orderId))
        wrong.push(`an order was refused as ${reply.refusal}, and is in the journal`);
    }
    return wrong;
  }

  #untrue(
    shard: number,
    told: readonly Told[],
    events: readonly { readonly event: Event; readonly landedAt: number }[],
  ): Told[] {
    const state = new ShardState(shard);
    const waiting = told.toSorted((one, other) => one.askedAt - other.askedAt);
    const untrue: Told[] = [];
    let open: Told[] = [];
    let next = 0;
    for (let at = 0; at <= events.length; at++) {
      const since = at === 0 ? -Infinity : events[at - 1]!.landedAt;
      const { event, landedAt: until } = events[at] ?? { event: undefined, landedAt: Infinity };
      while (next < waiting.length && waiting[next]!.askedAt <= until) open.push(waiting[next++]!);
      const still: Told[] = [];
      for (const one of open) {
        if (one.toldAt < since) untrue.push(one);
        else if (!this.#isTrue(state, one, event)) still.push(one);
      }
      open = still;
      if (event !== undefined) state.evolve(event);
    }
    return [...untrue, ...open];
  }

  #isTrue(state: ShardState, { command, reply, askedAt, toldAt }: Told, event: Event | undefined): boolean {
    const { earlyMs, lateMs } = this.#hours;
    const hours =
      reply.outcome === 'product' || reply.outcome === 'configured'
        ? [reply.product.asOf]
        : [event?.at ?? Math.max(state.at, toldAt), Math.max(state.at, askedAt - earlyMs), toldAt + lateMs];
    return hours.some((now) => {
      const decision = state.decide(command, now);
      if (decision.event !== undefined && !isSame(decision.event, event)) return false;
      return isSame(withoutReplay(decision.reply), withoutReplay(reply));
    });
  }
}

/** To whoever repeats a command it makes no difference which copy was accepted. */
function withoutReplay(reply: Reply): object {
  return reply.outcome === 'reserved' ? { ...reply, replayed: false } : reply;
}

/** An event of the journal has no more fields than one that is decided; it may miss some that the journal does not need. */
function isSame(one: object, other: object | undefined): boolean {
  return isDeepStrictEqual(one, other);
}
