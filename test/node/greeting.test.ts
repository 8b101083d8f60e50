// What a demo node prints for its users: each command works in another terminal as it is printed.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Engine, temporaryFolder } from '../harness/engine.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const FEW = '--customers 20 --units 5 --connections 4';

const parent = temporaryFolder();
let engine: Engine;

beforeAll(async () => {
  const dataDir = join(parent, "Ada's shop");
  mkdirSync(dataDir);
  engine = await Engine.start({ dataDir, isEmbedded: true, env: { WORKERS: '1' } });
});

afterAll(async () => {
  await engine?.remove();
  rmSync(parent, { recursive: true, force: true });
});

/** A line of the greeting, in a shell that has none of the node's settings. */
async function inShell(command: string): Promise<{ code: number | null; output: string }> {
  const { DATA_DIR: _, ADMIN_TOKEN: __, ...env } = process.env;
  const child = spawn('sh', ['-c', command], { cwd: PROJECT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (output += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

const printed = (beginning: string): string => {
  const line = engine.output.split('\n').find((each) => each.trim().startsWith(beginning));
  return line?.trim() ?? `nothing is printed that begins with ${beginning}`;
};

test('the audit that is printed finds the node', async () => {
  const { code, output } = await inShell(printed('npx doorbuster audit'));
  expect(output).toMatch(/no violation|ok|clean/i);
  expect(code).toBe(0);
});

test('the stampede that is printed finds the node, and its admin token', async () => {
  const { code, output } = await inShell(`${printed('npm run stampede')} ${FEW}`);
  expect(output).toContain(`Stampede: 20 customers for 5 units`);
  expect(code).toBe(0);
});
