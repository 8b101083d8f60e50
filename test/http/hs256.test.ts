// The reader of usual tokens accepts exactly what the library accepts of them, and never more.

import fc from 'fast-check';
import { createSigner, createVerifier } from 'fast-jwt';
import { describe, expect, test } from 'vitest';
import { Hs256 } from '../../src/http/hs256.ts';
import { sign } from './tokens.ts';

const CHARACTERS_MAX = 4_096;
const SECRET = 'a secret that is long enough';
const reader = new Hs256(SECRET, CHARACTERS_MAX);

const secrets = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 });
const claims = fc.dictionary(fc.string(), fc.jsonValue()).map((extra) => ({ ...extra, sub: 'anna' }));

describe('a usual token', () => {
  test('is read with any secret and any claims', () => {
    fc.assert(
      fc.property(secrets, claims, (secret, wanted) => {
        const token = sign(wanted, { secret });
        expect(new Hs256(secret, token.length).claims(token)).toEqual(JSON.parse(JSON.stringify(wanted)));
      }),
    );
  });

  test('of the library is read, and the library reads the same', () => {
    const token = createSigner({ key: SECRET, noTimestamp: true })({ sub: 'žofie 🛒', exp: 4_000_000_000 });
    expect(reader.claims(token)).toEqual(createVerifier({ key: SECRET })(token));
  });

  test('is not read with any character of it changed, left out or doubled', () => {
    const token = sign({ sub: 'anna', exp: 4_000_000_000 });
    const own = new Hs256('another secret', CHARACTERS_MAX);
    expect(own.claims(token)).toBeUndefined();
    const good = sign({ sub: 'anna', exp: 4_000_000_000 }, { secret: SECRET });
    expect(reader.claims(good)).toBeDefined();
    for (let at = 0; at < good.length; at++) {
      const [before, character, after] = [good.slice(0, at), good[at]!, good.slice(at + 1)];
      // The last one has the same lowest eight bits.
      const others = [
        'A',
        'B',
        '.',
        '',
        character + character,
        String.fromCharCode(good.charCodeAt(at) + 256),
      ];
      for (const other of others) {
        if (other !== character) expect(reader.claims(before + other + after)).toBeUndefined();
      }
    }
  });
});

describe('is left to the library:', () => {
  test.each([
    ['another algorithm', sign({ sub: 'anna' }, { secret: SECRET, algorithm: 'HS512' })],
    ['no signature', sign({ sub: 'anna' }, { secret: SECRET, algorithm: 'none' })],
    ['claims that are not JSON', sign('{', { secret: SECRET })],
    ['an empty text', ''],
    ['dots', '..'],
    ['a header alone', sign({}, { secret: SECRET }).split('.')[0]! + '.'],
    ['a token that is too long', sign({ sub: 'a'.repeat(CHARACTERS_MAX) }, { secret: SECRET })],
  ])('%s', (_, token) => {
    expect(reader.claims(token)).toBeUndefined();
  });
});
