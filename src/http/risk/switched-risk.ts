// Risk control as a campaign switches it: where its gate does without, nothing is judged and every payment may be taken.

import type { RiskControl } from '../../risk/index.ts';
import type { Doors } from '../doors.ts';

export const switchedRisk = (control: RiskControl, doors: Pick<Doors, 'isJudged'>): RiskControl => ({
  judge: async (question) =>
    doors.isJudged(question.productId) ? control.judge(question) : { outcome: 'allow' },
});
