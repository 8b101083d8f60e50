// The shop's time on a machine whose own clock is wrong, jumps, or slept.

import { describe, expect, test } from 'vitest';
import { createClient } from '../../src/client/index.ts';
import { SimulatedWorld } from './simulated-world.ts';

const SHOP_MS = Date.UTC(2026, 10, 29, 12);
const HOUR_MS = 3_600_000;

/** A machine with its clocks, and a shop so far away that each answer takes `tripMs` there and as long back. */
class Machine {
  readonly world = new SimulatedWorld();
  wrongByMs = HOUR_MS;
  /** How long each call takes there and back, in turn. */
  tripsMs: [there: number, back: number][] = [];
  isReachable = true;
  asked = 0;
  readonly client = createClient({
    baseUrl: 'http://shop.test',
    now: () => SHOP_MS + this.world.nowMs + this.wrongByMs,
    random: () => 0,
    ports: {
      monotonicMs: () => this.world.nowMs,
      after: (ms, act) => this.world.after(ms, act),
      fetch: async () => {
        this.asked++;
        const [there, back] = this.tripsMs.shift() ?? [0, 0];
        await this.#travel(there);
        if (!this.isReachable) throw new TypeError('fetch failed');
        const epochMs = SHOP_MS + this.world.nowMs;
        await this.#travel(back);
        return Response.json({ now: '', epochMs });
      },
    },
  });

  get errorMs(): number {
    return this.client.clock.now() - (SHOP_MS + this.world.nowMs);
  }

  #travel(ms: number): Promise<void> {
    return new Promise((resolve) => this.world.after(ms, resolve));
  }
}

describe('the shop’s clock', () => {
  test('is the machine’s own until it was measured, and says that it does not know', () => {
    const { client, errorMs } = new Machine();
    expect(errorMs).toBe(HOUR_MS);
    expect(client.clock.uncertaintyMs).toBe(Infinity);
  });

  test('is right on a machine that is wrong by an hour', async () => {
    const machine = new Machine();
    void machine.client.clock.start();
    await machine.world.pass(10);
    expect(machine.errorMs).toBe(0);
    expect(machine.client.clock.offsetMs).toBe(-HOUR_MS);
  });

  test('counts the quickest of three answers, which is wrong by half its way at most', async () => {
    const machine = new Machine();
    machine.tripsMs = [
      [900, 100],
      [40, 0],
      [0, 700],
    ];
    void machine.client.clock.start();
    await machine.world.pass(5_000);
    expect(machine.asked).toBe(3);
    expect(machine.client.clock.uncertaintyMs).toBe(20);
    expect(Math.abs(machine.errorMs)).toBeLessThanOrEqual(20);
  });

  test('does not care when the machine’s clock is set meanwhile, and asks again', async () => {
    const machine = new Machine();
    void machine.client.clock.start();
    await machine.world.pass(1_500);
    const { asked } = machine;
    machine.wrongByMs = -24 * HOUR_MS;
    expect(machine.errorMs).toBe(0);
    await machine.world.pass(1_500);
    expect(machine.asked).toBe(asked + 3);
    expect(machine.errorMs).toBe(0);
  });

  test('tells each full second, and ends when it is stopped', async () => {
    const machine = new Machine();
    machine.world.nowMs = 250;
    const told: number[] = [];
    const leave = machine.client.clock.onSecond((now) => told.push(now - SHOP_MS));
    void machine.client.clock.start();
    await machine.world.pass(3_000);
    expect(told).toEqual([250, 1_005, 2_005, 3_005]);
    leave();
    await machine.world.pass(3_000);
    expect(told).toHaveLength(4);
    machine.client.clock.stop();
    const { asked } = machine;
    await machine.world.pass(HOUR_MS);
    expect(machine.asked).toBe(asked);
  });

  test('is asked for again, and sooner while the shop cannot be reached', async () => {
    const machine = new Machine();
    machine.isReachable = false;
    void machine.client.clock.start();
    await machine.world.pass(30_000);
    const failures = machine.asked;
    expect(failures).toBeGreaterThan(3);
    expect(failures).toBeLessThan(10);
    machine.isReachable = true;
    await machine.world.pass(11_000);
    expect(machine.errorMs).toBe(0);
    const { asked } = machine;
    await machine.world.pass(290_000);
    expect(machine.asked).toBe(asked);
    await machine.world.pass(11_000);
    expect(machine.asked).toBe(asked + 3);
  });
});
