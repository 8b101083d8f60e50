// http: accepted purchases through the whole path of a real node (token, validation, key, limit, durable answer, projection
// on) against a bare echo. Each purchase has a customer, a token and a key of its own; only 201s count.

import { EMBEDDED_MODE } from './environment.ts';
import { HttpDuel } from './http-duel.ts';
import type { Scenario, ScenarioOptions, ScenarioResult } from './scenario.ts';

export const http: Scenario = { modes: { sqlite: EMBEDDED_MODE }, run };

async function run(options: ScenarioOptions): Promise<ScenarioResult> {
  const duel = await HttpDuel.start({
    what: 'purchases',
    status: 201,
    text: '"reserved"',
    units: 10_000_000,
  });
  try {
    return await duel.run(options);
  } finally {
    await duel.stop();
  }
}
