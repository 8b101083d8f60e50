// Payments of a node that has nobody to take them: nothing is charged, and nothing waits.

import { Problem } from '../problem.ts';
import type { Payments } from './payments.ts';

const nobody = (): Promise<never> =>
  Promise.reject(
    new Problem('payment_declined', {
      detail:
        'No payment provider is configured; nothing was charged, and the hold goes on. Whoever runs the shop sets PAYMENT_URL.',
    }),
  );

export const NO_PAYMENTS: Payments = {
  pay: nobody,
  cancelled: () => undefined,
  approve: () => Promise.resolve({ outcome: 'gone', order: undefined }),
  reject: () => Promise.resolve({ outcome: 'gone', order: undefined }),
  webhook: () => Promise.reject(new Problem('not_found')),
};
