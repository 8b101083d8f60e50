// Solves challenges one after the other, as ALTCHA's library does it.

import { parentPort } from 'node:worker_threads';
import { solveChallenge, type Challenge, type DeriveKeyFunction } from 'altcha-lib';
import { deriveKey as byPbkdf2 } from 'altcha-lib/algorithms/pbkdf2';
import { deriveKey as bySha } from 'altcha-lib/algorithms/sha';
import type { WorkDone } from './work.ts';

interface Work {
  readonly number: number;
  readonly challenge: Challenge;
}

const works: Work[] = [];
let isBusy = false;

parentPort!.on('message', (work: Work) => {
  works.push(work);
  if (!isBusy) void workAll();
});

async function workAll(): Promise<void> {
  isBusy = true;
  for (let work = works.shift(); work !== undefined; work = works.shift())
    parentPort!.postMessage(await done(work));
  isBusy = false;
}

async function done({ number, challenge }: Work): Promise<WorkDone> {
  try {
    const deriveKey: DeriveKeyFunction = challenge.parameters.algorithm.startsWith('PBKDF2')
      ? byPbkdf2
      : bySha;
    const solution = await solveChallenge({ challenge, deriveKey });
    return solution === null ? { number, error: 'no solution in time' } : { number, solution };
  } catch (error) {
    return { number, error: String(error) };
  }
}
