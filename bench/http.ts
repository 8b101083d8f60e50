// http: accepted purchases through the whole path of a real node (token, validation, key, limit, durable answer, projection
// on) against a bare echo. Each purchase has a customer, a token and a key of its own; only 201s count.
//
// With `--gates` a node with every gate on and one with all off take turns (gates.ts).
//
// With `--journal jetstream` three nodes take turns with the echo: one on SQLite, one on a NATS server, one on three of them.

import { DuelNodes } from './duel-nodes.ts';
import { EMBEDDED_MODE, JETSTREAM_MODE } from './environment.ts';
import { HttpDuel, type DuelOptions } from './http-duel.ts';
import type { Scenario, ScenarioOptions, ScenarioResult } from './scenario.ts';

export const http: Scenario = {
  modes: { sqlite: EMBEDDED_MODE, jetstream: JETSTREAM_MODE },
  run: (options) =>
    options.gates === true
      ? import('./gates.ts').then(({ gates }) => gates(options))
      : runDuel({ what: 'purchases', status: 201, text: '"reserved"', units: 10_000_000 }, options),
};

export async function runDuel(duelOptions: DuelOptions, options: ScenarioOptions): Promise<ScenarioResult> {
  const nodes = new DuelNodes();
  try {
    const duel = await HttpDuel.start(duelOptions, (env) => nodes.start(options.journal, env, options.say));
    try {
      return await duel.run(options);
    } finally {
      await duel.stop();
    }
  } finally {
    await nodes.stop();
  }
}
