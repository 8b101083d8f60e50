// The files that a thread serves from its memory: read once for a whole crowd, never more than a few at once, and
// also while strangers ask for names that nobody has.

import { expect, test, vi } from 'vitest';
import { FileShelf, FilesBusy, type FileSource } from '../../../src/persistence/assets/file-shelf.ts';

const nameOf = (number: number): string => `${String(number).padStart(64, '0')}.webp`;
/** A name that nobody has. */
const unknown = (number: number): string => `f${nameOf(number).slice(1)}`;

/** Reads when it is told to. */
class Source implements FileSource {
  readonly asked: string[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly near = undefined;
  readonly questions: number[] = [];

  readonly known = async (names: readonly string[]): Promise<ReadonlySet<string>> => {
    this.questions.push(names.length);
    return new Set(names.filter((name) => !name.startsWith('f')));
  };

  readonly read = (name: string): Promise<Uint8Array<ArrayBuffer> | undefined> => {
    this.asked.push(name);
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(name === nameOf(404) ? undefined : new Uint8Array(1_000_000)));
    });
  };

  answer(): void {
    for (const waiting of this.#waiting.splice(0)) waiting();
  }
}

test('a crowd that asks for one file reads it once, and later not at all', async () => {
  const source = new Source();
  const shelf = new FileShelf(source);
  const crowd = Array.from({ length: 100 }, () => shelf.file(nameOf(1)));
  await vi.waitFor(() => expect(source.asked).toHaveLength(1));
  source.answer();
  for (const bytes of await Promise.all(crowd)) expect(bytes).toHaveLength(1_000_000);
  expect(await shelf.file(nameOf(1))).toHaveLength(1_000_000);
  expect(source.asked).toEqual([nameOf(1)]);
});

test('what does not exist is asked for again, and what is no name never', async () => {
  const source = new Source();
  const shelf = new FileShelf(source);
  for (const expected of [1, 2]) {
    const missing = shelf.file(nameOf(404));
    await vi.waitFor(() => expect(source.asked).toHaveLength(expected));
    source.answer();
    expect(await missing).toBeUndefined();
    expect(source.asked).toHaveLength(expected);
  }
  for (const wrong of ['', '../x', 'x.webp', `${nameOf(1)}.exe`, nameOf(1).toUpperCase()])
    expect(await shelf.file(wrong)).toBeUndefined();
  expect(source.asked).toHaveLength(2);
});

test('a few files are read at once; others wait for their turn', async () => {
  const source = new Source();
  const shelf = new FileShelf(source);
  const reading = Array.from({ length: 20 }, (_, number) => shelf.file(nameOf(number)));
  for (const expected of [8, 16, 20]) {
    await vi.waitFor(() => expect(source.asked).toHaveLength(expected));
    source.answer();
  }
  for (const bytes of await Promise.all(reading)) expect(bytes).toHaveLength(1_000_000);
});

test('a flood of names that nobody has leaves room for files, and asks few questions', async () => {
  const source = new Source();
  const shelf = new FileShelf(source);
  const flood = Array.from({ length: 1_200 }, (_, number) => shelf.file(unknown(number)));
  const real = shelf.file(nameOf(1));
  await vi.waitFor(() => expect(source.asked).toEqual([nameOf(1)]));
  source.answer();
  expect(await real).toHaveLength(1_000_000);
  expect(new Set(await Promise.all(flood))).toEqual(new Set([undefined]));
  expect(source.questions).toEqual([1, 500, 500, 200]);
});

test('a name that nobody has is served as soon as somebody adds it', async () => {
  const bytes = new Uint8Array(7);
  const there = new Map<string, Uint8Array<ArrayBuffer>>();
  const shelf = new FileShelf({
    near: undefined,
    known: async (names) => new Set(names.filter((name) => there.has(name))),
    read: async (name) => there.get(name),
  });
  expect(await shelf.file(nameOf(1))).toBeUndefined();
  there.set(nameOf(1), bytes);
  expect(await shelf.file(nameOf(1))).toBe(bytes);
});

test('what is near is served while nobody can be asked, and a failed question is told to all', async () => {
  const bytes = new Uint8Array(7);
  const shelf = new FileShelf({
    near: async (name) => (name === nameOf(1) ? bytes : undefined),
    known: () => Promise.reject(new Error('away')),
    read: () => Promise.reject(new Error('away')),
  });
  const others = [2, 3].map((number) => shelf.file(nameOf(number)));
  expect(await shelf.file(nameOf(1))).toBe(bytes);
  for (const other of others) await expect(other).rejects.toThrow('away');
});

test('the names that wait are bounded; one more is told to come again', async () => {
  const source = new Source();
  const shelf = new FileShelf(source);
  const waiting = Array.from({ length: 2_000 }, (_, number) => shelf.file(unknown(number)));
  await expect(shelf.file(nameOf(1))).rejects.toThrow(FilesBusy);
  await Promise.all(waiting);
  const again = shelf.file(nameOf(1));
  await vi.waitFor(() => expect(source.asked).toHaveLength(1));
  source.answer();
  expect(await again).toHaveLength(1_000_000);
});

test('memory is bounded: what was asked for longest ago gives way', async () => {
  const source = new Source();
  const shelf = new FileShelf(source);
  for (let number = 0; number < 40; number++) {
    const reading = shelf.file(nameOf(number));
    await vi.waitFor(() => expect(source.asked).toHaveLength(number + 1), { interval: 1 });
    source.answer();
    await reading;
  }
  source.asked.length = 0;
  await shelf.file(nameOf(39));
  expect(source.asked).toEqual([]);
  const first = shelf.file(nameOf(0));
  await vi.waitFor(() => expect(source.asked).toHaveLength(1));
  source.answer();
  await first;
  expect(source.asked).toEqual([nameOf(0)]);
});
