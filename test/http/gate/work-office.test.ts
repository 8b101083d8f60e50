// Proof of work: what a solution is, and what is none, of whatever is sent for one.

import { solveChallenge, type Challenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2';
import { beforeAll, describe, expect, test } from 'vitest';
import { customerKeyOf } from '../../../src/actors/index.ts';
import { WORK, WorkOffice, type Checked } from '../../../src/http/gate/challenge/index.ts';
import { Problem } from '../../../src/http/index.ts';
import { systemRandom } from '../../../src/runtime/index.ts';

const TRIES = 16;
const SECRET = 'a-secret-of-all-nodes';
const FOR_ADA = { customerKey: customerKeyOf('ada'), productId: 'ember-kettle' };

let nowMs = Date.now();
const clock = { now: () => nowMs, monotonic: () => nowMs };
const office = (secret = SECRET): WorkOffice => new WorkOffice(secret, clock, systemRandom);

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');

const faultOf = (checked: Checked): string | undefined => ('fault' in checked ? checked.fault : undefined);

async function problemOf(asked: Promise<unknown>): Promise<{ code: string; detail: string }> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof Problem) return { code: error.code, detail: String(error.extra?.['detail']) };
    throw error;
  }
  throw new Error('it was taken');
}

describe('a solution', () => {
  let challenge: Challenge;
  let solution: { counter: number; derivedKey: string };

  beforeAll(async () => {
    challenge = await office().make(FOR_ADA, TRIES);
    const found = await solveChallenge({ challenge, deriveKey });
    solution = { counter: found!.counter, derivedKey: found!.derivedKey };
  });

  test('is found within as many tries as were asked for', () => {
    expect(solution.counter).toBeLessThan(TRIES);
    expect(challenge.parameters).toMatchObject({
      algorithm: WORK.algorithm,
      cost: WORK.cost,
      data: { product: 'ember-kettle' },
    });
  });

  test('is one at every node that has the secret, and the same however often it comes', async () => {
    const one = await office().check(base64({ challenge, solution }), FOR_ADA);
    const other = await office().check(base64({ solution: { ...solution, time: 12.5 }, challenge }), FOR_ADA);
    expect(one).toEqual({ challenge: `work\0${challenge.signature}` });
    expect(other).toEqual(one);
  });

  test('is none of another customer’s or product’s challenge', async () => {
    const payload = base64({ challenge, solution });
    const bob = { ...FOR_ADA, customerKey: customerKeyOf('bob') };
    expect(faultOf(await office().check(payload, bob))).toBe('challenge_foreign');
    expect(faultOf(await office().check(payload, { ...FOR_ADA, productId: 'camera' }))).toBe(
      'challenge_foreign',
    );
  });

  test('is none when its key is another, or only begins as it should', async () => {
    const { derivedKey } = solution;
    const { keyPrefix } = challenge.parameters;
    for (const wrong of [
      keyPrefix,
      keyPrefix + '0'.repeat(32),
      derivedKey.slice(0, -2),
      `${derivedKey}00`,
      derivedKey.slice(1),
      '00',
    ])
      expect(
        faultOf(
          await office().check(base64({ challenge, solution: { ...solution, derivedKey: wrong } }), FOR_ADA),
        ),
      ).toBe('solution_wrong');
  });

  test('is none of a challenge that somebody made easier, made himself, or signed with another secret', async () => {
    const { parameters } = challenge;
    const own = await office('another-secret').make(FOR_ADA, 1);
    const found = await solveChallenge({ challenge: own, deriveKey });
    const easier = [
      { ...challenge, parameters: { ...parameters, cost: 1 } },
      { ...challenge, parameters: { ...parameters, keyPrefix: '0' } },
      { ...challenge, parameters: { ...parameters, expiresAt: parameters.expiresAt! + 60 } },
      { ...challenge, parameters: { ...parameters, keySignature: own.parameters.keySignature } },
      { ...challenge, signature: own.signature },
      own,
    ];
    for (const forged of easier)
      expect(
        faultOf(
          await office().check(
            base64({
              challenge: forged,
              solution: { counter: found!.counter, derivedKey: found!.derivedKey },
            }),
            FOR_ADA,
          ),
        ),
      ).toBe('challenge_forged');
  });

  test('is none when its challenge is out of date', async () => {
    const payload = base64({ challenge, solution });
    const before = nowMs;
    nowMs += WORK.lifeSeconds * 1_000;
    expect(faultOf(await office().check(payload, FOR_ADA))).toBe('challenge_expired');
    nowMs = before;
    expect(faultOf(await office().check(payload, FOR_ADA))).toBeUndefined();
  });

  test('of another form is refused, and told what is wrong with it', async () => {
    const { keySignature: _, ...unsigned } = challenge.parameters;
    const wrong: [string, RegExp][] = [
      ['bm90IGpzb24', /must be base64 of the JSON/],
      [base64(null), /solution/],
      [base64([]), /solution/],
      [base64({ challenge }), /solution/],
      [base64({ challenge, solution, more: 1 }), /more/],
      [base64({ challenge: { ...challenge, parameters: unsigned }, solution }), /keySignature/],
      [base64({ challenge, solution: { ...solution, counter: -1 } }), /counter/],
      [base64({ challenge, solution: { ...solution, counter: 1.5 } }), /counter/],
      [base64({ challenge, solution: { ...solution, counter: 2 ** 32 } }), /counter/],
      [base64({ challenge, solution: { ...solution, derivedKey: 'XY' } }), /derivedKey/],
      [base64({ challenge, solution: { ...solution, derivedKey: 'ab'.repeat(100) } }), /derivedKey/],
      [base64({ challenge: { ...challenge, signature: { toString: 1 } }, solution }), /signature/],
    ];
    for (const [payload, detail] of wrong) {
      const problem = await problemOf(office().check(payload, FOR_ADA));
      expect(problem.code, payload).toBe('invalid_request');
      expect(problem.detail).toMatch(detail);
    }
  });
});

test('one thread makes so many challenges at once and refuses the next, which is taken when they are done', async () => {
  const busy = office();
  const made = Array.from({ length: WORK.atOnceMax }, () => busy.make(FOR_ADA, TRIES));
  expect(await problemOf(busy.make(FOR_ADA, TRIES))).toMatchObject({ code: 'overloaded' });
  await Promise.all(made);
  await expect(busy.make(FOR_ADA, TRIES)).resolves.toMatchObject({ signature: expect.any(String) });
});
