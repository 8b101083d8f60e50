// `doorbuster audit`: the journal held against Postgres, by the running node, from the files of one that rests, or on NATS.

import type { Command } from 'commander';
import { audit, type AuditReport, type AuditRequest } from '../audit.ts';
import type { NodeReport } from '../http/index.ts';
import { callNode, CommandError, findNode } from '../node-client.ts';
import { migrate, openPool } from '../persistence/index.ts';
import { dataFiles } from '../runtime/index.ts';
import { natsSettings } from './nats-settings.ts';
import { reaching, reachOf, type ReachOptions } from './reach.ts';
import { withPostgres, withRestingFolder } from './resting-folder.ts';

interface AuditOptions extends ReachOptions {
  readonly archive?: string[];
}

const NOT_CLEAN = 1;
const NOT_COMPLETE = 2;
/** For one page of a provider's payments. */
const PROVIDER_TIMEOUT_MS = 30_000;

export function addAudit(program: Command): void {
  reaching(program.command('audit'))
    .description('hold the journal against Postgres; exits 1 on a violation, 2 when archives were missing')
    .option('--archive <file...>', 'archives that are elsewhere, or folders of them; only while no node runs')
    .action(runAudit);
}

async function runAudit({ json, archive, ...options }: AuditOptions): Promise<void> {
  const reach = reachOf(options);
  const node = findNode(reach);
  if (node !== undefined && archive !== undefined) {
    throw new CommandError(
      'A running node reads archives where they were written, or in the folder "archives" of its DATA_DIR: put them there, ' +
        'or stop the node and name them with --archive.',
    );
  }
  const report: AuditReport & Partial<NodeReport> = node
    ? await callNode<NodeReport>(node, 'GET', '/v1/admin/audit')
    : await auditStore(reach.dataDir, archive);
  if (json) console.log(JSON.stringify(report));
  else printReport(report);
  if (!report.ok) process.exitCode = NOT_CLEAN;
  else if (report.unseen.length > 0 || report.paymentsUnseen !== undefined) process.exitCode = NOT_COMPLETE;
}

/** Nobody runs here: the journal itself is read, on NATS_URL or in the folder. */
function auditStore(dataDir: string, archive: readonly string[] | undefined): Promise<AuditReport> {
  const nats = natsSettings(process.env);
  if (nats === undefined) return auditFolder(dataDir, archive);
  const connectionString = process.env['DATABASE_URL'];
  if (!connectionString)
    throw new CommandError('NATS_URL is set, so the journal on NATS is audited, and it needs DATABASE_URL.');
  const { archives } = dataFiles(dataDir);
  const named = archive && { namedArchives: archive };
  return audit({
    kind: 'jetstream',
    ...nats,
    archives,
    ...named,
    connection: { connectionString },
    live: [],
    provider: auditedProvider(),
  });
}

function auditFolder(dataDir: string, namedArchives: readonly string[] = []): Promise<AuditReport> {
  return withRestingFolder(dataDir, (folder) =>
    withPostgres(folder, async (connection) => {
      const pool = openPool(connection, 1, 'doorbuster audit');
      try {
        await migrate(pool);
      } finally {
        await pool.end();
      }
      return audit({ ...folder, namedArchives, connection, live: [], provider: auditedProvider() });
    }),
  );
}

/** The provider of the nodes that are not running, where their settings stand in the environment. */
function auditedProvider(): AuditRequest['provider'] {
  const { PAYMENT_URL: url, PAYMENT_SECRET: secret } = process.env;
  if (!url || !secret) return undefined;
  return { url: url.replace(/\/$/, ''), secret, timeoutMs: PROVIDER_TIMEOUT_MS };
}

function printReport({
  ok,
  invariants,
  violations,
  figures,
  unseen,
  paymentsUnseen,
  silentWorkers: silent = [],
}: AuditReport & Partial<NodeReport>): void {
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
  for (const { file, why, ranges } of unseen) {
    console.log(`  not seen: ${file} (${why})`);
    for (const { shard, first, last } of ranges)
      console.log(`    shard ${shard}, records ${first} to ${last}`);
  }
  if (!ok) console.log('\nNOT CLEAN.');
  else if (unseen.length > 0)
    console.log('\nNOT COMPLETE: what was seen is clean; archived records were not.');
  else if (paymentsUnseen !== undefined)
    console.log(
      `\nNOT COMPLETE: what was seen is clean; the payment provider could not be asked: ${paymentsUnseen}`,
    );
  else console.log('\nClean.');
  if (silent.length > 0) console.log(`Not looked at: live actors of workers ${silent.join(', ')}.`);
}
