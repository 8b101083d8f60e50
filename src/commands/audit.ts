// `doorbuster audit`: the journal held against Postgres, by the running node or from the files of one that rests.

import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { Report } from '../actors/index.ts';
import { audit } from '../audit.ts';
import type { NodeReport } from '../http/index.ts';
import { callNode, CommandError, findNode } from '../node-client.ts';
import { migrate, openPool, startEmbeddedPostgres } from '../persistence/index.ts';
import { dataFiles, lockDataFolder } from '../runtime/index.ts';
import { reaching, reachOf, type ReachOptions } from './reach.ts';

export function addAudit(program: Command): void {
  reaching(program.command('audit'))
    .description('hold the journal against Postgres; exits 1 on a violation')
    .action(runAudit);
}

async function runAudit({ json, ...options }: ReachOptions): Promise<void> {
  const reach = reachOf(options);
  const node = findNode(reach);
  const report: Report & Partial<NodeReport> = node
    ? await callNode<NodeReport>(node, 'GET', '/v1/admin/audit')
    : await auditFolder(reach.dataDir);
  if (json) console.log(JSON.stringify(report));
  else printReport(report);
  const { silentWorkers: silent = [] } = report;
  if (!json && silent.length > 0) console.log(`Not looked at: live actors of workers ${silent.join(', ')}.`);
  if (!report.ok) process.exitCode = 1;
}

/** Nobody runs here: the files themselves are read. */
async function auditFolder(dataDir: string): Promise<Report> {
  if (!existsSync(dataFiles(dataDir).journal)) {
    throw new CommandError(
      `There is no journal in DATA_DIR ${dataDir}. Name another: --data-dir, or --url of a running node.`,
    );
  }
  const folder = lockDataFolder(dataDir);
  const databaseUrl = process.env['DATABASE_URL'];
  const postgres = databaseUrl === undefined ? await startEmbeddedPostgres(dataDir) : undefined;
  try {
    const connection = postgres?.connection ?? { connectionString: databaseUrl! };
    const pool = openPool(connection, 1, 'doorbuster audit');
    try {
      await migrate(pool);
    } finally {
      await pool.end();
    }
    return await audit({ journal: folder.journal, snapshots: folder.snapshots, connection, live: [] });
  } finally {
    await postgres?.stop();
    folder.release();
  }
}

function printReport({ ok, invariants, violations, figures }: Report): void {
  console.log('');
  for (const { invariant, title, checks, violations: broken } of invariants) {
    const mark = broken > 0 ? '✗' : checks > 0 ? '✓' : '·';
    const told =
      broken > 0 ? `${broken} VIOLATED of ${checks}` : checks > 0 ? `${checks} checks` : 'not looked at here';
    console.log(`${mark} ${String(invariant).padStart(2)}  ${title} (${told})`);
  }
  console.log('');
  for (const [figure, value] of Object.entries(figures)) console.log(`  ${figure.padEnd(20)} ${value}`);
  for (const { invariant, what } of violations) console.log(`  invariant ${invariant}: ${what}`);
  console.log(ok ? '\nClean.' : '\nNOT CLEAN.');
}
