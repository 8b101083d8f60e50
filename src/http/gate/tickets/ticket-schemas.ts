// The shapes of POST /v1/tickets: they validate what comes in, and describe it at /openapi.json.

import * as z from 'zod';
import { ChallengeShape } from '../challenge/index.ts';
import { ProblemDetails, ProductId } from '../../schemas.ts';

/** Of a solution, in base64; one is about half of it. */
export const SOLUTION_CHARACTERS_MAX = 2_048;
/** Of a pass; one is about half of it. */
export const PASS_CHARACTERS_MAX = 512;

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

export const AskTicket = z
  .strictObject({
    productId: ProductId,
    solution: z
      .string()
      .max(SOLUTION_CHARACTERS_MAX, `must have at most ${SOLUTION_CHARACTERS_MAX} characters`)
      .regex(BASE64, 'must be base64 of {"challenge": …, "solution": …}')
      .optional()
      .meta({ description: 'Of the challenge of the answer before: ALTCHA’s payload, base64 of its JSON.' }),
    wait: z
      .string()
      .min(1)
      .max(PASS_CHARACTERS_MAX, `must have at most ${PASS_CHARACTERS_MAX} characters`)
      .optional()
      .meta({ description: 'Instead of a solution: the pass of the answer before, from its `goodFrom` on.' }),
  })
  .refine(({ solution, wait }) => solution === undefined || wait === undefined, {
    path: ['wait'],
    message: 'must be left out where a solution is sent',
  })
  .meta({ id: 'AskTicket' });

const Instant = z.iso.datetime({ offset: true });

export const Ticket = z
  .object({
    productId: ProductId,
    ticket: z.string().meta({ description: 'For the header `Doorbuster-Ticket` of a purchase.' }),
    expiresAt: Instant.meta({ description: 'Get another one when it is over.' }),
  })
  .meta({ id: 'Ticket' });

const Challenge = ChallengeShape.meta({
  id: 'Challenge',
  description: 'Proof of work in ALTCHA’s protocol, version 2.',
});

export const WORK_FAULTS = [
  'solution_wrong',
  'challenge_expired',
  'challenge_foreign',
  'challenge_forged',
  'pass_early',
  'pass_expired',
  'pass_wrong',
] as const;
export type WorkFault = (typeof WORK_FAULTS)[number];

export const ChallengeRequired = ProblemDetails.extend({
  challenge: Challenge,
  wait: z
    .object({
      pass: z.string().meta({ description: 'Send it as `wait` from `goodFrom` on, and before `goodUntil`.' }),
      goodFrom: Instant,
      goodUntil: Instant,
      seconds: z.int().meta({ description: 'From now to `goodFrom`.' }),
    })
    .meta({ description: 'For those who cannot work.' }),
  fault: z.enum(WORK_FAULTS).optional().meta({ description: 'Of what was sent; missing where nothing was.' }),
}).meta({ id: 'ChallengeRequired' });
