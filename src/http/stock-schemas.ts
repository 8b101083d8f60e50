// The shapes of what admins ask about stock where each change is named in the body: over NATS, and in batches.

import * as z from 'zod';
import type { Retry } from '../actors/index.ts';
import { PROBLEMS, type ProblemCode } from './problem.ts';
import { IDEMPOTENCY_KEY, ProductId, UNITS_PER_LOAD_MAX } from './schemas.ts';

/** So many lines of the longest names are a request of `adminBytesMax` at most. */
export const BATCH_LINES_MAX = 128;

const RequestId = z
  .string({
    error: 'must be given: text that names this change, so that its repetition does not count again',
  })
  .regex(IDEMPOTENCY_KEY, 'must be 1 to 128 printable ASCII characters');

/** Loading and withdrawing are told apart beside it. */
export const StockRequest = z
  .strictObject({
    productId: ProductId,
    quantity: z.int().min(1).max(UNITS_PER_LOAD_MAX).meta({ example: 500 }),
    requestId: RequestId.meta({ example: 'delivery-7-line-12' }),
  })
  .meta({ id: 'StockRequest' });

export const ShowStockRequest = z.strictObject({ productId: ProductId });

export const StockBatch = z
  .strictObject({
    change: z.enum(['load', 'withdraw']),
    lines: z.array(StockRequest).min(1).max(BATCH_LINES_MAX),
    stopAtReused: z
      .boolean()
      .default(false)
      .meta({
        description:
          'When the requestId of a line was counted with another quantity before, the lines of its product behind it are ' +
          '`not_carried_out`. For requestIds that come from the places of lines, which then may have moved.',
      }),
  })
  .meta({ id: 'StockBatch' });

export const StockBatchResults = z
  .object({
    results: z.array(
      z.object({
        requestId: z.string(),
        duplicate: z.boolean().optional().meta({ description: 'It is counted; true: it was before.' }),
        code: z
          .enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]])
          .optional()
          .meta({ description: 'It was refused, or nobody knows.' }),
        detail: z.string().optional(),
        retry: z.enum(['same_key', 'later', 'never'] satisfies Retry[]).optional(),
      }),
    ),
  })
  .meta({ id: 'StockBatchResults', description: 'One for each line, in the same order.' });
