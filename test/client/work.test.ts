// The client's proof of work, held against the library whose protocol it is.

import { createHash } from 'node:crypto';
import { createChallenge, verifySolution } from 'altcha-lib';
import { deriveKey as stretch } from 'altcha-lib/algorithms/pbkdf2';
import { deriveKey as hash } from 'altcha-lib/algorithms/sha';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256 } from '../../src/client/sha256.ts';
import { isChallenge, solve, type Challenge, type Pace } from '../../src/client/work.ts';

const hmacSignatureSecret = 'of the challenge';
const hmacKeySignatureSecret = 'of the key';
const quickly: Pace = { sliceMs: Infinity, msMax: Infinity, rest: async () => undefined };

const ask = async (algorithm: string, cost: number, counter: number, more: object = {}) => {
  const deriveKey = algorithm.startsWith('PBKDF2') ? stretch : hash;
  const options = { algorithm, cost, counter, deriveKey, hmacSignatureSecret, hmacKeySignatureSecret };
  return { deriveKey, challenge: await createChallenge({ ...options, ...more }) };
};

test('the hash is the one that everybody has, whatever is hashed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(Buffer.from(sha256(bytes)).toString('hex')).toBe(
        createHash('sha256').update(bytes).digest('hex'),
      );
    }),
  );
});

test.each([
  ['SHA-256', 1, 20_000, {}],
  ['SHA-256', 7, 300, {}],
  ['SHA-256', 1, 0, { keyLength: 20, keyPrefixLength: 3 }],
  ['PBKDF2/SHA-256', 100, 40, {}],
  ['PBKDF2/SHA-256', 1, 2, {}],
])('%s at a cost of %d: the library takes the solution', async (algorithm, cost, counter, more) => {
  const { challenge, deriveKey } = await ask(algorithm, cost, counter, more);
  expect(isChallenge(challenge)).toBe(true);
  const solution = await solve(challenge, quickly);
  expect(solution?.counter).toBe(counter);
  // As a page on plain http has it.
  const alone = await solve(challenge, quickly, null);
  expect({ ...alone, time: 0 }).toEqual({ ...solution, time: 0 });
  const secrets = { hmacSignatureSecret, hmacKeySignatureSecret };
  const answer = await verifySolution({ challenge, solution: solution!, deriveKey, ...secrets });
  expect(answer.verified).toBe(true);
  // Without the shortcut of the key's signature: the key itself is right.
  const anew = await verifySolution({ challenge, solution: solution!, deriveKey, hmacSignatureSecret });
  expect(anew.verified).toBe(true);
});

test('whoever shares the thread gets a turn, and it is given up in time', async () => {
  const { challenge } = await ask('SHA-256', 1, 20_000);
  let rests = 0;
  const rest = async (): Promise<void> => void rests++;
  expect((await solve(challenge, { sliceMs: 0, msMax: Infinity, rest }))?.counter).toBe(20_000);
  expect(rests).toBeGreaterThan(5);
  expect(await solve(challenge, { sliceMs: 0, msMax: -1, rest })).toBeUndefined();
});

test('what is no challenge, or one of another kind, is not worked on', async () => {
  const { challenge } = await ask('SHA-256', 1, 1);
  const changed = (changes: object): Challenge => ({
    ...challenge,
    parameters: { ...challenge.parameters, ...changes },
  });
  for (const bad of [
    changed({ algorithm: 'SHA-512' }),
    changed({ algorithm: 'toString' }),
    changed({ nonce: 'xyz' }),
    changed({ salt: 7 }),
    changed({ cost: 0 }),
    changed({ cost: 1e9 }),
    changed({ keyLength: 64 }),
    changed({ keyPrefix: '' }),
    changed({ keyPrefix: 'ab'.repeat(33) }),
  ])
    expect(await solve(bad, quickly), JSON.stringify(bad.parameters)).toBeUndefined();
  for (const bad of [undefined, null, [], {}, { parameters: null }, 'challenge'])
    expect(isChallenge(bad)).toBe(false);
});
