// What the operations of all nouns are put together from.

import * as z from 'zod';
import type { ZodOpenApiOperationObject } from 'zod-openapi';
import { problemBody, PROBLEMS, type ProblemCode } from '../problem.ts';
import * as schemas from '../schemas.ts';

export const json = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } });

/** Responses by status, with the codes that each may carry. */
export function problems(...codes: ProblemCode[]): ZodOpenApiOperationObject['responses'] {
  const byStatus = new Map<string, ProblemCode[]>();
  for (const code of codes) {
    const status = String(PROBLEMS[code].status);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => [
      status,
      {
        description: ofStatus.map((code) => `\`${code}\`: ${PROBLEMS[code].detail}`).join('\n\n'),
        content: {
          'application/problem+json': {
            schema: schemas.ProblemDetails,
            examples: Object.fromEntries(
              ofStatus.map((code) => [code, { value: JSON.parse(problemBody(code)) as unknown }]),
            ),
          },
        },
      },
    ]),
  );
}

export const ok = (description: string, schema: z.ZodType) => ({ description, ...json(schema) });
export const keyHeader = z.object({ 'Idempotency-Key': schemas.IdempotencyKey });
export const invitation = {
  'Doorbuster-Invitation': z.string().optional().meta({
    description: 'That the caller was sent, for a campaign of invited customers. A wrong one counts as none.',
  }),
};
export const ticket = {
  'Doorbuster-Ticket': z.string().optional().meta({
    description: 'Of POST /v1/tickets, where the sale asks for one.',
  }),
};
export const orderPath = { path: z.object({ id: schemas.Order.shape.id }) };
export const productPath = { path: z.object({ id: schemas.ProductId }) };
export const shopper = [{ shopper: [] }, { session: [] }];
/** What is open to everyone is shown to whoever is not signed in, too. */
export const anybody = [...shopper, {}];
export const admin = [{ admin: [] }];
export const busy = ['overloaded', 'outcome_unknown'] as const;

export const eventStream = (description: string) => ({
  description,
  content: { 'text/event-stream': { schema: z.string() } },
});
