import { describe, expect, test } from 'vitest';
import { parsePlacementFile } from '../../src/runtime/index.ts';

/** Each mistake as "line: message". */
function mistakesOf(text: string): string[] {
  const file = parsePlacementFile(text);
  return file.kind === 'refused' ? file.mistakes.map(({ line, message }) => `${line}: ${message}`) : [];
}

/** Of a file whose pins, or nodes, begin in line 2. */
const withPins = (pins: string): string => `{ "strategy": "rendezvous", "pins": [\n${pins}\n] }`;
const withNodes = (nodes: string): string => `{ "strategy": "rendezvous", "nodes": {\n${nodes}\n} }`;
const repeated = (count: number, textOf: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => textOf(index)).join(',\n');

describe('a placement file', () => {
  test('is read with the line of everything', () => {
    const text = `{
  "strategy": "rendezvous",
  "nodes": { "a": { "weight": 1 },
             "b": { "weight": 2.5 } },
  "pins": [ { "product": "sku-1", "node": "b", "worker": 1 },
            { "shards": [7,
                         8], "node": "a" } ]
}`;
    const weights = new Map([
      ['a', { line: 3, weight: 1 }],
      ['b', { line: 4, weight: 2.5 }],
    ]);
    const shards = [
      { line: 6, shard: 7 },
      { line: 7, shard: 8 },
    ];
    expect(parsePlacementFile(text)).toEqual({
      kind: 'rules',
      rules: {
        strategy: 'rendezvous',
        nodes: weights,
        nodesLine: 3,
        pins: [
          { kind: 'product', line: 5, product: 'sku-1', node: 'b', worker: 1 },
          { kind: 'shards', line: 6, shards, node: 'a', worker: undefined },
        ],
      },
    });
  });

  test('needs a strategy only', () => {
    expect(parsePlacementFile('{ "strategy": "rendezvous" }')).toEqual({
      kind: 'rules',
      rules: { strategy: 'rendezvous', nodes: undefined, nodesLine: 1, pins: [] },
    });
    expect(mistakesOf(withPins(''))).toEqual([]);
  });

  test.each<[string, string, ...string[]]>([
    [
      'is not JSON',
      '{\n  "strategy": rendezvous }',
      '2: this is not JSON: a value must stand where there is r',
    ],
    ['is no object', '[]', '1: the file is a list; it must be an object: { … }'],
    ['has no strategy', '{}', '1: "strategy" is missing; it must be "rendezvous"'],
    [
      'has an unknown strategy',
      '{\n"strategy": "modulo" }',
      '2: the strategy is "modulo"; it must be "rendezvous"',
    ],
    [
      'has an unknown field',
      '{ "strategy": "rendezvous",\n "weights": {} }',
      '2: the file has a field "weights"; it may have "strategy", "nodes", "pins"',
    ],
    [
      'has a field twice',
      '{ "strategy": "rendezvous", "pins": [],\n "pins": [] }',
      '2: the file has "pins" already in line 1; each name may come once',
    ],
    [
      'has nodes that are no object',
      '{ "strategy": "rendezvous", "nodes": null }',
      '1: "nodes" is null; it must be an object: { … }',
    ],
    [
      'names a node twice',
      withNodes('"a": { "weight": 1 },\n"a": { "weight": 2 }'),
      '3: "nodes" has "a" already in line 2; each name may come once',
    ],
    ['has a bare weight', withNodes('"a": 1'), '2: node "a" is 1; it must be an object: { … }'],
    [
      'has no weight',
      withNodes('"a": {}'),
      '2: node "a" has no "weight"; it must be a number above 0 and at most 1000000',
    ],
    [
      'has an unknown field of a node',
      withNodes('"a": { "weight": 1, "worker": 1 }'),
      '2: node "a" has a field "worker"; it may have "weight"',
    ],
    ...['0', '-1', '1e9', '"1"', 'null', '1e999'].map((weight): [string, string, string] => [
      `has the weight ${weight}`,
      withNodes(`"a": {\n"weight": ${weight} }`),
      `3: the weight of node "a" is ${JSON.stringify(JSON.parse(weight))}; it must be a number above 0 and at most 1000000`,
    ]),
    [
      'has pins that are no list',
      '{ "strategy": "rendezvous", "pins": {} }',
      '1: "pins" is an object; it must be a list of pins',
    ],
    ['has a pin that is no object', withPins('7'), '2: pin 1 is 7; it must be an object: { … }'],
    [
      'pins nothing',
      withPins('{ "node": "a" }'),
      '2: pin 1 has neither "product" nor "shards"; it must have one of them',
    ],
    [
      'pins two things at once',
      withPins('{ "product": "x", "shards": [1], "node": "a" }'),
      '2: pin 1 has "product" and "shards"; it must have one of them',
    ],
    [
      'pins to nowhere',
      withPins('{ "product": "x" }'),
      '2: pin 1 has no "node"; it must name the node to go to',
    ],
    [
      'has an unknown field of a pin',
      withPins('{ "product": "x", "node": "a" },\n{ "product": "y", "node": "a", "thread": 1 }'),
      '3: pin 2 has a field "thread"; it may have "product", "shards", "node", "worker"',
    ],
    [
      'pins no shards',
      withPins('{ "shards": [], "node": "a" }'),
      '2: "shards" of pin 1 is empty; it must be a list of shards, such as [7, 8]',
    ],
    [
      'pins shards without a list',
      withPins('{ "shards": 7, "node": "a" }'),
      '2: "shards" of pin 1 is 7; it must be a list of shards, such as [7, 8]',
    ],
    ...['1.5', '-1', '"7"', '1e300', '[7]'].map((shard): [string, string, string] => [
      `pins the shard ${shard}`,
      withPins(`{ "node": "a", "shards": [1,\n${shard}] }`),
      `3: a shard of pin 1 is ${{ '[7]': 'a list', '1e300': '1e+300' }[shard] ?? shard}; it must be a whole number from 0`,
    ]),
    [
      'pins to half a worker',
      withPins('{ "product": "x", "node": "a",\n"worker": 0.5 }'),
      '3: the worker of pin 1 is 0.5; it must be a whole number from 0',
    ],
    [
      'has names that are no text',
      withPins('{ "product": 7,\n"node": true }'),
      '2: the product of pin 1 is 7; it must be a name in double quotes',
      '3: the node of pin 1 is true; it must be a name in double quotes',
    ],
    [
      'has names that are too long',
      withPins(`{ "product": "${'x'.repeat(65)}", "node": "${'y'.repeat(64)}" }`),
      `2: the product of pin 1 has 65 characters ("${'x'.repeat(39)}…); it must have 1 to 64`,
    ],
    [
      'has empty names',
      withNodes('"": { "weight": 1 }'),
      '2: the name of a node has 0 characters (""); it must have 1 to 64',
    ],
    [
      'has too many nodes',
      withNodes(repeated(101, (index) => `"n${index}": { "weight": 1 }`)),
      '1: "nodes" names 101 nodes; it may name 100',
    ],
    [
      'has too many pins',
      withPins(repeated(10_001, (index) => `{ "shards": [${index}], "node": "a" }`)),
      '1: "pins" has 10001 pins; it may have 10000',
    ],
    ['is too long', ' '.repeat(1_048_575) + '{}', '1: the file has 1048577 characters; it may have 1048576'],
    [
      'quotes what would confuse a terminal',
      withNodes('"\u009b31m\u202e": 1'),
      '2: node "?31m?" is 1; it must be an object: { … }',
    ],
  ])('is refused when it %s', (_, text, ...expected) => {
    expect(mistakesOf(text)).toEqual(expected);
  });

  test('tells all mistakes at once, by line', () => {
    const text = `{
  "pins": [ { "shards": [0.5], "node": "a" },
            { "product": "x" } ],
  "nodes": { "a": { "weight": 0 } },
  "colour": 1
}`;
    expect(mistakesOf(text).map((mistake) => mistake.split(';')[0])).toEqual([
      '1: "strategy" is missing',
      '2: a shard of pin 1 is 0.5',
      '3: pin 2 has no "node"',
      '4: the weight of node "a" is 0',
      '5: the file has a field "colour"',
    ]);
  });

  test('counts mistakes beyond those it tells', () => {
    const file = parsePlacementFile(withPins(repeated(150, () => '0')));
    expect(file).toMatchObject({ kind: 'refused', more: 50 });
    expect(mistakesOf(withPins(repeated(150, () => '0')))).toHaveLength(100);
  });

  test('takes names that mean something to JavaScript as names', () => {
    const file = parsePlacementFile(
      withNodes('"__proto__": { "weight": 1 }, "constructor": { "weight": 2 }'),
    );
    expect(file).toMatchObject({ kind: 'rules' });
    const nodes = file.kind === 'rules' ? [...file.rules.nodes!.keys()] : [];
    expect(nodes).toEqual(['__proto__', 'constructor']);
  });
});
