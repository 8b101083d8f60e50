// What is known of a request about stock that was not done.

import { CommandError } from '../node-client.ts';

export class StockRefused extends CommandError {
  /** As the HTTP API's, or `no_answer`. */
  readonly code: string;
  readonly detail: string;

  private constructor(message: string, code: string, detail: string) {
    super(message);
    this.code = code;
    this.detail = detail;
  }

  /** @param body a problem of the HTTP API */
  static answered(where: string, status: number, body: string): StockRefused {
    let detail = body.slice(0, UNREADABLE_CHARACTERS_MAX);
    try {
      const problem = JSON.parse(body) as { code?: unknown; detail?: unknown };
      if (typeof problem.code === 'string') {
        detail = String(problem.detail);
        return new StockRefused(
          `${where} answered ${status}: ${problem.code}: ${detail}`,
          problem.code,
          detail,
        );
      }
    } catch {
      // What stands between us and the node answered in its stead.
    }
    return new StockRefused(`${where} answered ${status}: ${detail}`, NO_ANSWER, detail);
  }

  static silent(where: string, why: string): StockRefused {
    return new StockRefused(`No answer from ${where}: ${why}`, NO_ANSWER, why);
  }
}

const NO_ANSWER = 'no_answer';
const UNREADABLE_CHARACTERS_MAX = 200;
