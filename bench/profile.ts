// npm run profile -- doctor|flame|bubbleprof|heapprofiler: the engine on one thread under a tool of clinic, with a load, and a
// report at the end. docs/profiling.md says what each shows, and what to use for the threads of a live node.

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CLINIC_TOOLS, ClinicFailed, runClinic, type ClinicTool } from './clinic-run.ts';

const USAGE = `npm run profile -- TOOL [--seconds 10] [--connections 64] [--out profiles]

Tools: doctor        event loop, CPU, memory and handles over time
       flame         where the CPU time goes
       bubbleprof    what waits for what
       heapprofiler  what allocates

  --seconds      of load; 3 for bubbleprof, which traces every asynchronous step
  --connections  of the load
  --out          folder of the reports
`;

const SECONDS: Record<ClinicTool, string> = {
  doctor: '10',
  flame: '10',
  bubbleprof: '3',
  heapprofiler: '10',
};

const INSTEAD: Record<ClinicTool, string> = {
  doctor: 'npm run profile -- flame, or /metrics of a running node',
  flame: 'npx doorbuster profile --worker 0 --seconds 10, on a running node',
  bubbleprof: 'npm run profile -- flame, or npx doorbuster profile --worker 0 --seconds 10 on a running node',
  heapprofiler: 'npx doorbuster profile --worker 0 --seconds 10 --heap, on a running node',
};

function readCommandLine() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        seconds: { type: 'string' },
        connections: { type: 'string', default: '64' },
        out: { type: 'string', default: 'profiles' },
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

function wholeNumber(name: string, text: string, max: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= max) return number;
  return fail(`--${name} is a whole number from 1 to ${max}, not ${text}.`);
}

const { values, positionals } = readCommandLine();
if (values.help) {
  console.log(USAGE);
  process.exit();
}
const [name = '(none named)', ...others] = positionals;
const tool = CLINIC_TOOLS.find((each) => each === name) ?? fail(`There is no tool ${name}.`);
if (others.length > 0) fail(`One tool at a time: ${others.join(' ')} is too much.`);
const seconds = wholeNumber('seconds', values.seconds ?? SECONDS[tool], 60);
const connections = wholeNumber('connections', values.connections, 1_000);

console.log(
  `clinic ${tool} on Node ${process.version}: ${seconds} s of purchases over ${connections} connections …`,
);
try {
  const { path, purchases } = await runClinic({ tool, seconds, connections, out: resolve(values.out) });
  console.log(`${purchases} purchases, each an order. The report: ${path}`);
} catch (error) {
  if (!(error instanceof ClinicFailed)) throw error;
  console.error(`${error.message}\n\nWhat works in place of it: ${INSTEAD[tool]}.`);
  process.exitCode = 1;
}
