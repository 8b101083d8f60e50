// The admin calls as messages: one JSON object in, one JSON object out, errors as the HTTP API's problems. Which way they
// travel is somebody else's matter (runtime/jetstream/admin-service.ts).

import * as z from 'zod';
import type { AdminAnswer, AdminCall } from '../runtime/index.ts';
import type { AdminDesk } from './admin-desk.ts';
import { adminDetail } from './admin-details.ts';
import { Problem, problemBody, PROBLEMS } from './problem.ts';
import { parseJson } from './request.ts';
import { NoFields, PutProductRequest } from './schemas.ts';
import type { StatusDesk } from './risk/index.ts';
import { ChangedStatus, PutStatuses } from './risk/status-schemas.ts';
import { ShowStockRequest, StockBatch, StockRequest } from './stock-schemas.ts';

export interface AdminCallOptions {
  readonly desk: AdminDesk;
  readonly statuses: StatusDesk;
  readonly bytesMax: number;
  /** A bug, or something that nobody foresaw. */
  readonly onError: (error: unknown) => void;
}

export async function answerAdminCall(
  { desk, statuses, bytesMax, onError }: AdminCallOptions,
  call: AdminCall,
  bytes: Uint8Array,
): Promise<AdminAnswer> {
  try {
    if (bytes.length > bytesMax)
      throw new Problem('payload_too_large', { detail: `A request may have ${bytesMax} bytes at most.` });
    return { body: JSON.stringify(await carryOut(desk, statuses, call, bytes)) };
  } catch (error) {
    if (error instanceof Problem) return problemOf(error);
    onError(error);
    return problemOf(new Problem(call.endsWith('show') ? 'unavailable' : 'outcome_unknown'));
  }
}

/** @throws Problem */
async function carryOut(
  desk: AdminDesk,
  statuses: StatusDesk,
  call: AdminCall,
  bytes: Uint8Array,
): Promise<unknown> {
  switch (call) {
    case 'stock.load':
      return desk.changeStock({ kind: 'loadStock', ...parseJson(bytes, StockRequest) });
    case 'stock.withdraw':
      return desk.changeStock({ kind: 'withdrawStock', ...parseJson(bytes, StockRequest) });
    case 'stock.batch':
      return desk.changeStocks(parseJson(bytes, StockBatch));
    case 'stock.show':
      return desk.showStock(parseJson(bytes, ShowStockRequest).productId);
    case 'product.put': {
      const { productId, expectedRevision, ...product } = parseJson(bytes, PutProductRequest);
      const saved = await desk.putProduct(productId, product, expectedRevision);
      return { ...saved.product, revision: saved.revision, created: saved.isNew };
    }
    case 'customer.status': {
      // Of one customer, or of many.
      if ('statuses' in parseJson(bytes, z.looseObject({})))
        return statuses.changeAll(parseJson(bytes, PutStatuses));
      const { customerId, ...given } = parseJson(bytes, ChangedStatus);
      return statuses.change(customerId, given);
    }
    case 'shards.show':
      if (bytes.length > 0) parseJson(bytes, NoFields);
      return desk.shards();
  }
}

function problemOf(problem: Problem): AdminAnswer {
  const { code, extra } = problem;
  const body = problemBody(code, { ...extra, detail: adminDetail(problem) });
  return { error: { code: PROBLEMS[code].status, description: code }, body };
}

/** Refused before anybody looked at it. */
export const tooManyAdminCalls = (): AdminAnswer => problemOf(new Problem('overloaded'));
