import { describe, expect, test } from 'vitest';
import { dealOut, placeShards } from '../../src/runtime/placement.ts';
import { PlacementTable } from '../../src/runtime/placement-table.ts';
import { RestartBudget } from '../../src/runtime/restart-budget.ts';
import { ManualTime } from './harness.ts';

const countsOf = (owners: Iterable<number>): Record<number, number> =>
  Object.fromEntries([...Map.groupBy(owners, (owner) => owner)].map(([owner, of]) => [owner, of.length]));

describe('placement', () => {
  test('gives each thread as many shards as the next', () => {
    expect(countsOf(placeShards(256, 5))).toEqual({ 0: 52, 1: 51, 2: 51, 3: 51, 4: 51 });
  });

  test('spreads the shards of a dead thread evenly, and moves no others', () => {
    const table = PlacementTable.of(placeShards(16, 4));
    const before = [...table.owners];
    table.change(dealOut(table.owners, 2, [0, 1, 3]));
    expect(countsOf(table.owners)).toEqual({ 0: 6, 1: 5, 3: 5 });
    for (const [shard, owner] of before.entries()) if (owner !== 2) expect(table.owners[shard]).toBe(owner);
  });

  test('prefers those that have fewer, such as the successor of a thread that died before', () => {
    const table = PlacementTable.of(placeShards(12, 3));
    table.change(dealOut(table.owners, 2, [0, 1]));
    table.change(dealOut(table.owners, 1, [0, 2]));
    expect(countsOf(table.owners)).toEqual({ 0: 6, 2: 6 });
  });

  test('leaves everything to the successor when nobody else lives', () => {
    expect(dealOut(placeShards(8, 1), 0, [])).toEqual(new Map());
  });

  test('is seen by every thread that shares the table', () => {
    const table = PlacementTable.of(placeShards(4, 2));
    const other = new PlacementTable(table.shared);
    table.change(new Map([[1, 0]]));
    expect([...other.owners]).toEqual([0, 0, 0, 1]);
  });
});

test('a restart budget allows so many starts within its period, and more when it has passed', async () => {
  const time = new ManualTime();
  const budget = new RestartBudget(time, 2, 60_000);
  expect([budget.take(), budget.take(), budget.take()]).toEqual([true, true, false]);
  await time.pass(59_999);
  expect(budget.take()).toBe(false);
  await time.pass(1);
  expect([budget.take(), budget.take(), budget.take()]).toEqual([true, true, false]);
});
