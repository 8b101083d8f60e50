// What a thread knows of campaigns' doors: who is let in, what waits for nothing, and what is never guessed.

import { describe, expect, test } from 'vitest';
import { customerKeyOf, type Command, type Reply } from '../../src/actors/index.ts';
import { Doors, DOORS_LIMITS, Problem, switchedRisk, type Passage } from '../../src/http/index.ts';
import {
  OPEN_CAMPAIGN_GATE,
  type CampaignGate,
  type Door,
  type DoorsTold,
  type Whereabouts,
} from '../../src/persistence/index.ts';
import type { PaymentQuestion, RiskControl } from '../../src/risk/index.ts';
import { customerKeys } from '../harness/customer-list.ts';

const NOW = Date.UTC(2031, 4, 1, 12);
const HOUR_MS = 3_600_000;
/** As the catalogue makes them. */
const KETTLE = 'ember-kettle-0123456789';
const OTHER = 'other-kettle-abcdefghjk';

const DOOR: Door = {
  campaignId: 'c1',
  slug: 'may-days',
  title: 'May days',
  status: 'published',
  startsAt: NOW - HOUR_MS,
  endsAt: NOW + HOUR_MS,
  entry: { kind: 'everyone' },
  gate: OPEN_CAMPAIGN_GATE,
  keys: undefined,
  productIds: [KETTLE],
  stamp: '1',
};

const visitor = (
  customerId: string,
  claims: Readonly<Record<string, unknown>> = {},
  invitedTo: readonly string[] = [],
) => ({
  customerId,
  customerKey: customerKeyOf(customerId),
  expiresAt: NOW + HOUR_MS,
  claims,
  invitedTo,
});

const ADA = visitor('ada');

interface Sides {
  /** Of the engine. */
  readonly products?: readonly string[];
  readonly refusal?: 'overloaded' | 'outcome_unknown';
  readonly find?: (productId: string) => Promise<Whereabouts>;
}

class World {
  readonly doors: Doors;
  readonly asked: string[] = [];
  readonly found: string[] = [];

  constructor({ products = [KETTLE, OTHER], refusal, find = () => Promise.resolve('outside') }: Sides = {}) {
    const known = new Set(products);
    const request = (command: Command): Promise<Reply> => {
      const { productId } = command as { productId: string };
      this.asked.push(productId);
      if (refusal !== undefined) return Promise.resolve({ outcome: 'refused', refusal } as Reply);
      if (!known.has(productId))
        return Promise.resolve({ outcome: 'refused', refusal: 'not_found' } as Reply);
      return Promise.resolve({ outcome: 'product', product: {} } as Reply);
    };
    this.doors = new Doors({
      engine: { request },
      clock: { now: () => NOW, monotonic: () => NOW },
      find: (productId) => {
        this.found.push(productId);
        return find(productId);
      },
    });
  }

  /** Whether the answer is there at once or later. */
  async asks(productId: string, visitor: typeof ADA | undefined): Promise<boolean> {
    return this.doors.openFor(productId, visitor);
  }

  take(...doors: Door[]): Doors {
    this.doors.take(told({ doors }));
    return this.doors;
  }
}

const told = (changes: Partial<DoorsTold>): DoorsTold => ({
  isWhole: false,
  doors: [],
  gone: [],
  isComplete: true,
  ...changes,
});

const knowing = (...doors: Door[]): Doors => new World().take(...doors);

async function problemOf(asked: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof asked === 'function' ? asked() : asked);
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
  throw new Error('it was answered');
}

describe('who may enter', () => {
  test('a campaign for everyone is open to all, also to those who are not signed in', () => {
    const doors = knowing(DOOR);
    expect(doors.openFor(KETTLE, undefined)).toBe(true);
    expect(doors.openFor(KETTLE, ADA)).toBe(true);
    expect(doors.bySlug('may-days', undefined)).toBe(DOOR);
  });

  test('a list lets in those on it, and nobody else', () => {
    const doors = knowing({ ...DOOR, entry: { kind: 'list' }, keys: customerKeys(['ada', 'bob']) });
    expect(doors.openFor(KETTLE, ADA)).toBe(true);
    expect(doors.openFor(KETTLE, visitor('eve'))).toBe(false);
    expect(doors.openFor(KETTLE, undefined)).toBe(false);
    expect(doors.bySlug('may-days', visitor('eve'))).toBeUndefined();
  });

  test('without a list, and with an empty one, nobody enters', () => {
    expect(knowing({ ...DOOR, entry: { kind: 'list' } }).openFor(KETTLE, ADA)).toBe(false);
    const empty = { ...DOOR, entry: { kind: 'list' }, keys: customerKeys([]) } as const;
    expect(knowing(empty).openFor(KETTLE, ADA)).toBe(false);
  });

  test.each<[string, unknown, boolean]>([
    ['the value', 'gold', true],
    ['another', 'silver', false],
    ['an array that has it', ['silver', 'gold'], true],
    ['an array that has it not', ['silver', ['gold']], false],
    ['a part of it', 'gold ', false],
    ['an object', { gold: true }, false],
    ['nothing', undefined, false],
    ['null', null, false],
  ])('a claim that is %s', (_, claimed, isIn) => {
    const doors = knowing({ ...DOOR, entry: { kind: 'claim', name: 'tier', value: 'gold' } });
    expect(doors.openFor(KETTLE, visitor('ada', { tier: claimed }))).toBe(isIn);
    expect(doors.openFor(KETTLE, undefined)).toBe(false);
  });

  test.each<[string, unknown]>([
    ['7', 7],
    ['true', true],
    ['7', [8, 7]],
    ['0.5', 0.5],
  ])('a claim is %s as the number or boolean that it is', (value, claimed) => {
    const doors = knowing({ ...DOOR, entry: { kind: 'claim', name: 'tier', value } });
    expect(doors.openFor(KETTLE, visitor('ada', { tier: claimed }))).toBe(true);
  });

  test('what every object has is no claim', () => {
    for (const name of ['constructor', '__proto__', 'toString']) {
      const entry = { kind: 'claim', name, value: String({}.constructor) } as const;
      expect(knowing({ ...DOOR, entry }).openFor(KETTLE, ADA)).toBe(false);
    }
  });

  test('an invitation lets in whoever brought it to this campaign', () => {
    const doors = knowing({ ...DOOR, entry: { kind: 'invitation' } });
    expect(doors.openFor(KETTLE, visitor('ada', {}, ['c1']))).toBe(true);
    expect(doors.openFor(KETTLE, visitor('ada', {}, ['c2']))).toBe(false);
    expect(doors.openFor(KETTLE, undefined)).toBe(false);
  });
});

describe('what is shown', () => {
  test('what can be bought or will be, the first to open first, and only to those who may enter', () => {
    const list = { entry: { kind: 'list' }, keys: customerKeys(['ada']) } as const;
    const of = (campaignId: string, changes: Partial<Door>): Door => ({
      ...DOOR,
      campaignId,
      slug: campaignId,
      productIds: [],
      ...changes,
    });
    const doors = knowing(
      of('later', { startsAt: NOW + 1 }),
      of('now', {}),
      of('paused', { status: 'paused', startsAt: NOW }),
      of('cancelled', { status: 'cancelled' }),
      of('ended', { endsAt: NOW }),
      of('hers', { ...list, startsAt: NOW + 2 }),
    );
    const slugs = (who: typeof ADA | undefined): string[] => doors.openTo(who).map(({ slug }) => slug);
    expect(slugs(ADA)).toEqual(['now', 'paused', 'later', 'hers']);
    expect(slugs(undefined)).toEqual(['now', 'paused', 'later']);
    for (const slug of ['cancelled', 'ended']) expect(doors.bySlug(slug, undefined)?.slug).toBe(slug);
  });

  test('a change takes the place of what was told before, and listeners hear of it', () => {
    const world = new World();
    const doors = world.take(DOOR, { ...DOOR, campaignId: 'c2', slug: 'june', productIds: [OTHER] });
    let heard = 0;
    const stop = doors.onChange(() => heard++);
    // The two change names, and the kettle leaves.
    doors.take(
      told({
        doors: [
          { ...DOOR, slug: 'june', productIds: [] },
          { ...DOOR, campaignId: 'c2', slug: 'may-days', productIds: [OTHER] },
        ],
      }),
    );
    expect(doors.bySlug('june', undefined)?.campaignId).toBe('c1');
    expect(doors.bySlug('may-days', undefined)?.campaignId).toBe('c2');
    expect(doors.campaignOf(KETTLE)).toBeUndefined();
    doors.take(told({ gone: ['c2'] }));
    expect(doors.campaignOf(OTHER)).toBeUndefined();
    expect(doors.bySlug('may-days', undefined)).toBeUndefined();
    doors.take(told({ isWhole: true, doors: [DOOR] }));
    expect(doors.bySlug('june', undefined)).toBeUndefined();
    expect(doors.campaignOf(KETTLE)).toBe(DOOR);
    expect(heard).toBe(3);
    stop();
    doors.take(told({}));
    expect(heard).toBe(3);
  });
});

describe('what a thread does not know', () => {
  test('a product that the catalogue cannot have named is in no campaign, and nobody is asked', () => {
    const world = new World();
    for (const id of ['ember-kettle', 'sku-0123456789x', 'x0123456789', 'kettle-012345678i'])
      expect(world.take().openFor(id, undefined)).toBe(true);
    expect(world.asked).toEqual([]);
  });

  test('one that is in no campaign is asked for once, and then waits for nothing', async () => {
    const world = new World();
    const both = [world.asks(KETTLE, ADA), world.asks(KETTLE, undefined)];
    expect(await Promise.all(both)).toEqual([true, true]);
    expect(world.doors.openFor(KETTLE, undefined)).toBe(true);
    expect(world.asked).toEqual([KETTLE]);
    expect(world.found).toEqual([KETTLE]);
  });

  test('what the engine does not have costs Postgres nothing, and is asked for again', async () => {
    const world = new World({ products: [] });
    expect(await world.doors.passage(KETTLE, ADA)).toBe('nowhere' satisfies Passage);
    expect(await world.doors.openFor(KETTLE, ADA)).toBe(false);
    expect(world.found).toEqual([]);
    expect(world.asked).toEqual([KETTLE, KETTLE]);
  });

  test('one that another node has published is behind its door before anybody is let in', async () => {
    const world: World = new World({
      find: () => {
        world.take({ ...DOOR, entry: { kind: 'list' }, keys: customerKeys(['ada']) });
        return Promise.resolve('behind_door');
      },
    });
    const both = [world.asks(KETTLE, ADA), world.asks(KETTLE, visitor('eve'))];
    expect(await Promise.all(both)).toEqual([true, false]);
    expect(world.doors.openFor(KETTLE, visitor('eve'))).toBe(false);
  });

  test('one of a campaign without a door is closed to all, and open again with it', async () => {
    const world = new World({ find: () => Promise.resolve('closed') });
    expect(await world.doors.passage(KETTLE, ADA)).toBe('closed');
    expect(await world.doors.openFor(KETTLE, undefined)).toBe(false);
    world.take(DOOR);
    expect(world.doors.openFor(KETTLE, undefined)).toBe(true);
  });

  test('nobody is let in while nobody can say, and it is asked again', async () => {
    let isAway = true;
    const world = new World({
      find: () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve('outside')),
    });
    expect(await problemOf(world.asks(KETTLE, ADA))).toBe('unavailable');
    isAway = false;
    expect(await world.doors.openFor(KETTLE, ADA)).toBe(true);
  });

  test('a door that is gone before anybody passed lets nobody in', async () => {
    const world = new World({ find: () => Promise.resolve('behind_door') });
    expect(await problemOf(world.asks(KETTLE, ADA))).toBe('unavailable');
  });

  test.each(['overloaded', 'outcome_unknown'] as const)(
    'an engine that is %s is not overruled',
    async (refusal) => {
      const world = new World({ refusal });
      expect(await problemOf(world.asks(KETTLE, ADA))).toBe(refusal);
      expect(world.found).toEqual([]);
    },
  );

  test('a slug is nobody’s only when all doors are known', async () => {
    const world = new World();
    const { doors } = world;
    expect(await problemOf(() => doors.bySlug('may-days', ADA))).toBe('unavailable');
    doors.take(told({ doors: [DOOR], isComplete: false }));
    expect(doors.bySlug('may-days', ADA)).toBe(DOOR);
    expect(await problemOf(() => doors.bySlug('june', ADA))).toBe('unavailable');
    doors.take(told({}));
    expect(doors.bySlug('june', ADA)).toBeUndefined();
  });

  test('until then a closed door says what an address says where nothing is', async () => {
    const hidden: Door = { ...DOOR, slug: 'hers', entry: { kind: 'list' }, keys: customerKeys(['hedy']) };
    const { doors } = new World();
    doors.take(told({ doors: [hidden], isComplete: false }));
    for (const who of [ADA, undefined]) {
      for (const slug of ['hers', 'june'])
        expect(await problemOf(() => doors.bySlug(slug, who))).toBe('unavailable');
    }
    expect(doors.bySlug('hers', visitor('hedy'))).toBe(hidden);
    doors.take(told({}));
    for (const slug of ['hers', 'june']) expect(doors.bySlug(slug, ADA)).toBeUndefined();
  });

  test('an address that went to another campaign stays with it, however late the first one is told of', () => {
    const doors = knowing(DOOR);
    doors.take(told({ doors: [{ ...DOOR, campaignId: 'c2', productIds: [OTHER] }] }));
    doors.take(told({ doors: [{ ...DOOR, slug: 'june' }] }));
    expect(doors.bySlug('may-days', ADA)?.campaignId).toBe('c2');
    expect(doors.bySlug('june', ADA)?.campaignId).toBe('c1');
  });

  test('questions are bounded', async () => {
    const { promise: never } = Promise.withResolvers<Whereabouts>();
    const { questionsMax } = DOORS_LIMITS;
    const ids = Array.from({ length: questionsMax + 1 }, (_, n) => `made-up-${String(n).padStart(10, '0')}`);
    const world = new World({ products: ids, find: () => never });
    for (const id of ids.slice(0, questionsMax)) void world.doors.openFor(id, ADA);
    expect(await problemOf(world.asks(ids.at(-1)!, ADA))).toBe('overloaded');
  });

  test('so is the memory of products in no campaign: the oldest is asked for again', async () => {
    const { outsideMax } = DOORS_LIMITS;
    const ids = Array.from({ length: outsideMax + 1 }, (_, n) => `made-up-${String(n).padStart(10, '0')}`);
    const world = new World({ products: ids });
    for (const id of ids) await world.doors.openFor(id, ADA);
    expect(world.doors.openFor(ids.at(-1)!, ADA)).toBe(true);
    expect(world.doors.openFor(ids[0]!, ADA)).toBeInstanceOf(Promise);
  });
});

test('a node without a catalogue asks nobody about names that the catalogue could have made', async () => {
  const doors = Doors.none({
    engine: { request: () => Promise.resolve({ outcome: 'product', product: {} } as Reply) },
    clock: { now: () => NOW, monotonic: () => NOW },
  });
  expect(await doors.openFor(KETTLE, ADA)).toBe(true);
  expect(doors.bySlug('may-days', ADA)).toBeUndefined();
});

test('a campaign switches rate limits and risk control for its own products; what is in none has both', async () => {
  const asked: string[] = [];
  const control: RiskControl = {
    judge: ({ productId }) => Promise.resolve({ outcome: asked.push(productId) > 0 ? 'deny' : 'allow' }),
  };
  const outcomeOf = async (gate: Partial<CampaignGate>, productId: string): Promise<unknown> => {
    const doors = knowing({ ...DOOR, gate: { ...OPEN_CAMPAIGN_GATE, ...gate } });
    const { outcome } = await switchedRisk(control, doors).judge({ productId } as PaymentQuestion);
    return [outcome, doors.isLimited(productId)];
  };
  expect(await outcomeOf({}, KETTLE)).toEqual(['deny', true]);
  expect(await outcomeOf({ risk: false }, KETTLE)).toEqual(['allow', true]);
  expect(await outcomeOf({ limits: false }, KETTLE)).toEqual(['deny', false]);
  expect(await outcomeOf({ risk: false, limits: false }, 'in-no-campaign')).toEqual(['deny', true]);
  expect(asked).toEqual([KETTLE, KETTLE, 'in-no-campaign']);
});
