// The admin calls as messages: one JSON object in, one JSON object out, errors as the HTTP API's problems. Which way they
// travel is somebody else's matter (runtime/jetstream/admin-service.ts).

import type { AdminAnswer, AdminCall } from '../runtime/index.ts';
import type { AdminDesk } from './admin-desk.ts';
import { Problem, problemBody, PROBLEMS } from './problem.ts';
import { parseJson } from './request.ts';
import { NoFields, PutProductRequest, ShowStockRequest, StockRequest } from './schemas.ts';

export interface AdminCallOptions {
  readonly desk: AdminDesk;
  readonly bytesMax: number;
  /** A bug, or something that nobody foresaw. */
  readonly onError: (error: unknown) => void;
}

/** Where the problem's own text speaks of a header. */
const DETAILS: Partial<Record<keyof typeof PROBLEMS, string>> = {
  idempotency_key_reused:
    'This requestId was accepted with another quantity, or for a load instead of a withdrawal. Nothing was changed; use a ' +
    'new requestId for a new change.',
  version_conflict:
    'expectedRevision is not the present revision. Read it again, then repeat the change without or with the new one.',
  not_found: 'There is no such product. Make it first: admin.product.put.',
  outcome_unknown: 'It may have been accepted or not. Repeat it with the same requestId.',
  overloaded:
    'This request was surely not accepted. Repeat it with the same requestId after a second. A product takes 100,000 changes ' +
    'of its stock at most.',
};

export async function answerAdminCall(
  { desk, bytesMax, onError }: AdminCallOptions,
  call: AdminCall,
  bytes: Uint8Array,
): Promise<AdminAnswer> {
  try {
    if (bytes.length > bytesMax)
      throw new Problem('payload_too_large', { detail: `A request may have ${bytesMax} bytes at most.` });
    return { body: JSON.stringify(await carryOut(desk, call, bytes)) };
  } catch (error) {
    if (error instanceof Problem) return problemOf(error);
    onError(error);
    return problemOf(new Problem(call.endsWith('show') ? 'unavailable' : 'outcome_unknown'));
  }
}

/** @throws Problem */
async function carryOut(desk: AdminDesk, call: AdminCall, bytes: Uint8Array): Promise<unknown> {
  switch (call) {
    case 'stock.load':
      return desk.changeStock({ kind: 'loadStock', ...parseJson(bytes, StockRequest) });
    case 'stock.withdraw':
      return desk.changeStock({ kind: 'withdrawStock', ...parseJson(bytes, StockRequest) });
    case 'stock.show':
      return desk.showStock(parseJson(bytes, ShowStockRequest).productId);
    case 'product.put': {
      const { productId, expectedRevision, ...product } = parseJson(bytes, PutProductRequest);
      const saved = await desk.putProduct(productId, product, expectedRevision);
      return { ...saved.product, revision: saved.revision, created: saved.isNew };
    }
    case 'shards.show':
      if (bytes.length > 0) parseJson(bytes, NoFields);
      return desk.shards();
  }
}

function problemOf({ code, extra }: Problem): AdminAnswer {
  const detail = DETAILS[code];
  const body = problemBody(code, { ...(detail !== undefined && { detail }), ...extra });
  return { error: { code: PROBLEMS[code].status, description: code }, body };
}

/** Refused before anybody looked at it. */
export const tooManyAdminCalls = (): AdminAnswer => problemOf(new Problem('overloaded'));
