// The cluster's document as a value: who is a member, where shards are, and where they belong.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressOf, memberOf, NOBODY, workerOf } from '../../src/runtime/address.ts';
import {
  admit,
  applyFile,
  factsOf,
  firstDocument,
  memberNamed,
  parseDocument,
  presentOf,
  rehome,
  remove,
  takeShards,
  Target,
  targetOf,
  type ClusterDocument,
  type Member,
} from '../../src/runtime/cluster/cluster-document.ts';

const SHARDS = 8;

const someone = (node: string, takesShards = true): Omit<Member, 'number'> => ({
  node,
  life: `life of ${node}`,
  workers: 2,
  takesShards,
  projects: true,
});

const withMembers = (...nodes: string[]): ClusterDocument =>
  nodes.reduce((document, node) => admit(document, someone(node)), firstDocument(SHARDS, 5, 'of the tests'));

const pinned = (node: string): string =>
  JSON.stringify({
    strategy: 'rendezvous',
    pins: [{ shards: Array.from({ length: SHARDS }, (_, shard) => shard), node, worker: 1 }],
  });

const homesOfMembers = ({ homes, members }: ClusterDocument): boolean =>
  homes.every((home) => home === NOBODY || members.some(({ number }) => number === memberOf(home)));

describe('the document of a cluster', () => {
  test('begins without members and homes, above the revisions of all claims', () => {
    const document = firstDocument(3, 17, 'of the tests');
    expect(document).toMatchObject({ revision: 17, lastNumber: 0, members: [], homes: [-1, -1, -1] });
    expect(targetOf(document)).toEqual([NOBODY, NOBODY, NOBODY]);
  });

  test('is read as it was written, and nothing else is', () => {
    const document = applyFile(withMembers('a', 'b'), pinned('a'), 1_700_000_000_000);
    expect(parseDocument(JSON.stringify(document))).toEqual(document);
    expect(() => parseDocument('{}')).toThrow(/document cannot be read/);
    expect(() => parseDocument(JSON.stringify({ ...document, format: 2 }))).toThrow(/format/);
    expect(() => parseDocument(JSON.stringify({ ...document, more: 1 }))).toThrow(/more/);
  });
});

describe('a member that is admitted', () => {
  test('gets a number that nobody had before it', () => {
    const two = withMembers('a', 'b');
    expect(two.members.map(({ number }) => number)).toEqual([1, 2]);
    const without = remove(two, memberNamed(two, 'b')!);
    expect(memberNamed(admit(without, someone('c')), 'c')!.number).toBe(3);
  });

  test('keeps its own number when it comes back', () => {
    const two = withMembers('a', 'b');
    const back = admit(two, { ...someone('a'), life: 'another' }, 1);
    expect(back.members).toHaveLength(2);
    expect(memberNamed(back, 'a')).toMatchObject({ number: 1, life: 'another' });
    expect(back.lastNumber).toBe(2);
  });

  test('has at once what has no home, and nothing that has one', () => {
    const one = withMembers('a');
    expect(one.homes.every((home) => memberOf(home) === 1)).toBe(true);
    const two = admit(one, someone('b'));
    expect(two.homes).toEqual(one.homes);
    expect(targetOf(two).some((home) => memberOf(home) === 2)).toBe(true);
  });

  test('without actors has none', () => {
    const document = admit(firstDocument(SHARDS, 1, 'of the tests'), someone('a', false));
    expect(document.homes.every((home) => home === NOBODY)).toBe(true);
    expect(factsOf(document).nodes.size).toBe(0);
  });
});

describe('a member that is removed', () => {
  test('leaves its shards to the others, and theirs alone', () => {
    const two = withMembers('a', 'b');
    const shared = rehome(two, new Map(targetOf(two).entries()));
    const left = remove(shared, memberNamed(shared, 'a')!);
    expect(left.homes.every((home) => memberOf(home) === 2)).toBe(true);
    for (const [shard, home] of shared.homes.entries())
      if (memberOf(home) === 2) expect(left.homes[shard]).toBe(home);
  });

  test('leaves them to nobody when nobody takes any', () => {
    const document = admit(withMembers('a'), someone('b', false));
    expect(remove(document, memberNamed(document, 'a')!).homes.every((home) => home === NOBODY)).toBe(true);
  });

  test('stays when it has another life by now, and the document stays as it is', () => {
    const document = withMembers('a', 'b');
    expect(remove(document, { number: 1, life: 'an earlier one' })).toBe(document);
    expect(remove(document, { number: 9, life: 'life of a' })).toBe(document);
  });
});

describe('a member that takes no shards any more', () => {
  test('keeps those that it has until they are fetched, and is given none', () => {
    const document = withMembers('a', 'b');
    const leaving = takeShards(document, 1, false);
    expect(leaving.homes).toEqual(document.homes);
    expect(targetOf(leaving).every((home) => memberOf(home) === 2)).toBe(true);
  });

  test('is told so once', () => {
    const document = withMembers('a');
    expect(takeShards(document, 1, true)).toBe(document);
  });
});

describe('the operators’ file', () => {
  test('says where shards belong, and moves none', () => {
    const document = withMembers('a', 'b');
    const applied = applyFile(document, pinned('b'), 7);
    expect(applied.homes).toEqual(document.homes);
    expect(applied.wanted).toMatchObject({ appliedAt: 7, file: pinned('b') });
    expect(targetOf(applied)).toEqual(Array(SHARDS).fill(addressOf(2, 1)));
  });

  test('counts for nothing while the node that it names is not there', () => {
    const document = applyFile(withMembers('a'), pinned('b'), 7);
    expect(targetOf(document).every((home) => memberOf(home) === 1)).toBe(true);
    expect(targetOf(admit(document, someone('b')))).toEqual(Array(SHARDS).fill(addressOf(2, 1)));
  });

  test('that cannot be read counts for nothing', () => {
    const document = withMembers('a', 'b');
    expect(targetOf(applyFile(document, '{', 7))).toEqual(targetOf(document));
  });
});

test('people see nodes and workers, not addresses', () => {
  const document = withMembers('a');
  expect(presentOf(document)).toEqual(document.homes.map((home) => ({ node: 'a', worker: workerOf(home) })));
  expect(presentOf(firstDocument(1, 1, 'of the tests'))).toEqual([undefined]);
});

/** One step of a history, as numbers below a hundred. */
type Step = readonly [kind: number, which: number, more: number];

function step(document: ClusterDocument, [kind, which, more]: Step): ClusterDocument {
  const member = document.members[which % Math.max(1, document.members.length)];
  switch (kind % 6) {
    case 0:
      return memberNamed(document, `node-${which % 5}`) === undefined
        ? admit(document, { ...someone(`node-${which % 5}`, more % 3 > 0), workers: 1 + (more % 3) })
        : document;
    case 1:
      return member === undefined ? document : remove(document, member);
    case 2:
      return member === undefined ? document : takeShards(document, member.number, more % 2 === 0);
    case 3:
      return applyFile(document, pinned(`node-${which % 5}`), more);
    case 4: {
      const to = targetOf(document)[which % SHARDS]!;
      return to === NOBODY ? document : rehome(document, new Map([[which % SHARDS, to]]));
    }
    default:
      return member === undefined
        ? document
        : admit(document, { ...member, life: `another ${more}` }, member.number);
  }
}

describe('whatever happens', () => {
  const steps = fc.array(fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)), { maxLength: 40 });

  test('homes name members or nobody, numbers are never given again, and revisions rise with every change', () => {
    fc.assert(
      fc.property(steps, (history) => {
        let document = firstDocument(SHARDS, 1, 'of the tests');
        const numbers = new Map<number, string>();
        for (const one of history) {
          const next = step(document, one);
          expect(homesOfMembers(next)).toBe(true);
          expect(next.homes).toHaveLength(SHARDS);
          expect(next.revision).toBe(next === document ? document.revision : document.revision + 1);
          expect(new Set(next.members.map(({ node }) => node)).size).toBe(next.members.length);
          for (const { number, node } of next.members) {
            expect(number).toBeLessThanOrEqual(next.lastNumber);
            expect(numbers.get(number) ?? node).toBe(node);
            numbers.set(number, node);
          }
          // Exactly the homes that changed are of this revision.
          const moved = next.homes.map((home, shard) => home !== document.homes[shard]);
          expect(next.since).toEqual(
            document.since.map((since, shard) => (moved[shard] ? next.revision : since)),
          );
          expect(parseDocument(JSON.stringify(next))).toEqual(next);
          document = next;
        }
      }),
    );
  });

  test('what changes the target changes what is wanted, and fetching a shard does not', () => {
    fc.assert(
      fc.property(steps, (history) => {
        let document = firstDocument(SHARDS, 1, 'of the tests');
        for (const one of history) {
          const next = step(document, one);
          const isSame = next.wanted.revision === document.wanted.revision;
          expect(isSame ? targetOf(next) : []).toEqual(isSame ? targetOf(document) : []);
          expect(isSame || one[0] % 6 !== 4).toBe(true);
          document = next;
        }
      }),
    );
  });

  test('a target that is remembered is the target', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const target = new Target();
        let document = firstDocument(SHARDS, 1, 'of the tests');
        for (const one of history) {
          document = step(document, one);
          expect(target.of(document)).toEqual(targetOf(document));
        }
      }),
    );
  });

  test('a shard whose home is left has the home where it belongs', () => {
    fc.assert(
      fc.property(steps, fc.nat(99), (history, which) => {
        const document = history.reduce(step, firstDocument(SHARDS, 1, 'of the tests'));
        const member = document.members[which % Math.max(1, document.members.length)];
        if (member === undefined) return;
        const left = remove(document, member);
        const target = targetOf(left);
        for (const [shard, home] of document.homes.entries())
          expect(left.homes[shard]).toBe(
            memberOf(home) === member.number || home === NOBODY ? target[shard] : home,
          );
      }),
    );
  });
});
