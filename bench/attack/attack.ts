// npm run attack -- SCENARIO|--all [--without GATE]… [--json]: attacks on nodes of its own, with every gate on, and honest shoppers
// beside. It tells what was blocked by which check and what got through, and exits 0 only when nothing got through that should
// not. docs/attacks.md says what each scenario tries.

import { parseArgs } from 'node:util';
import { environment } from '../environment.ts';
import { Gates, GATES, isGateName } from './gates.ts';
import type { Ground } from './ground.ts';
import { isHeld, type AttackReport, type Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { lineOf, storyOf, HEADING } from './table.ts';

const USAGE = `npm run attack -- SCENARIO… | --all [--without GATE]… [--scale 1] [--json]

Scenarios, as docs/attacks.md describes them:
${SCENARIOS.map(({ name, tries }) => `  ${name.padEnd(20)} ${tries}`).join('\n')}

  --without  leaves a gate open, to see what it is for: ${GATES.join(', ')}
  --scale    how many attackers and requests, in relation to the usual number, such as 0.1
  --json     a line of JSON for each scenario, and nothing else
`;

function readCommandLine() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        all: { type: 'boolean', default: false },
        without: { type: 'string', multiple: true, default: [] },
        scale: { type: 'string', default: '1' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    return fail((error as Error).message);
  }
}

function fail(problem: string): never {
  console.error(`${problem}\n\n${USAGE}`);
  process.exit(2);
}

function chosen(names: readonly string[], all: boolean): readonly Scenario[] {
  if (all && names.length > 0) fail(`--all is all of them: ${names.join(' ')} is too much.`);
  if (all) return SCENARIOS;
  if (names.length === 0) fail('Name a scenario, or --all.');
  return names.map(
    (name) => SCENARIOS.find((each) => each.name === name) ?? fail(`There is no scenario ${name}.`),
  );
}

const { values, positionals } = readCommandLine();
if (values.help) {
  console.log(USAGE);
  process.exit();
}
const scenarios = chosen(positionals, values.all);
const without = values.without.flatMap((names) => names.split(','));
const gates = new Gates(
  without.map((name) =>
    isGateName(name) ? name : fail(`--without takes ${GATES.join(', ')}, not ${name}.`),
  ),
);
const scale = Number(values.scale);
if (!(scale >= 0.01 && scale <= 100)) fail(`--scale is a number from 0.01 to 100, not ${values.scale}.`);
const say = (text: string): void => {
  if (!values.json) console.log(text);
};

// A mistake on the command line is told before all that a node takes is loaded.
const [{ startNode, startTwoNodes }, { runScenario }] = await Promise.all([
  import('./ground.ts'),
  import('./run.ts'),
]);

const { cores, cpu, memoryGiB, node, system } = environment();
say(`${cores} × ${cpu}, ${memoryGiB} GiB, ${system}`);
say(`Node ${node}; attackers, honest shoppers and nodes on one machine; gates: ${gates.inWords()}\n`);
// With the process everything that it started ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));
const reports: AttackReport[] = [];
for (const [kind, start] of [
  ['node', startNode],
  ['cluster', startTwoNodes],
] as const) {
  const here = scenarios.filter(({ ground }) => ground === kind);
  if (here.length > 0) reports.push(...(await attackOn(start, here)));
}
say(`\n${HEADING}`);
for (const report of reports) say(lineOf(report));
const fallen = reports.filter((report) => !isHeld(report));
say(
  fallen.length === 0
    ? '\nNothing got through that should not.'
    : `\nSomething got through that should not: ${fallen.map(({ scenario }) => scenario).join(', ')}.`,
);
process.exitCode = fallen.length === 0 ? 0 : 1;

async function attackOn(
  start: (gates: Gates) => Promise<Ground>,
  scenarios: readonly Scenario[],
): Promise<AttackReport[]> {
  const ground = await start(gates);
  const reports: AttackReport[] = [];
  try {
    for (const scenario of scenarios) {
      say(`${scenario.name}: ${scenario.tries}`);
      const report = await runScenario(scenario, ground, scale);
      reports.push(report);
      say(storyOf(report));
      if (values.json) console.log(JSON.stringify(report));
    }
  } finally {
    await ground.stop();
  }
  return reports;
}
