// npm run attack: what it says, and with what it ends.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, inject, test } from 'vitest';
import { SHORT_LIFE } from '../harness/short-life.ts';
import { createNodeDatabase } from '../servers/node-database.ts';

const ATTACK = fileURLToPath(new URL('../../bench/attack/attack.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function attack(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const usual = { WORKERS: '1', BENCH_POSTGRES_TEMPLATE: inject('postgresNodeTemplate') };
  const child = spawn(process.execPath, [...SHORT_LIFE, ATTACK, ...args], {
    env: { ...process.env, ...usual, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

test('an attack that was held ends with 0, and a table says what blocked it', async () => {
  const { code, stdout, stderr } = await attack(['alg-none', '--scale', '0.05']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/Node v.*gates: all on\n/);
  expect(stdout).toMatch(/^alg-none +\d+ +token \d+ +nothing +0 +\d+ of \d+, .* ms \/ .* ms$/m);
  expect(stdout).toMatch(/Nothing got through that should not\.\n$/);
});

test('one that got through ends with 1, and says what did', async () => {
  const database = await createNodeDatabase();
  const args = ['ticket-sharing', '--scale', '0.05', '--without', 'tickets', '--json'];
  const { code, stdout } = await attack(args, { DATABASE_URL: database.url });
  await database.drop();
  expect(code).toBe(1);
  const lines = stdout.trim().split('\n');
  expect(lines).toHaveLength(1);
  const report = JSON.parse(lines[0]!) as { breaches: number; told: string[] };
  expect(report).toMatchObject({ scenario: 'ticket-sharing', violations: 0 });
  expect(report.breaches).toBeGreaterThan(0);
  expect(report.told).toContain('a friend’s order: answered 201');
});

test.each([
  ['no scenario', [], 'Name a scenario, or --all.'],
  ['an unknown scenario', ['toString'], 'There is no scenario toString.'],
  ['all and one', ['--all', 'alg-none'], 'alg-none is too much'],
  [
    'an unknown gate',
    ['alg-none', '--without', 'walls'],
    '--without takes limits, tickets, work, holds, not walls.',
  ],
  ['no size', ['alg-none', '--scale', '0'], '--scale is a number from 0.01 to 100, not 0.'],
  ['an unknown option', ['alg-none', '--gently'], '--gently'],
])('%s is told, and nothing is attacked', async (_, args, told) => {
  const { code, stdout, stderr } = await attack(args);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain(told);
  expect(stderr).toContain('launch-spike');
});
