// What the handlers of one thread have in hand of risk control. Made by open-risk.ts.

import type { CustomerStatuses, RiskDecisions } from '../../persistence/index.ts';
import type { RiskControl, RiskRules } from '../../risk/index.ts';

export interface RiskContext {
  /** Asked before money is taken. */
  readonly control: RiskControl;
  readonly statuses: CustomerStatuses;
  readonly decisions: RiskDecisions;
  readonly rules: RiskRules;
  /** As they were written. */
  readonly rulesText: string;
  /** Undefined: those that come with the program. */
  readonly rulesFile: string | undefined;
  /** After a change: this node looks at once, the others within two seconds. */
  readonly onStatusChanged: () => void;
}
