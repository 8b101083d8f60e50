// What happened on this thread, as plain numbers: counting must cost the path of a purchase nothing. Metrics read them.

import { Traffic } from './traffic.ts';

export class Counters {
  /** By product. */
  readonly traffic = new Traffic();
  readonly orders = new Map<string, number>();
  /** What the checks in front of a sale did, by `check/outcome`. */
  readonly gate = new Map<string, number>();
  /** Steps of payments that were made, and how they were judged. */
  readonly payments = new Map<string, number>();
  streams = 0;

  payment(step: string): void {
    this.payments.set(step, (this.payments.get(step) ?? 0) + 1);
  }

  /** @param outcome `reserved`, `replayed`, or a problem's code */
  order(outcome: string): void {
    this.orders.set(outcome, (this.orders.get(outcome) ?? 0) + 1);
  }

  /** @param check `limits`, `tickets` and so on, as docs/gate.md names them @param outcome one of few */
  check(check: string, outcome: string): void {
    const name = `${check}/${outcome}`;
    this.gate.set(name, (this.gate.get(name) ?? 0) + 1);
  }
}
