// sold-out: refusals of a sold-out product through the whole path of a real node, the actor included, against a bare echo.
// This is what nearly everybody meets in a flash sale. Only 409s that say `sold_out` count.

import { EMBEDDED_MODE } from './environment.ts';
import { runDuel } from './http.ts';
import type { Scenario } from './scenario.ts';

export const soldOut: Scenario = {
  modes: { sqlite: EMBEDDED_MODE },
  run: (options) => runDuel({ what: 'refusals', status: 409, text: '"sold_out"', units: 0 }, options),
};
