// Risk control of a node: on its main thread, statuses are followed and old rows removed; on each worker thread, payments are judged.

import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { Counters, RiskContext } from './http/index.ts';
import {
  CustomerStatuses,
  openPool,
  PaymentLedger,
  RiskDecisions,
  RiskFactReads,
  RiskJudge,
  type PostgresConnection,
} from './persistence/index.ts';
import type { StatusTable } from './risk/index.ts';
import { systemClock as clock, systemTimers as timers } from './runtime/index.ts';
import { SeldomLog } from './seldom-log.ts';
import { StatusKeeper } from './status-keeper.ts';
import { stopKeeper } from './stop-keeper.ts';

const CONNECTIONS = 1;

export interface FollowedStatuses {
  readonly keeper: StatusKeeper;
  stop(): Promise<void>;
}

/** On the main thread. */
export async function followStatuses(
  connection: PostgresConnection,
  table: StatusTable,
  logger: Logger,
): Promise<FollowedStatuses> {
  const pool = openPool(connection, CONNECTIONS, 'doorbuster statuses');
  const keeper = new StatusKeeper({
    statuses: new CustomerStatuses(pool),
    decisions: new RiskDecisions(pool),
    facts: new RiskFactReads(pool),
    ledger: new PaymentLedger(pool),
    table,
    clock,
    timers,
    logger,
  });
  await keeper.start();
  return { keeper, stop: () => stopKeeper(keeper, pool) };
}

/** On a worker thread. @param onStatusChanged somebody changed one here: the node looks at once */
export function openRisk(
  pool: Pool,
  { rules, text, path }: Config['risk'],
  onStatusChanged: () => void,
  counters: Counters,
  logger: Pick<Logger, 'warn'>,
): RiskContext {
  const decisions = new RiskDecisions(pool);
  const seldom = new SeldomLog(clock, (why, times) =>
    logger.warn({ why, times }, 'a payment could not be judged: its hold is extended in bounds'),
  );
  const judge = new RiskJudge({
    rules,
    facts: new RiskFactReads(pool),
    decisions,
    timers,
    count: (outcome) => counters.check('risk', outcome),
    onUnavailable: (why) => seldom.tell(why),
  });
  return {
    control: judge,
    statuses: new CustomerStatuses(pool),
    decisions,
    rules,
    rulesText: text,
    rulesFile: path,
    onStatusChanged,
  };
}
