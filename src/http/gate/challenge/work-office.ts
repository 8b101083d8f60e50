// Proof of work in ALTCHA's protocol, version 2, by its library. A challenge names the beginning of a key that is derived from one counter
// of many, and whoever tries them in turn finds it; its end is known here by a signature alone, so that a solution is checked
// without deriving anything. The counter is drawn evenly from all that are tried: nobody gains by beginning elsewhere, and the
// longest search is twice the usual one.
//
// PBKDF2, since browsers and phones have it ready-made in native code: in JavaScript a plain hash costs an honest page many times what it
// costs a bot.

import { createChallenge, verifySolution, type Challenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2';
import * as z from 'zod';
import type { Key } from '../../../actors/index.ts';
import type { Clock, Random } from '../../../runtime/index.ts';
import { derivedSecret } from '../../derived-secret.ts';
import { invalid, Problem } from '../../problem.ts';
import { parse } from '../../request.ts';

export const WORK = {
  algorithm: 'PBKDF2/SHA-256',
  /** Iterations of one try. */
  cost: 1_000,
  /** A challenge is good for so long, seconds. */
  lifeSeconds: 180,
  /** Challenges made and solutions checked at once, of one thread. */
  atOnceMax: 64,
} as const;

const HEX = /^[0-9a-f]{1,128}$/;
const hexadecimal = z.string().regex(HEX, 'must be hexadecimal, in small letters');

export const ChallengeShape = z.strictObject({
  parameters: z.strictObject({
    algorithm: z.string().max(32).meta({ example: WORK.algorithm }),
    cost: z.int().meta({ description: 'Iterations of each try.', example: WORK.cost }),
    data: z
      .strictObject({ customer: hexadecimal, product: z.string().max(64) })
      .meta({ description: 'For whom and what it is.' }),
    expiresAt: z.int().meta({ description: 'Epoch seconds.' }),
    keyLength: z.int().meta({ description: 'Bytes.', example: 32 }),
    keyPrefix: hexadecimal.meta({ description: 'What the key that is looked for begins with.' }),
    keySignature: hexadecimal,
    nonce: hexadecimal.meta({ description: 'What is hashed: these bytes, then a counter of 4, big-endian.' }),
    salt: hexadecimal,
  }),
  signature: hexadecimal,
});

const Payload = z.strictObject({
  challenge: ChallengeShape,
  solution: z.strictObject({
    counter: z.int().min(0).max(0xffff_ffff),
    derivedKey: hexadecimal,
    time: z.number().optional(),
  }),
});

export type SolutionFault = 'solution_wrong' | 'challenge_expired' | 'challenge_foreign' | 'challenge_forged';

export type Checked =
  /** The same for every solution of one challenge. One-byte characters. */
  { readonly challenge: string } | { readonly fault: SolutionFault };

export interface WorkFor {
  readonly customerKey: Key;
  readonly productId: string;
}

export class WorkOffice {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #secrets: { readonly hmacSignatureSecret: string; readonly hmacKeySignatureSecret: string };
  #underWay = 0;

  /** @param secret common to all nodes */
  constructor(secret: string, clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
    this.#secrets = {
      hmacSignatureSecret: derivedSecret(secret, 'ticket work 1'),
      hmacKeySignatureSecret: derivedSecret(secret, 'ticket work key 1'),
    };
  }

  /** @param tries that it may take at the most @throws Problem overloaded */
  make({ customerKey, productId }: WorkFor, tries: number): Promise<Challenge> {
    return this.#bounded(() =>
      createChallenge({
        algorithm: WORK.algorithm,
        cost: WORK.cost,
        counter: this.#drawn(tries),
        deriveKey,
        expiresAt: Math.floor(this.#clock.now() / 1_000) + WORK.lifeSeconds,
        data: { customer: hexOf(customerKey), product: productId },
        ...this.#secrets,
      }),
    );
  }

  /**
   * @param payload base64 of ALTCHA's JSON
   * @throws Problem invalid_request when it is none, overloaded
   */
  async check(payload: string, { customerKey, productId }: WorkFor): Promise<Checked> {
    const { challenge, solution } = read(payload);
    const { data, expiresAt } = challenge.parameters;
    if (expiresAt * 1_000 <= this.#clock.now()) return { fault: 'challenge_expired' };
    if (data.customer !== hexOf(customerKey) || data.product !== productId)
      return { fault: 'challenge_foreign' };
    const { counter, derivedKey } = solution;
    const verdict = await this.#bounded(() =>
      verifySolution({ challenge, solution: { counter, derivedKey }, deriveKey, ...this.#secrets }),
    );
    if (verdict.verified) return { challenge: `work\0${challenge.signature}` };
    if (verdict.expired) return { fault: 'challenge_expired' };
    return { fault: verdict.invalidSignature === true ? 'challenge_forged' : 'solution_wrong' };
  }

  /** Evenly below a power of two, or nearly so below any other number. */
  #drawn(tries: number): number {
    return Buffer.from(this.#random.characters(4), 'latin1').readUInt32BE() % tries;
  }

  async #bounded<T>(work: () => Promise<T>): Promise<T> {
    if (this.#underWay >= WORK.atOnceMax) throw new Problem('overloaded');
    this.#underWay++;
    try {
      return await work();
    } finally {
      this.#underWay--;
    }
  }
}

/** @throws Problem invalid_request */
function read(payload: string): z.output<typeof Payload> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(payload, 'base64').toString());
  } catch {
    throw invalid('solution', 'must be base64 of the JSON {"challenge": …, "solution": …}');
  }
  return parse(Payload, value, 'solution');
}

const hexOf = (key: Key): string => Buffer.from(key, 'latin1').toString('hex');
