// The files that a thread serves from its memory: read once for a whole crowd, and never more than a few at once.

import { expect, test } from 'vitest';
import { FileShelf, FilesBusy } from '../../../src/persistence/assets/file-shelf.ts';

const nameOf = (number: number): string => `${String(number).padStart(64, '0')}.webp`;

/** Reads when it is told to. */
class Source {
  readonly asked: string[] = [];
  readonly #waiting: (() => void)[] = [];

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
  const shelf = new FileShelf(source.read);
  const crowd = Array.from({ length: 100 }, () => shelf.file(nameOf(1)));
  source.answer();
  for (const bytes of await Promise.all(crowd)) expect(bytes).toHaveLength(1_000_000);
  expect(await shelf.file(nameOf(1))).toHaveLength(1_000_000);
  expect(source.asked).toEqual([nameOf(1)]);
});

test('what does not exist is asked for again, and what is no name never', async () => {
  const source = new Source();
  const shelf = new FileShelf(source.read);
  for (const expected of [1, 2]) {
    const missing = shelf.file(nameOf(404));
    source.answer();
    expect(await missing).toBeUndefined();
    expect(source.asked).toHaveLength(expected);
  }
  for (const wrong of ['', '../x', 'x.webp', `${nameOf(1)}.exe`, nameOf(1).toUpperCase()])
    expect(await shelf.file(wrong)).toBeUndefined();
  expect(source.asked).toHaveLength(2);
});

test('a few names are read at once; one more is told to come again', async () => {
  const source = new Source();
  const shelf = new FileShelf(source.read);
  const reading = Array.from({ length: 8 }, (_, number) => shelf.file(nameOf(number)));
  await expect(shelf.file(nameOf(8))).rejects.toThrow(FilesBusy);
  const others = shelf.file(nameOf(7));
  source.answer();
  await Promise.all([...reading, others]);
  const again = shelf.file(nameOf(8));
  source.answer();
  expect(await again).toHaveLength(1_000_000);
});

test('memory is bounded: what was asked for longest ago gives way', async () => {
  const source = new Source();
  const shelf = new FileShelf(source.read);
  for (let number = 0; number < 40; number++) {
    const reading = shelf.file(nameOf(number));
    source.answer();
    await reading;
  }
  source.asked.length = 0;
  await shelf.file(nameOf(39));
  expect(source.asked).toEqual([]);
  const first = shelf.file(nameOf(0));
  source.answer();
  await first;
  expect(source.asked).toEqual([nameOf(0)]);
});
