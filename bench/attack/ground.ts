// Where an attack takes place: one real node, embedded, or two that share NATS, Postgres and Redis, each a process of its own.
// Whoever starts it stops it.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '../../src/actors/index.ts';
import { callNode } from '../../src/node-client.ts';
import { ADMIN_TOKEN, AUTH_SECRET, Engine } from '../../test/harness/engine.ts';
import { copyPostgresTemplate } from '../postgres-template.ts';
import type { Gates } from './gates.ts';
import { limitSettings } from './limits.ts';
import { PaymentPlace } from './payment-place.ts';

export interface Ground {
  readonly gates: Gates;
  /** Of its nodes. */
  readonly urls: readonly string[];
  readonly engines: readonly Engine[];
  readonly payments: PaymentPlace;
  /** @throws CommandError */
  admin<T>(method: string, path: string, body?: object, key?: string): Promise<T>;
  /** Of journal, Postgres and live actors. @returns what is wrong, in words */
  audit(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** What every node of an attack has: whoever sends says by X-Forwarded-For where it comes from, as behind a proxy. */
function settings(gates: Gates, payments: PaymentPlace): Record<string, string> {
  return {
    ADMIN_TOKEN,
    AUTH_SECRET,
    TRUSTED_PROXIES: '127.0.0.1',
    WORKERS: process.env['WORKERS'] ?? '2',
    SHARDS: '16',
    RATE_LIMITS: gates.has('limits') ? 'on' : 'off',
    ...limitSettings(),
    ...payments.settings,
  };
}

/** @param databaseUrl of its Postgres, which is embedded without one */
export async function startNode(
  gates: Gates,
  databaseUrl = process.env['DATABASE_URL'] ?? '',
): Promise<Ground> {
  const payments = await PaymentPlace.start();
  const dataDir = mkdtempSync(join(tmpdir(), 'doorbuster-attack-'));
  if (databaseUrl === '') copyPostgresTemplate(dataDir);
  const env = { ...settings(gates, payments), DATABASE_URL: databaseUrl };
  const engine = Engine.spawn({ dataDir, env });
  // Whatever becomes of this process: its node does not outlive it.
  const endWithProcess = (): void => engine.signal('SIGKILL');
  process.once('exit', endWithProcess);
  const stop = async (): Promise<void> => {
    process.removeListener('exit', endWithProcess);
    if (!engine.hasEnded) await engine.stop();
    await engine.remove();
    await payments.stop();
  };
  try {
    await engine.whenReady();
  } catch (error) {
    await engine.kill();
    await stop();
    throw error;
  }
  return groundOf(gates, payments, [engine], stop);
}

export async function startTwoNodes(gates: Gates): Promise<Ground> {
  // One node alone does not wait for them.
  const { Cluster } = await import('../../test/harness/cluster.ts');
  const { startRedis } = await import('../../test/servers/redis.ts');
  const payments = await PaymentPlace.start();
  const redis = await startRedis();
  try {
    const env = { ...settings(gates, payments), REDIS_URL: redis.url };
    const cluster = await Cluster.start({ nats: 1, nodes: 2, demo: true, env });
    const engines = cluster.nodes.map(({ engine }) => engine);
    return groundOf(gates, payments, engines, async () => {
      await cluster.stop();
      await Promise.all([redis.stop(), payments.stop()]);
    });
  } catch (error) {
    await Promise.all([redis.stop(), payments.stop()]);
    throw error;
  }
}

function groundOf(
  gates: Gates,
  payments: PaymentPlace,
  engines: readonly Engine[],
  stop: () => Promise<void>,
): Ground {
  const urls = engines.map(({ url }) => url);
  payments.aim(urls[0]!);
  const admin = <T>(method: string, path: string, body?: object, key?: string): Promise<T> =>
    callNode<T>({ url: urls[0]!, adminToken: ADMIN_TOKEN }, method, path, {
      ...(body !== undefined && { body }),
      ...(key !== undefined && { idempotencyKey: key }),
    });
  const audit = async (): Promise<readonly string[]> => {
    const { violations } = await admin<Report>('GET', '/v1/admin/audit');
    return violations.map(({ invariant, what }) => `invariant ${invariant}: ${what}`);
  };
  return { gates, urls, engines, payments, admin, audit, stop };
}
