// The lines of a file that were not carried out: the first ones are kept to be shown, all of them are counted, and written
// to a file when one was named.

import { closeSync, openSync, writeSync } from 'node:fs';
import { CommandError } from '../node-client.ts';
import type { BadLine } from './stock-line.ts';

export const BAD_LINES_SHOWN = 20;
const TEXT_CHARACTERS_MAX = 1_024;

export class BadLines {
  readonly first: BadLine[] = [];
  #total = 0;
  readonly #path: string | undefined;
  readonly #file: number | undefined;

  /** @param path of the report; written over @throws CommandError */
  constructor(path: string | undefined) {
    this.#path = path;
    if (path === undefined) return;
    try {
      this.#file = openSync(path, 'w');
    } catch (error) {
      throw new CommandError(`The report cannot be written: ${(error as Error).message}.`, { cause: error });
    }
    writeSync(this.#file, 'line,problem,text\n');
  }

  get total(): number {
    return this.#total;
  }

  add(bad: BadLine): void {
    this.#total++;
    const text = bad.text.slice(0, TEXT_CHARACTERS_MAX);
    if (this.first.length < BAD_LINES_SHOWN) this.first.push({ ...bad, text });
    if (this.#file !== undefined) writeSync(this.#file, `${bad.line},${cell(bad.problem)},${cell(text)}\n`);
  }

  /** On stderr. */
  print(): void {
    for (const { line, problem, text } of this.first) console.error(`line ${line}: ${problem}\n    ${text}`);
    const more = this.#total - this.first.length;
    const all = this.#path === undefined ? '--report FILE lists all' : `all in ${this.#path}`;
    if (more > 0) console.error(`and ${more} more bad lines (${all})`);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }
}

const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;
