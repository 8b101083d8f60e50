// What a node knows of doors while campaigns change, lists are slow, and Postgres comes and goes.

import { describe, expect, test } from 'vitest';
import { DOOR_KEEPER_LIMITS, DoorKeeper } from '../../src/door-keeper.ts';
import {
  OPEN_CAMPAIGN_GATE,
  type BareDoor,
  type CustomerKeys,
  type Door,
  type DoorMark,
  type DoorsTold,
} from '../../src/persistence/index.ts';
import { customerKeys } from '../harness/customer-list.ts';
import { ManualTime } from '../runtime/harness.ts';

const NOW = Date.UTC(2031, 4, 1, 12);
const KETTLE = 'ember-kettle-0123456789';

const bare = (campaignId: string, changes: Partial<BareDoor> = {}): BareDoor => ({
  campaignId,
  slug: campaignId,
  title: 'May days',
  status: 'published',
  startsAt: NOW,
  endsAt: NOW + 1,
  entry: { kind: 'everyone' },
  gate: OPEN_CAMPAIGN_GATE,
  listId: undefined,
  productIds: [],
  stamp: '1',
  ...changes,
});

const listed = (campaignId: string, listId: string, changes: Partial<BareDoor> = {}): BareDoor =>
  bare(campaignId, { entry: { kind: 'list' }, listId, ...changes });

/** Postgres, and the threads; time stands until a test lets it go. */
class World {
  rows: BareDoor[] = [];
  /** Products of drafts, and of campaigns that ended long ago. */
  readonly elsewhere = new Map<string, string>();
  readonly lists = new Map<string, CustomerKeys | 'broken' | Promise<CustomerKeys>>();
  isAway = false;
  queries = 0;
  readonly told: DoorsTold[] = [];
  readonly keeper: DoorKeeper;
  readonly warnings: string[] = [];
  readonly time = new ManualTime();

  constructor() {
    const query = <T>(answer: () => T): Promise<T> => {
      this.queries++;
      return this.isAway ? Promise.reject(new Error('away')) : Promise.resolve().then(answer);
    };
    this.keeper = new DoorKeeper({
      reads: {
        marks: (_, max) =>
          query(() =>
            this.rows
              .slice(0, max)
              .map(({ campaignId, stamp, listId }): DoorMark => ({ campaignId, stamp, listId })),
          ),
        doors: (ids) => query(() => this.rows.filter(({ campaignId }) => ids.includes(campaignId))),
        campaignOf: (productId) =>
          query(
            () =>
              this.rows.find(({ productIds }) => productIds.includes(productId))?.campaignId ??
              this.elsewhere.get(productId),
          ),
      },
      lists: {
        load: async (listId) => {
          const keys = await this.lists.get(listId);
          if (keys === 'broken') throw new Error('broken');
          return keys;
        },
      },
      tell: (told) => this.told.push(told),
      clock: this.time,
      timers: this.time,
      logger: { warn: (_: unknown, message: string) => void this.warnings.push(message) } as never,
    });
  }

  /** What the threads know by now. */
  get known(): Door[] {
    const doors = new Map<string, Door>();
    for (const { gone, doors: changed } of this.told) {
      for (const campaignId of gone) doors.delete(campaignId);
      for (const door of changed) doors.set(door.campaignId, door);
    }
    return [...doors.values()];
  }

  get isComplete(): boolean {
    return this.told.at(-1)?.isComplete ?? false;
  }

  pass(ms: number): Promise<void> {
    return this.time.pass(ms);
  }
}

const slugs = (doors: readonly Door[]): string[] => doors.map(({ slug }) => slug);

async function started(...rows: BareDoor[]): Promise<World> {
  const world = new World();
  world.rows = rows;
  await world.keeper.start();
  return world;
}

describe('changes', () => {
  test('the first look tells all, a thread that comes later hears the same, and rest tells nothing', async () => {
    const world = await started(bare('a'), bare('b'));
    expect(slugs(world.known)).toEqual(['a', 'b']);
    expect(world.isComplete).toBe(true);
    expect(world.keeper.whole()).toEqual({ isWhole: true, doors: world.known, gone: [], isComplete: true });
    await world.pass(5_000);
    expect(world.told).toHaveLength(1);
    await world.keeper.stop();
  });

  test('within a second a change is told, and only that', async () => {
    const world = await started(bare('a'), bare('b'));
    world.rows = [bare('b', { stamp: '2', title: 'June days' }), bare('c')];
    await world.pass(DOOR_KEEPER_LIMITS.periodMs);
    expect(world.told.at(-1)).toMatchObject({ gone: ['a'], doors: [{ title: 'June days' }, { slug: 'c' }] });
    await world.keeper.stop();
  });

  test('whoever saved has it looked at, and a look that began before is not enough', async () => {
    const world = await started(bare('a'));
    const before = world.keeper.look();
    await Promise.resolve();
    world.rows = [bare('a', { stamp: '2' })];
    await Promise.all([before, world.keeper.look()]);
    expect(world.known[0]?.stamp).toBe('2');
    await world.keeper.stop();
  });

  test('many who ask at once cost one look', async () => {
    const world = await started(bare('a'));
    const before = world.queries;
    await Promise.all(Array.from({ length: 50 }, () => world.keeper.look()));
    expect(world.queries - before).toBeLessThanOrEqual(4);
    await world.keeper.stop();
  });
});

describe('lists', () => {
  test('are there before the door is told, at the start as well', async () => {
    const world = new World();
    const keys = customerKeys(['ada'], 'l1');
    world.rows = [listed('a', 'l1'), bare('b')];
    world.lists.set('l1', Promise.resolve(keys));
    await world.keeper.start();
    expect(world.known.find(({ slug }) => slug === 'a')?.keys).toBe(keys);
    expect(world.isComplete).toBe(true);
    await world.keeper.stop();
  });

  test('a campaign without one is told: nobody enters', async () => {
    const world = await started(bare('a', { entry: { kind: 'list' } }));
    expect(world.known).toMatchObject([{ slug: 'a', keys: undefined }]);
    await world.keeper.stop();
  });

  test('a new one takes the place of the old one in one step, which counts until then', async () => {
    const world = new World();
    world.rows = [listed('a', 'l1')];
    world.lists.set('l1', customerKeys(['ada'], 'l1'));
    await world.keeper.start();
    const { promise, resolve } = Promise.withResolvers<CustomerKeys>();
    world.lists.set('l2', promise);
    world.rows = [listed('a', 'l2')];
    await world.pass(DOOR_KEEPER_LIMITS.periodMs);
    expect(world.known[0]?.keys?.listId).toBe('l1');
    resolve(customerKeys(['bob'], 'l2'));
    await world.pass(1);
    expect(world.known[0]?.keys?.listId).toBe('l2');
    expect(world.told.at(-1)?.gone).toEqual([]);
    await world.keeper.stop();
  });

  test('one that takes too long closes its campaign, and no other, until it is there', async () => {
    const world = new World();
    world.rows = [bare('a', { productIds: [KETTLE] }), bare('b')];
    await world.keeper.start();
    const { promise, resolve } = Promise.withResolvers<CustomerKeys>();
    world.lists.set('l2', promise);
    world.rows = [listed('a', 'l2', { stamp: '2', productIds: [KETTLE] }), bare('b')];
    await world.pass(DOOR_KEEPER_LIMITS.periodMs);
    expect(slugs(world.known)).toEqual(['a', 'b']);
    await world.pass(DOOR_KEEPER_LIMITS.listMsMax);
    expect(slugs(world.known)).toEqual(['b']);
    expect(world.isComplete).toBe(false);
    const asked = world.keeper.whereIs(KETTLE);
    resolve(customerKeys(['ada'], 'l2'));
    await world.pass(1);
    expect(slugs(world.known)).toEqual(['b', 'a']);
    expect(world.isComplete).toBe(true);
    expect(await asked).toBe('behind_door');
    await world.keeper.stop();
  });

  test('further ones do not buy the one that is over more time', async () => {
    const world = await started(bare('a'));
    const { promise: never } = Promise.withResolvers<CustomerKeys>();
    for (let number = 1; number <= 6; number++) {
      world.lists.set(`l${number}`, never);
      world.rows = [listed('a', `l${number}`, { stamp: String(number) })];
      await world.pass(DOOR_KEEPER_LIMITS.listMsMax / 2);
    }
    expect(world.known).toEqual([]);
  });

  test('one that cannot be read closes its campaign at once, and is read again', async () => {
    const world = new World();
    world.rows = [bare('a')];
    await world.keeper.start();
    world.lists.set('l2', 'broken');
    world.rows = [listed('a', 'l2', { stamp: '2', productIds: [KETTLE] })];
    await world.pass(DOOR_KEEPER_LIMITS.periodMs);
    expect(world.known).toEqual([]);
    expect(world.isComplete).toBe(false);
    expect(world.warnings).toHaveLength(1);
    await expect(world.keeper.whereIs(KETTLE)).rejects.toThrow('cannot be read just now');
    world.lists.set('l2', customerKeys(['ada'], 'l2'));
    await world.pass(DOOR_KEEPER_LIMITS.periodMs);
    expect(world.known[0]?.keys?.listId).toBe('l2');
    expect(world.isComplete).toBe(true);
    await world.keeper.stop();
  });

  test('one of which some is missing lets nobody in, and is told of', async () => {
    const world = new World();
    world.rows = [listed('a', 'l1')];
    await world.keeper.start();
    await world.pass(DOOR_KEEPER_LIMITS.listMsMax);
    expect(world.known).toEqual([]);
    expect(world.isComplete).toBe(false);
    expect(world.warnings).toHaveLength(1);
    await world.keeper.stop();
  });

  test('are bounded together: the one too many lets nobody in, and the others stay', async () => {
    const world = new World();
    const bytes = { byteLength: DOOR_KEEPER_LIMITS.listBytesMax / 2 } as SharedArrayBuffer;
    for (const listId of ['l1', 'l2', 'l3']) world.lists.set(listId, { listId, customers: 1, bytes });
    world.rows = [listed('a', 'l1'), listed('b', 'l2')];
    await world.keeper.start();
    world.rows = [...world.rows, listed('c', 'l3')];
    await world.pass(DOOR_KEEPER_LIMITS.periodMs);
    expect(slugs(world.known)).toEqual(['a', 'b']);
    expect(world.isComplete).toBe(false);
    expect(world.warnings).toHaveLength(1);
    world.rows = world.rows.slice(1);
    await world.pass(2 * DOOR_KEEPER_LIMITS.periodMs);
    expect(slugs(world.known)).toEqual(['b', 'c']);
    await world.keeper.stop();
  });

  test('one that Postgres goes away from closes its campaign, though nobody can look any more', async () => {
    const world = await started(bare('a'));
    const { promise: never } = Promise.withResolvers<CustomerKeys>();
    world.lists.set('l2', never);
    world.rows = [listed('a', 'l2', { stamp: '2' })];
    await world.pass(DOOR_KEEPER_LIMITS.periodMs);
    world.isAway = true;
    await world.pass(DOOR_KEEPER_LIMITS.listMsMax);
    expect(world.known).toEqual([]);
  });

  test('the door of a campaign that no longer asks for one needs none', async () => {
    const world = new World();
    world.rows = [bare('a')];
    await world.keeper.start();
    world.lists.set('l2', 'broken');
    world.rows = [listed('a', 'l2', { stamp: '2' })];
    await world.pass(DOOR_KEEPER_LIMITS.periodMs);
    world.rows = [bare('a', { stamp: '3' })];
    await world.pass(DOOR_KEEPER_LIMITS.periodMs + DOOR_KEEPER_LIMITS.listMsMax);
    expect(world.known).toMatchObject([{ stamp: '3', entry: { kind: 'everyone' } }]);
    expect(world.isComplete).toBe(true);
    await world.keeper.stop();
  });
});

describe('where a product stands', () => {
  test('in no campaign is told once and for good, also while Postgres is away', async () => {
    const world = await started(bare('a'));
    expect(await world.keeper.whereIs(KETTLE)).toBe('outside');
    world.isAway = true;
    expect(await world.keeper.whereIs(KETTLE)).toBe('outside');
    await expect(world.keeper.whereIs('other')).rejects.toThrow('away');
    await world.keeper.stop();
  });

  test('one that was published a moment ago is found before the second is over, and its door told first', async () => {
    const world = await started(bare('a'));
    world.rows = [bare('a'), bare('b', { productIds: [KETTLE] })];
    expect(await world.keeper.whereIs(KETTLE)).toBe('behind_door');
    expect(slugs(world.known)).toEqual(['a', 'b']);
    await world.keeper.stop();
  });

  test('the first who want it wait for its list', async () => {
    const world = await started();
    const { promise, resolve } = Promise.withResolvers<CustomerKeys>();
    world.lists.set('l1', promise);
    world.rows = [listed('a', 'l1', { productIds: [KETTLE] })];
    const asked = world.keeper.whereIs(KETTLE);
    await world.pass(1);
    expect(world.known).toEqual([]);
    resolve(customerKeys(['ada'], 'l1'));
    expect(await asked).toBe('behind_door');
    expect(slugs(world.known)).toEqual(['a']);
    await world.keeper.stop();
  });

  test('one of a draft, or of a campaign that ended long ago, is closed', async () => {
    const world = await started();
    world.elsewhere.set(KETTLE, 'draft');
    expect(await world.keeper.whereIs(KETTLE)).toBe('closed');
    await world.keeper.stop();
  });
});

describe('while Postgres is away', () => {
  test('what was known last counts, it is said once, and everything is caught up with afterwards', async () => {
    const world = await started(bare('a'));
    world.isAway = true;
    world.rows = [];
    await world.pass(10_000);
    expect(slugs(world.known)).toEqual(['a']);
    expect(world.warnings).toHaveLength(1);
    world.isAway = false;
    await world.pass(DOOR_KEEPER_LIMITS.periodMs);
    expect(world.known).toEqual([]);
    await world.keeper.stop();
  });

  test('a node that has never looked knows that it knows nothing', async () => {
    const world = new World();
    world.isAway = true;
    await world.keeper.start();
    expect(world.keeper.whole()).toMatchObject({ doors: [], isComplete: false });
    world.isAway = false;
    await world.pass(DOOR_KEEPER_LIMITS.periodMs);
    expect(world.isComplete).toBe(true);
    await world.keeper.stop();
  });
});

test('a keeper that was stopped asks and tells nothing more', async () => {
  const world = await started(bare('a'));
  await world.keeper.stop();
  const { queries } = world;
  world.rows = [];
  await world.pass(10_000);
  expect(world.queries).toBe(queries);
  expect(world.told).toHaveLength(1);
});
