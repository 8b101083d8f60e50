// What every refusal of the API must look like.

import { expect } from 'vitest';
import type { ProblemCode } from '../../src/http/problem.ts';
import type { Answer } from '../harness/engine.ts';
import type { RawAnswer } from './raw.ts';

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly retry: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

/** @param detail what its words must contain */
export function expectProblem(
  answer: Answer<unknown> | RawAnswer,
  status: number,
  code: ProblemCode,
  detail: RegExp = /./,
): ProblemBody {
  const header = (name: string): string | null | undefined => {
    const { headers } = answer;
    return headers instanceof Headers ? headers.get(name) : (headers[name] as string | undefined);
  };
  const body = ('text' in answer ? JSON.parse(answer.text) : answer.body) as ProblemBody;
  expect(body).toMatchObject({ code, status, type: `/docs#${code}` });
  expect(answer.status).toBe(status);
  expect(body.title).not.toBe('');
  expect(body.detail).toMatch(detail);
  expect(body.retry).toMatch(/^(same_key|later|never)$/);
  expect(header('content-type')).toBe('application/problem+json');
  if (status === 503) expect(Number(header('retry-after'))).toBeGreaterThan(0);
  if (status === 401) expect(header('www-authenticate')).toBe('Bearer');
  return body;
}
