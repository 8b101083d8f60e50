// The lines of one product in a stock file that are still to be counted. One request has a lane's next lines at a time.
//
//   ordered   lines without a requestId of their own: their names say which line of their product they are
//   free      lines with one: each by itself
//
// When a line of an ordered lane was counted with another quantity before, the file was changed in a way that may have moved
// the names of those behind it; they stay undone.

import type { StockResult } from '../http/index.ts';
import type { StockLine } from './stock-line.ts';

export interface LaneReport {
  onCounted(line: StockLine, isDuplicate: boolean): void;
  onBad(line: StockLine, problem: string): void;
}

export const ATTEMPTS_MAX = 8;
/** Of a line, or of a whole request: the same again may help. */
export const AGAIN = new Set(['overloaded', 'outcome_unknown', 'shutting_down', 'unavailable', 'no_answer']);

export class StockLane {
  readonly isOrdered: boolean;
  readonly #lines: readonly StockLine[];
  #next = 0;
  /** Asked for, and not counted yet; they come before the others. */
  #waiting: StockLine[] = [];
  #attempts = 0;
  /** The first line that nobody knows of after all attempts, and why. */
  #hopeless: { readonly line: StockLine; readonly why: string } | undefined;

  constructor(lines: readonly StockLine[], isOrdered: boolean) {
    this.#lines = lines;
    this.isOrdered = isOrdered;
  }

  get isOver(): boolean {
    return this.#waiting.length === 0 && this.#next >= this.#lines.length;
  }

  /** Attempts of its first line, none of which told what became of it. */
  get attempts(): number {
    return this.#attempts;
  }

  get hopeless(): { readonly line: StockLine; readonly why: string } | undefined {
    return this.#hopeless;
  }

  /** Its next lines, until `settle` or `failed` says what became of them. */
  take(linesMax: number): readonly StockLine[] {
    const more = Math.max(0, linesMax - this.#waiting.length);
    this.#waiting.push(...this.#lines.slice(this.#next, this.#next + more));
    this.#next = Math.min(this.#lines.length, this.#next + more);
    return this.#waiting.slice(0, linesMax);
  }

  /** @param results of the lines that were taken, in their order */
  settle(results: readonly StockResult[], report: LaneReport): void {
    const left: StockLine[] = [];
    let unknown: string | undefined;
    let mismatch: StockLine | undefined;
    for (const [at, result] of results.entries()) {
      const line = this.#waiting[at]!;
      if ('duplicate' in result) {
        report.onCounted(line, result.duplicate);
        if (unknown === undefined) this.#attempts = 0;
      } else if (mismatch !== undefined) report.onBad(line, behind(mismatch));
      else if (this.#mayHelp(result.code)) {
        unknown ??= result.code;
        left.push(line);
      } else {
        report.onBad(line, problemOf(line, result));
        if (result.code === 'idempotency_key_reused' && this.isOrdered) mismatch = line;
      }
    }
    this.#waiting = [...left, ...this.#waiting.slice(results.length)];
    if (mismatch !== undefined) this.#giveUpBehind(mismatch, report);
    if (unknown !== undefined) this.failed(unknown);
  }

  /** What is too much to the end is that line's own trouble: its product takes no more changes. */
  #mayHelp(code: string): boolean {
    return AGAIN.has(code) && !(code === 'overloaded' && this.#attempts >= ATTEMPTS_MAX - 1);
  }

  /** Nobody knows what became of its lines. */
  failed(why: string): void {
    this.#attempts++;
    if (this.#attempts >= ATTEMPTS_MAX) this.#hopeless = { line: this.#waiting[0]!, why };
  }

  /** Lines that were sent before it, and of which nobody knows yet, are still asked for. */
  #giveUpBehind(mismatch: StockLine, report: LaneReport): void {
    const isBehind = ({ line }: StockLine): boolean => line > mismatch.line;
    const undone = [...this.#waiting.filter(isBehind), ...this.#lines.slice(this.#next)];
    this.#waiting = this.#waiting.filter((line) => !isBehind(line));
    this.#next = this.#lines.length;
    for (const line of undone) report.onBad(line, behind(mismatch));
  }
}

const behind = ({ line }: StockLine): string =>
  `not carried out: line ${line} of the same product was counted with another quantity before, so that this line may have been ` +
  'counted under another name. Look at the product’s stock, and name what is missing with a requestId of its own';

function problemOf(
  { productId, requestId }: StockLine,
  { code, detail }: { code: string; detail: string },
): string {
  const why = code === 'not_found' ? `there is no product ${productId}; make it first` : detail;
  return `${code}: ${why} (requestId ${requestId})`;
}
