// Many changes of stock in one request. All lines are on their way before the first is answered, so that those of one shard
// share its next append; each is answered when it is durable.
//
// requestIds that come from the places of lines are asked about first, product by product: when one was counted with another
// quantity, lines may have moved, and those behind it would be counted a second time under other names.

import type * as z from 'zod';
import type { ChangeStock, Reply, Retry } from '../actors/index.ts';
import type { Router } from '../runtime/index.ts';
import { adminDetail, adminRefusal } from './admin-details.ts';
import { Problem, PROBLEMS, type ProblemCode } from './problem.ts';
import type { StockBatch, StockRequest } from './stock-schemas.ts';

/** What became of one line: it is counted, or this is why not. */
export type StockResult =
  | { readonly requestId: string; readonly duplicate: boolean }
  | {
      readonly requestId: string;
      readonly code: ProblemCode;
      readonly detail: string;
      readonly retry: Retry;
    };

type Line = z.output<typeof StockRequest>;

/** @returns one for each line, in their order */
export async function changeStocks(
  router: Router,
  { change, lines, stopAtReused }: z.output<typeof StockBatch>,
): Promise<readonly StockResult[]> {
  const batch = new Batch(router, change === 'load' ? 'loadStock' : 'withdrawStock');
  if (!stopAtReused) return batch.sendAll(lines);
  const results = new Map<Line, StockResult>();
  const byProduct = Map.groupBy(lines, ({ productId }) => productId);
  const products = [...byProduct].map(async ([productId, ofProduct]) => {
    for (const [at, result] of (await batch.sendChecked(productId, ofProduct)).entries())
      results.set(ofProduct[at]!, result);
  });
  await Promise.all(products);
  return lines.map((line) => results.get(line)!);
}

class Batch {
  readonly #router: Router;
  readonly #kind: ChangeStock['kind'];

  constructor(router: Router, kind: ChangeStock['kind']) {
    this.#router = router;
    this.#kind = kind;
  }

  sendAll(lines: readonly Line[]): Promise<StockResult[]> {
    return Promise.all(lines.map((line) => this.#send(line)));
  }

  async sendChecked(productId: string, lines: readonly Line[]): Promise<StockResult[]> {
    const reply = await this.#router.request({
      kind: 'checkStock',
      productId,
      change: this.#kind,
      changes: lines.map(({ requestId, quantity }) => ({ requestId, quantity })),
    });
    if (reply.outcome !== 'refused') {
      // Whoever runs a file again, whole, is spared the rest.
      if (duplicateOf(reply)) return lines.map(({ requestId }) => ({ requestId, duplicate: true }));
      return this.sendAll(lines);
    }
    if (reply.refusal === 'idempotency_key_reused') return this.#sendUntilReused(lines);
    return lines.map((line) => resultOf(line, reply));
  }

  /** One behind the other: it is not known yet which line it is. */
  async #sendUntilReused(lines: readonly Line[]): Promise<StockResult[]> {
    const results: StockResult[] = [];
    let isOver = false;
    for (const line of lines) {
      // oxlint-disable-next-line no-await-in-loop -- the next one only if this one was not the one
      const result: StockResult = isOver ? notCarriedOut(line) : await this.#send(line);
      results.push(result);
      isOver ||= 'code' in result && result.code === 'idempotency_key_reused';
    }
    return results;
  }

  async #send(line: Line): Promise<StockResult> {
    return resultOf(line, await this.#router.request({ kind: this.#kind, ...line }));
  }
}

const notCarriedOut = (line: Line): StockResult => failureOf(line, new Problem('not_carried_out'));

const resultOf = (line: Line, reply: Reply): StockResult =>
  reply.outcome === 'refused'
    ? failureOf(line, adminRefusal(reply.refusal))
    : { requestId: line.requestId, duplicate: duplicateOf(reply) };

const failureOf = ({ requestId }: Line, problem: Problem): StockResult => {
  const { code } = problem;
  return { requestId, code, detail: adminDetail(problem), retry: PROBLEMS[code].retry };
};

function duplicateOf(reply: Reply): boolean {
  if (reply.outcome === 'stock') return reply.duplicate;
  throw new Error(`a change of stock was answered with ${reply.outcome}`);
}
