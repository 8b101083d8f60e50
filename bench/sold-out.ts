// sold-out: refusals of a sold-out product through the whole path of a real node, the actor included, against a bare echo.
// This is what nearly everybody meets in a flash sale. Only 409s that say `sold_out` count.

import { EMBEDDED_MODE } from './environment.ts';
import { HttpDuel } from './http-duel.ts';
import type { Scenario, ScenarioOptions, ScenarioResult } from './scenario.ts';

export const soldOut: Scenario = { modes: { sqlite: EMBEDDED_MODE }, run };

async function run(options: ScenarioOptions): Promise<ScenarioResult> {
  const duel = await HttpDuel.start({ what: 'refusals', status: 409, text: '"sold_out"', units: 0 });
  try {
    return await duel.run(options);
  } finally {
    await duel.stop();
  }
}
