// What an answer says of the limit that judged its request: the fields of draft-ietf-httpapi-ratelimit-headers-10.

import type { Answer } from '../../answer.ts';
import { problemAnswer } from '../../problem.ts';
import type { Verdict } from './rate-limits.ts';

export const RATE_LIMIT = 'RateLimit';
export const RATE_LIMIT_POLICY = 'RateLimit-Policy';

export const withLimit = (answer: Answer, { rateLimit, policy }: Verdict): Answer => ({
  ...answer,
  headers: { ...answer.headers, [RATE_LIMIT]: rateLimit, [RATE_LIMIT_POLICY]: policy },
});

/** @param retryAfterSeconds later than the verdict has it, where something else has to be waited for, too */
export function tooMany(verdict: Verdict, retryAfterSeconds = verdict.retryAfterSeconds): Answer {
  const answer = problemAnswer('rate_limited');
  const headers = { ...answer.headers, 'Retry-After': String(retryAfterSeconds) };
  return withLimit({ ...answer, headers }, verdict);
}
