// clinic runs the engine and leaves reports with the engine in them; a run that shows nothing is told as what it is.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { missingEvidence } from '../../bench/clinic-run.ts';
import { temporaryFolder } from '../harness/engine.ts';

const PROFILE = fileURLToPath(new URL('../../bench/profile.ts', import.meta.url));

let out: string;
beforeEach(() => void (out = temporaryFolder()));
afterEach(() => rmSync(out, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

function profile(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = spawn(process.execPath, [PROFILE, ...args, '--out', out], {
    env: { ...process.env, SHARDS: '16', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (output += text.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** A run with traces of an earlier one in its way. @returns the page */
async function reportOf(tool: string): Promise<string> {
  const work = join(out, 'doorbuster');
  mkdirSync(work);
  for (const old of ['node_trace.1.log', 'isolate0x1-1-1-v8.log', `${tool}.clinic-${tool}.html`])
    writeFileSync(join(work, old), 'of an earlier run');
  const { code, output } = await profile([tool, '--seconds', '1', '--connections', '8']);
  expect({ code, output }).toMatchObject({
    code: 0,
    output: expect.stringMatching(/\d+ purchases, each an order\. The report: .+\.html\n$/),
  });
  const files = readdirSync(out);
  expect(files, 'the report and nothing else').toEqual([
    expect.stringMatching(new RegExp(`^${tool}-.*\\.html$`)),
  ]);
  expect(output).toContain(join(out, files[0]!));
  return readFileSync(join(out, files[0]!), 'utf8');
}

test('flame leaves a report that shows the engine’s functions, from the request to the journal', async () => {
  const page = await reportOf('flame');
  for (const name of [
    /"functionName":"#verified","lineNumber":\d+,"columnNumber":\d+,"target":"[^"]*\/src\/http\/auth\.ts\?\.js","type":"doorbuster","category":"app"/,
    /"functionName":"#flush",[^{}]*\/src\/runtime\/router\.ts\?\.js/,
    /"functionName":"commit",[^{}]*\/src\/runtime\/sqlite\/store\.ts\?\.js/,
  ])
    expect(name.test(page), name.source).toBe(true);
  expect(missingEvidence('flame', page)).toBeUndefined();
  expect(missingEvidence('flame', page.replaceAll('/src/', '/elsewhere/'))).toBe(
    'its report holds 0 functions of the engine',
  );
});

test('doctor leaves a report with samples of the whole run', async () => {
  const page = await reportOf('doctor');
  const times = [...page.matchAll(/"timestamp":(\d+)/g)].map((match) => Number(match[1]));
  expect(times.length).toBeGreaterThan(20);
  expect(Math.max(...times) - Math.min(...times), 'ms between the first and the last').toBeGreaterThan(1_000);
  expect(missingEvidence('doctor', page.replaceAll('"timestamp":', ''))).toBe(
    'its report holds 0 samples of the process',
  );
});

test('a clinic that ends with 0 and did nothing is an error, with what works in place of it', async () => {
  const preload = join(out, 'idle-clinic.mjs');
  writeFileSync(
    preload,
    "if (/clinic.bin\\.js$/.test(process.argv[1])) { console.log('idle'); process.exit(0); }",
  );
  const { code, output } = await profile(['heapprofiler', '--seconds', '1'], {
    NODE_OPTIONS: `--import=${preload}`,
  });
  expect(code).toBe(1);
  expect(output).toMatch(/clinic heapprofiler did not do its work: it ended before the engine ran.*idle/s);
  expect(output).toContain('What works in place of it: npx doorbuster profile');
  expect(existsSync(join(out, 'doorbuster'))).toBe(false);
});

test.each([
  ['no tool', [], 'There is no tool (none named)'],
  ['an unknown tool', ['toString'], 'There is no tool toString'],
  ['two tools', ['flame', 'doctor'], 'doctor is too much'],
  ['no time', ['flame', '--seconds', '0'], '--seconds is a whole number from 1 to 60, not 0'],
  ['too long a time', ['flame', '--seconds', '61'], '--seconds is a whole number from 1 to 60, not 61'],
  ['no connection', ['flame', '--connections', 'many'], '--connections is a whole number from 1 to 1000'],
  ['an unknown option', ['flame', '--second', '1'], '--second'],
])('%s is told, and nothing runs', async (_, args, told) => {
  const { code, output } = await profile(args);
  expect(code).toBe(2);
  expect(output).toContain(told);
  expect(output).toContain('npm run profile -- TOOL');
  expect(readdirSync(out)).toEqual([]);
});
