import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readJson, type JsonNode } from '../../src/runtime/json-node.ts';

function plain(node: JsonNode): unknown {
  switch (node.kind) {
    case 'object':
      return Object.fromEntries(node.members.map(({ name, node }) => [name, plain(node)]));
    case 'list':
      return node.items.map(plain);
    case 'scalar':
      return node.value;
  }
}

const readPlain = (text: string): unknown => {
  const node = readJson(text);
  return node.kind === 'fault' ? 'fault' : { value: plain(node) };
};

const parsed = (text: string): unknown => {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return 'fault';
  }
};

const indent = fc.constantFrom('', ' ', '\t', '\n');

test('reads what JSON.parse reads', () => {
  const property = fc.property(fc.json({ maxDepth: 5 }), indent, (text, space) => {
    const spaced = JSON.stringify(JSON.parse(text), undefined, space);
    expect(readPlain(spaced)).toEqual(parsed(spaced));
  });
  fc.assert(property, { numRuns: 1_000 });
});

test('refuses what JSON.parse refuses', () => {
  const piece = fc.constantFrom(
    ...Array.from('{}[],:"\\-0123456789.eE+tfn u\n\u0000\u001f\u007f\ufeff'),
    'true',
    'null',
    '"a"',
    '"\\u00e9"',
    '1.5e3',
    '"\\x"',
    '[1]',
    '{"a":1}',
    ' , ',
  );
  const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
  const property = fc.property(text, (text) => {
    expect(readPlain(text)).toEqual(parsed(text));
  });
  fc.assert(property, { numRuns: 20_000 });
});

test('knows the line of each value and of each name, also of one that comes twice', () => {
  const text = '{\r\n  "a": [1,\n\n 2], "b"\n:\n"x\\ny" ,\n"a": {}}';
  const scalar = (line: number, value: unknown) => ({ kind: 'scalar', line, value });
  expect(readJson(text)).toEqual({
    kind: 'object',
    line: 1,
    members: [
      { name: 'a', line: 2, node: { kind: 'list', line: 2, items: [scalar(2, 1), scalar(4, 2)] } },
      { name: 'b', line: 4, node: scalar(6, 'x\ny') },
      { name: 'a', line: 7, node: { kind: 'object', line: 7, members: [] } },
    ],
  });
});

test.each([
  ['', 1, 'a value must stand where the text ends'],
  ['{\n"a": 1\n"b": 2}', 3, 'a comma or } must stand where there is "'],
  ['[1,\n]', 2, 'a value must stand where there is ]'],
  ['{"a" 1}', 1, 'a colon must stand where there is 1'],
  ["{\n'a': 1}", 2, "a name in double quotes must stand where there is '"],
  ['{}\n\n{}', 3, 'nothing but the end must stand where there is {'],
  ['\ufeff{}', 1, 'a value must stand where there is U+FEFF'],
  ['[\n'.repeat(33), 33, 'nothing nested deeper than 32 levels must stand where there is ['],
])('says in which line %j stops being JSON', (text, line, expected) => {
  expect(readJson(text)).toEqual({ kind: 'fault', line, message: `this is not JSON: ${expected}` });
});

test('reads long strings and deep nonsense without running out of stack', () => {
  const long = JSON.stringify('\\"ä'.repeat(300_000));
  expect(readPlain(long)).toEqual(parsed(long));
  expect(readPlain('['.repeat(1_000_000))).toBe('fault');
});
