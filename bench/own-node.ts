// A node of the benchmark's own, in a process and a folder of its own, gone afterwards.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from '../src/actors/index.ts';
import type { NodeFile } from '../src/main.ts';
import { callNode } from '../src/node-client.ts';
import { dataFiles } from '../src/runtime/data-folder.ts';
import { copyPostgresTemplate } from './postgres-template.ts';

export interface OwnNode {
  readonly url: string;
  readonly adminToken: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const START_MS_MAX = 60_000;

/**
 * @param env settings beside those that every benchmark has
 * @param prepare what is to be in the folder before
 */
export async function startOwnNode(
  env: Readonly<Record<string, string>> = {},
  prepare?: (dataDir: string) => Promise<void>,
): Promise<OwnNode> {
  const dataDir = mkdtempSync(join(tmpdir(), 'doorbuster-bench-'));
  if ((env['DATABASE_URL'] ?? process.env['DATABASE_URL'] ?? '') === '') copyPostgresTemplate(dataDir);
  await prepare?.(dataDir);
  const bin = fileURLToPath(new URL('../bin/doorbuster.js', import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, bin, 'start', '--demo'], {
    env: {
      ...process.env,
      PORT: '0',
      DATA_DIR: dataDir,
      LOG_LEVEL: 'warn',
      SAMPLE_CAMPAIGNS: 'false',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let output = '';
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (text: Buffer) => {
      output += text.toString();
      if (output.includes('is ready')) resolve();
    });
  });
  const { promise: late, resolve: giveUp } = Promise.withResolvers<void>();
  const timer = setTimeout(giveUp, START_MS_MAX);
  await Promise.race([ready, ended, late]);
  clearTimeout(timer);
  if (!output.includes('is ready')) {
    child.kill('SIGKILL');
    throw new Error(`the node did not start:\n${output}`);
  }
  const { url, adminToken } = JSON.parse(readFileSync(dataFiles(dataDir).nodeFile, 'utf8')) as NodeFile;
  return {
    url,
    adminToken,
    pid: child.pid!,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** @returns violations that its own audit finds, of the journal, Postgres and the live actors */
export async function auditNode(node: Pick<OwnNode, 'url' | 'adminToken'>): Promise<number> {
  const { violations } = await callNode<Report>(node, 'GET', '/v1/admin/audit');
  return violations.length;
}
