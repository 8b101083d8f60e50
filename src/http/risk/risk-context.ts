// What the handlers of one thread have in hand of risk control. Made by open-risk.ts.

import type { CustomerStatuses, RiskDecisions } from '../../persistence/index.ts';
import type { CustomerStatus, RiskControl, RiskRules } from '../../risk/index.ts';

export interface RiskContext {
  /** Asked before money is taken. */
  readonly control: RiskControl;
  readonly statuses: CustomerStatuses;
  readonly decisions: RiskDecisions;
  readonly rules: RiskRules;
  /**
   * The customer's status as this node has it in memory: up to two seconds old, and `active` of whoever is not known. Never asks
   * Postgres, and never throws.
   */
  readonly riskOf: (customerId: string) => Promise<CustomerStatus>;
  /** After a change: this node looks at once, the others within two seconds. */
  readonly onStatusChanged: () => void;
}
