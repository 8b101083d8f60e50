// The line that shows how far a command is.

import { expect, test } from 'vitest';
import { Progress } from '../../src/commands/progress.ts';

function shown(isTTY: boolean, lineEveryMs?: number): string[] {
  const written: string[] = [];
  const stream = { isTTY, write: (text: string | Uint8Array) => written.push(String(text)) > 0 };
  const progress = new Progress(stream, lineEveryMs);
  progress.show('auditing', 0);
  for (const share of [0.001, 0.002, 0.5, 1]) progress.show('writing', share);
  progress.end();
  progress.end();
  return written;
}

test('is written over on a terminal, only when it says something new, and is gone at the end', () => {
  const clear = '\r\u001B[K';
  const lines = ['auditing …', 'writing: 0 %', 'writing: 50 %', 'writing: 100 %', ''];
  expect(shown(true)).toEqual(lines.map((line) => clear + line));
});

test('is silent elsewhere', () => {
  expect(shown(false)).toEqual([]);
});

test('is a line now and then elsewhere, for a command that wants that', () => {
  const lines = ['auditing …', 'writing: 0 %', 'writing: 50 %', 'writing: 100 %'];
  expect(shown(false, 0)).toEqual(lines.map((line) => `${line}\n`));
  expect(shown(false, 60_000)).toEqual([]);
});
