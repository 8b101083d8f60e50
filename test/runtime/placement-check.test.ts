import { expect, test } from 'vitest';
import { checkPlacement, parsePlacementFile, shardOfProduct } from '../../src/runtime/index.ts';
import { cluster } from './placement-rules.ts';

const facts = cluster(16, { a: 2, b: 1 });
const X = shardOfProduct('x', 16);
/** Another product of that shard. */
const Y = Array.from({ length: 1_000 }, (_, index) => `y${index}`).find(
  (product) => shardOfProduct(product, 16) === X,
)!;

/** @param lines of the file between its braces, behind the strategy in line 1 */
function checked(...lines: string[]) {
  const file = parsePlacementFile(
    `{ "strategy": "rendezvous"${lines.map((line) => `,\n${line}`).join('')} }`,
  );
  if (file.kind === 'refused') throw new Error(JSON.stringify(file.mistakes));
  const check = checkPlacement(file.rules, facts);
  const told = check.kind === 'refused' ? check.mistakes : check.notes;
  return { [check.kind]: told.map(({ line, message }) => `${line}: ${message}`) };
}
const pinned = (...pins: string[]) => checked(`"pins": [ ${pins.join(',\n')} ]`);

test('a file that the cluster can carry out is accepted', () => {
  expect(checked()).toEqual({ accepted: [] });
  expect(checked('"nodes": { "a": { "weight": 1 }, "b": { "weight": 2 } }')).toEqual({ accepted: [] });
  expect(
    pinned(
      `{ "product": "x", "node": "a" }`,
      `{ "shards": [${X}, ${X}, 15], "node": "a", "worker": 1 }`,
      `{ "product": "${Y}", "node": "a" }`,
    ),
  ).toEqual({ accepted: [] });
});

test('nodes that take no shards are noted', () => {
  const nodes = '"nodes": { "a": { "weight": 1 } }';
  expect(checked(nodes)).toEqual({
    accepted: ['2: node "b" is not named in "nodes": of shards it takes none'],
  });
  expect(checked('"pins": [ { "shards": [0], "node": "b" } ]', nodes)).toEqual({
    accepted: [
      '3: node "b" is not named in "nodes": of shards it takes none but those that are pinned to it',
    ],
  });
});

test('unknown nodes, workers and shards are refused, all at once', () => {
  expect(
    checked(
      '"nodes": { "a": { "weight": 1 },\n"c": { "weight": 1 } }',
      '"pins": [ { "product": "x", "node": "d" }',
      '{ "product": "z", "node": "a", "worker": 2 }',
      '{ "shards": [15,\n16], "node": "b", "worker": 1 } ]',
    ),
  ).toEqual({
    refused: [
      '3: there is no node "c"; the cluster has "a", "b"',
      '4: there is no node "d"; the cluster has "a", "b"',
      '5: node "a" has no worker 2; its workers are 0 to 1',
      '6: node "b" has no worker 1; its workers are 0 alone',
      '7: there is no shard 16; the shards are 0 to 15',
    ],
  });
});

test('a file by which no node takes shards is refused', () => {
  const expected = 'no node takes shards; "nodes" must name one of "a", "b", or be left out';
  expect(checked('"nodes": {}')).toEqual({ refused: [`2: ${expected}`] });
  expect(checked('"nodes": { "c": { "weight": 1 } }')).toEqual({
    refused: ['2: there is no node "c"; the cluster has "a", "b"', `2: ${expected}`],
  });
});

test.each([
  [
    'two pins of one shard',
    [`{ "shards": [3], "node": "a" }`, `{ "shards": [3], "node": "b" }`],
    '3: shard 3 is pinned to node "b", but line 2 pins shard 3 to node "a"; a shard has one home',
  ],
  [
    'two workers of one node',
    [`{ "shards": [3], "node": "a", "worker": 0 }`, `{ "shards": [3], "node": "a", "worker": 1 }`],
    '3: shard 3 is pinned to node "a", worker 1, but line 2 pins shard 3 to node "a", worker 0; a shard has one home',
  ],
  [
    'a product and its shard',
    [`{ "product": "x", "node": "a" }`, `{ "shards": [${X}], "node": "b" }`],
    `3: shard ${X} is pinned to node "b", but line 2 pins product "x" (shard ${X}) to node "a"; a shard has one home`,
  ],
  [
    'two products of one shard',
    [`{ "product": "x", "node": "a" }`, `{ "product": "${Y}", "node": "b" }`],
    `3: product "${Y}" (shard ${X}) is pinned to node "b", but line 2 pins product "x" (shard ${X}) to node "a"; ` +
      'a shard has one home, and products share it',
  ],
  [
    'the stricter of two that agree, and a third',
    [
      `{ "shards": [3], "node": "a" }`,
      `{ "shards": [3], "node": "a", "worker": 1 }`,
      `{ "shards": [3], "node": "a", "worker": 0 }`,
    ],
    '4: shard 3 is pinned to node "a", worker 0, but line 3 pins shard 3 to node "a", worker 1; a shard has one home',
  ],
])('contradicting pins are refused: %s', (_, pins, expected) => {
  expect(pinned(...pins)).toEqual({ refused: [expected] });
});
