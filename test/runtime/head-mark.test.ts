import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { JournalMismatch, readMark } from '../../src/runtime/index.ts';
import { HeadMark } from '../../src/runtime/sqlite/head-mark.ts';
import { temporaryFolder } from '../harness/engine.ts';

const ID = '00000000-0000-4000-8000-000000000001';

describe('the mark of a journal', () => {
  let folder: string;
  let path: string;
  let mark: HeadMark;

  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder, 'journal.mark');
    mark = HeadMark.make(path, ID, [0, 0, 0]);
  });
  afterEach(() => {
    mark.close();
    rmSync(folder, { recursive: true });
  });

  const heads = (): (readonly [number, number])[] => [...readMark(path)!.heads];
  const bytes = (): Buffer => readFileSync(path);

  test('says what it was told last', () => {
    mark.advance(new Map([[1, 7]]));
    mark.advance(new Map([[2, 2 ** 40]]));
    expect(heads()).toEqual([
      [0, 0],
      [1, 7],
      [2, 2 ** 40],
    ]);
    expect(readMark(path)!.journalId).toBe(ID);
    const again = HeadMark.find(path)!;
    again.advance(new Map([[0, 9]]));
    again.close();
    expect(heads()[0]).toEqual([0, 9]);
  });

  test('is not there before it is made', () => {
    expect(HeadMark.find(join(folder, 'other.mark'))).toBeUndefined();
    expect(readMark(join(folder, 'other.mark'))).toBeUndefined();
  });

  test('half written says what it said before, wherever the writing ended', () => {
    mark.advance(new Map([[1, 7]]));
    const before = bytes();
    mark.advance(new Map([[1, 8]]));
    const after = bytes();
    const changed = [...after.keys()].filter((at) => after[at] !== before[at]);
    const cuts = [...new Set(changed.flatMap((at) => [at, at + 1]))];
    expect(cuts.length).toBeGreaterThan(5);
    for (const cut of cuts) {
      writeFileSync(path, Buffer.concat([after.subarray(0, cut), before.subarray(cut)]));
      const isWhole = cut > changed.at(-1)!;
      const isUntouched = cut <= changed[0]!;
      expect(heads()[1]![1], `cut at ${cut}`).toBe(isWhole && !isUntouched ? 8 : 7);
    }
  });

  test('is never believed where a bit of it was turned', () => {
    mark.advance(new Map([[1, 7]]));
    mark.advance(new Map([[1, 8]]));
    const whole = bytes();
    for (let at = 0; at < 84; at++) {
      for (const slot of [0, whole.length / 2]) {
        const turned = Buffer.from(whole);
        turned[slot + at]! ^= 1 << (at % 8);
        writeFileSync(path, turned);
        expect([7, 8]).toContain(heads()[1]![1]);
      }
    }
  });

  test.each([
    ['both copies', (whole: Buffer) => whole.fill(0)],
    ['its end', (whole: Buffer) => whole.subarray(0, 5_000)],
    ['everything', () => Buffer.alloc(0)],
  ])('that lost %s is refused by name, since no crash does that', (_, damage) => {
    writeFileSync(path, damage(bytes()));
    expect(() => HeadMark.find(path)).toThrow(JournalMismatch);
    expect(() => readMark(path)).toThrow(/journal\.mark is damaged, both copies in it/);
  });
});
