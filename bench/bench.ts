// npm run bench -- SCENARIO [--seconds N] [--json]: one file for each scenario. It tells the machine, the versions and the
// durability mode first, and ends with one line of JSON.

import { parseArgs } from 'node:util';
import { environment } from './environment.ts';
import { hotProduct } from './hot-product.ts';

export interface ScenarioOptions {
  /** How long to measure, about. */
  readonly seconds: number;
}

export interface ScenarioResult {
  readonly scenario: string;
  /** What an answer had survived when it left. */
  readonly mode: string;
  /** Invariants broken; anything but 0 makes the figures worthless. */
  readonly violations: number;
  readonly [figure: string]: string | number | null;
}

const SCENARIOS: Readonly<Record<string, (options: ScenarioOptions) => Promise<ScenarioResult>>> = {
  'hot-product': hotProduct,
};

const USAGE = `npm run bench -- SCENARIO [--seconds 5] [--json]\n\nScenarios: ${Object.keys(SCENARIOS).join(', ')}`;

function readCommandLine() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        seconds: { type: 'string', default: '5' },
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

const { values, positionals } = readCommandLine();
if (values.help) {
  console.log(USAGE);
  process.exit();
}
const scenario = SCENARIOS[positionals[0] ?? ''];
if (scenario === undefined) fail(`There is no scenario ${positionals[0] ?? '(none named)'}.`);
const seconds = Number(values.seconds);
if (!(seconds > 0 && seconds <= 600))
  fail(`--seconds is a number above 0, at most 600, not ${values.seconds}.`);

const machine = environment();
if (!values.json) {
  console.log(`${machine.cores} × ${machine.cpu}, ${machine.memoryGiB} GiB, Node ${machine.node}`);
}
const result = await scenario({ seconds });
if (!values.json) {
  for (const [figure, value] of Object.entries(result)) console.log(`  ${figure.padEnd(18)} ${value}`);
}
console.log(JSON.stringify({ ...result, ...machine }));
if (result.violations > 0) process.exitCode = 1;
