import { expect, test } from 'vitest';
import { placementOf, planOf, shardOfProduct, type Home, type Placement } from '../../src/runtime/index.ts';
import { cluster, rulesOf } from './placement-rules.ts';

const a: Home = { node: 'a', worker: 0 };
const b: Home = { node: 'b', worker: 0 };

test('a plan lists what moves, by shard, also between workers, from nobody and to nobody', () => {
  const from: Placement = [a, a, a, undefined, a, undefined];
  const to: Placement = [a, b, { node: 'a', worker: 1 }, b, undefined, undefined];
  const alone = { product: undefined, neighbours: [], moreNeighbours: 0 };
  expect(planOf(from, to)).toEqual([
    { shard: 1, from: a, to: b, ...alone },
    { shard: 2, from: a, to: { node: 'a', worker: 1 }, ...alone },
    { shard: 3, from: undefined, to: b, ...alone },
    { shard: 4, from: a, to: undefined, ...alone },
  ]);
});

test('a plan between equal placements is empty, also when a pin is new', () => {
  expect(planOf([a, b], [{ ...a }, { ...b, product: 'x' }])).toEqual([]);
});

test('a plan names the pinned product, and so many of those that move along', () => {
  const facts = cluster(8, { a: 1, b: 1 });
  const shard = shardOfProduct('x', 8);
  const neighbours = Array.from({ length: 22 }, (_, index) => `n${String(index).padStart(2, '0')}`);
  const products = new Map([[shard, ['x', ...neighbours.toReversed()]]]);
  const before = placementOf(rulesOf({ nodes: { a: 1 } }), facts);
  const after = placementOf(rulesOf({ nodes: { a: 1 }, pins: [{ product: 'x', node: 'b' }] }), facts);
  expect(planOf(before, after, products)).toEqual([
    {
      shard,
      from: a,
      to: { ...b, product: 'x' },
      product: 'x',
      neighbours: neighbours.slice(0, 20),
      moreNeighbours: 2,
    },
  ]);
});

test('placements of different numbers of shards are a bug', () => {
  expect(() => planOf([a], [a, a])).toThrow('the number of shards is fixed');
});
