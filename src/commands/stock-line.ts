// One line of a stock file: what it must be, and the name by which it counts once.
//
// A line without a requestId is given one, `<batch>-<productId>-<nth line of this product>`. So a run that was killed and is
// repeated counts nothing twice. A wrong line counts as one of its product, so that mending it leaves the others' names.

import { createHash } from 'node:crypto';
import { ACTOR_LIMITS } from '../actors/index.ts';
import { IDEMPOTENCY_KEY, ProductId, UNITS_PER_LOAD_MAX } from '../http/schemas.ts';

export interface StockLine {
  /** From 1, as an editor counts; where a line's text begins. */
  readonly line: number;
  readonly productId: string;
  readonly quantity: number;
  readonly requestId: string;
  /** Its requestId stands in the file. */
  readonly isNamed: boolean;
}

export interface BadLine {
  readonly line: number;
  readonly text: string;
  readonly problem: string;
}

export const COLUMNS = ['productId', 'quantity', 'requestId'] as const;
export type Column = (typeof COLUMNS)[number];

/** Knows the lines that it saw before. */
export class StockLineCheck {
  readonly #columns: readonly Column[];
  readonly #batch: string;
  readonly #linesOf = new Map<string, number>();
  /** What each requestId of a product was first used for. */
  readonly #used = new Map<string, { readonly line: number; readonly quantity: number }>();

  constructor(columns: readonly Column[], batch: string) {
    this.#columns = columns;
    this.#batch = batch;
  }

  /** @returns what is wrong with it, and what would be right */
  line(line: number, record: readonly string[]): StockLine | string {
    const {
      productId = '',
      quantity: text = '',
      requestId: name = '',
    } = Object.fromEntries(this.#columns.map((column, at) => [column, record[at]])) as Partial<
      Record<Column, string>
    >;
    const isProduct = ProductId.safeParse(productId).success;
    const nth = (this.#linesOf.get(productId) ?? 0) + 1;
    if (isProduct) this.#linesOf.set(productId, nth);
    if (record.length !== this.#columns.length)
      return `has ${record.length} columns; the header has ${this.#columns.length}: ${this.#columns.join(',')}`;
    if (!isProduct)
      return `productId: must be 1 to 64 letters, digits, dots, dashes or underscores, not ${quoted(productId)}`;
    if (nth > ACTOR_LIMITS.stockRequestsMax)
      return `productId: one product takes ${ACTOR_LIMITS.stockRequestsMax} changes of its stock at most; load more with each`;
    const quantity = /^\d{1,8}$/.test(text) ? Number(text) : 0;
    if (quantity < 1 || quantity > UNITS_PER_LOAD_MAX)
      return `quantity: must be a whole number from 1 to ${UNITS_PER_LOAD_MAX}, not ${quoted(text)}`;
    if (name !== '' && !IDEMPOTENCY_KEY.test(name))
      return `requestId: must be 1 to 128 printable ASCII characters without spaces, not ${quoted(name)}`;
    const requestId = name === '' ? derived(this.#batch, productId, nth) : name;
    const key = `${productId} ${requestId}`;
    const first = this.#used.get(key);
    if (first !== undefined && first.quantity !== quantity)
      return `requestId: ${requestId} stands for ${first.quantity} units in line ${first.line}; another change needs another one`;
    if (first === undefined) this.#used.set(key, { line, quantity });
    return { line, productId, quantity, requestId, isNamed: name !== '' };
  }
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 80));

/** Hashed where it would be no key: a file's name may be long, and in any language. */
function derived(batch: string, productId: string, nth: number): string {
  const plain = `${batch}-${productId}-${nth}`;
  if (IDEMPOTENCY_KEY.test(plain)) return plain;
  return `batch-${createHash('sha256').update(plain).digest('hex')}`;
}
