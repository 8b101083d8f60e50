// Runs one scenario on a ground, and tells what became of it.

import type { Ground } from './ground.ts';
import type { AttackReport, Scenario } from './scenario.ts';
import { Stage } from './stage.ts';

export async function runScenario(scenario: Scenario, ground: Ground, scale = 1): Promise<AttackReport> {
  const stage = new Stage(ground, scenario.name, scale);
  const since = performance.now();
  try {
    await scenario.run(stage).catch((error: unknown) => {
      // What was not tried was not held.
      stage.tally.breach(`the attack could not be carried out: ${String(error)}`);
    });
    const seconds = (performance.now() - since) / 1_000;
    const honest = await stage.figures();
    const violations = await ground.audit();
    const { tally } = stage;
    return {
      scenario: scenario.name,
      attempts: tally.attempts,
      blocked: sorted(tally.blocked),
      through: sorted(tally.through),
      breaches: tally.breaches,
      told: [...tally.told, ...violations],
      honest,
      violations: violations.length,
      seconds,
    };
  } finally {
    stage.close();
  }
}

/** The most frequent first. */
function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([, one], [, other]) => other - one));
}
