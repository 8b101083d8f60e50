import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  EmbeddedPostgresUnusable,
  migrate,
  openPool,
  Projection,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/persistence/index.ts';
import { SHORT_LIFE } from '../harness/short-life.ts';
import { copyPostgresTemplate, emptyPostgres } from '../servers/postgres-template.ts';
import { LONG_SALE_RECORDS, longSale } from './long-sale.ts';
import { SERVER_MS_MAX, snapshot, withoutVersions } from './postgres-kinds.ts';

/** The test kills as often; DOORBUSTER_KILLS asks for more. */
const KILLS = Number(process.env['DOORBUSTER_KILLS'] ?? 3);

describe('the embedded Postgres', { timeout: SERVER_MS_MAX + KILLS * 30_000 }, () => {
  let folder: string;
  let started: EmbeddedPostgres | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-'));
    started = undefined;
    copyPostgresTemplate(folder);
  });
  afterEach(async () => {
    await started?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (): Promise<EmbeddedPostgres> => (started = await startEmbeddedPostgres(folder));

  test('keeps its rows when it is stopped and started, and removes its socket', async () => {
    const first = await start();
    const pool = openPool(first.connection, 1, 'test');
    await pool.query("CREATE TABLE kept AS SELECT 'yes' AS answer");
    await pool.end();
    const { host } = first.connection as { host: string };
    expect(readdirSync(host)).toEqual(['.s.PGSQL.5432']);
    await first.stop();
    expect(existsSync(host)).toBe(false);

    const again = openPool((await start()).connection, 1, 'test');
    expect((await again.query('SELECT answer FROM kept')).rows).toEqual([{ answer: 'yes' }]);
    await again.end();
  });

  test('clients at once, with small and large statements, errors and none, each get their own answers', async () => {
    const pool = openPool((await start()).connection, 8, 'test');
    const large = 'x'.repeat(200_000);
    const ask = async (turn: number): Promise<unknown> => {
      switch (turn % 4) {
        case 0:
          return (await pool.query('SELECT length($1::text) + $2::int AS answer', [large, turn])).rows[0]
            ?.answer;
        case 1:
          return pool
            .query('SELECT nonsense $1::int', [turn])
            .catch((error: Error) => /syntax/.test(error.message));
        case 2:
          return pool
            .query('SELECT 1 / $1::int', [0])
            .catch((error: Error) => /division/.test(error.message));
        default:
          return (await pool.query('SELECT $1::int AS answer', [turn])).rows[0]?.answer;
      }
    };
    const answers = await Promise.all(Array.from({ length: 400 }, (_, turn) => ask(turn)));
    expect(answers).toEqual(answers.map((_, turn) => [200_000 + turn, true, true, turn][turn % 4]));
    await pool.end();
  });

  test('a client that vanishes, in a transaction or in mid-statement, holds up nobody', async () => {
    const { connection } = await start();
    const pool = openPool(connection, 2, 'test');
    await pool.query('CREATE TABLE left_behind (turn int)');
    for (let turn = 0; turn < 20; turn++) {
      const client = new Client(connection);
      client.on('error', () => {});
      await client.connect();
      await client.query('BEGIN');
      await client.query('INSERT INTO left_behind VALUES ($1)', [turn]);
      const { stream } = (
        client as unknown as { connection: { stream: NodeJS.WritableStream & { destroy(): void } } }
      ).connection;
      if (turn % 2 === 0) {
        // Parse and no more, of a statement that is right or wrong.
        const parse = `\0${turn % 4 === 0 ? 'SELECT 1' : 'SELECT nonsense 1'}\0\0\0`;
        const head = Buffer.from([0x50, 0, 0, 0, parse.length + 4]);
        await new Promise<void>((resolve) =>
          stream.write(Buffer.concat([head, Buffer.from(parse)]), () => resolve()),
        );
      }
      stream.destroy();
      expect((await pool.query('SELECT count(*)::int AS count FROM left_behind')).rows).toEqual([
        { count: 0 },
      ]);
    }
    await pool.end();
  });

  test('the write-ahead log does not grow with what was written', async () => {
    const { connection } = await start();
    const pool = openPool(connection, 1, 'test');
    await pool.query('CREATE TABLE heap (payload text)');
    const payload = 'x'.repeat(900_000);
    const log = async (): Promise<number> =>
      (await pool.query('SELECT sum(size)::float8 AS bytes FROM pg_ls_waldir()')).rows[0].bytes;
    // Stored outside the row, uncompressed: every byte passes through the log.
    await pool.query('ALTER TABLE heap ALTER payload SET STORAGE EXTERNAL');
    for (let round = 0; round < 300; round++) {
      await pool.query('INSERT INTO heap VALUES ($1)', [payload]);
      if (round % 100 === 99) await pool.query('TRUNCATE heap');
    }
    expect(await log()).toBeLessThan(160 * 1024 * 1024);
    await pool.end();
  });

  test('says that its folder is unusable, which folder, and what is lost without it', async () => {
    await (await start()).stop();
    writeFileSync(join(folder, 'postgres', 'global', 'pg_control'), 'not a control file');
    const unusable = startEmbeddedPostgres(folder);
    await expect(unusable).rejects.toThrow(EmbeddedPostgresUnusable);
    await expect(unusable).rejects.toThrow(join(folder, 'postgres'));
    await expect(unusable).rejects.toThrow(/Put a backup of this folder in its place.*CMS begins without/);
    rmSync(join(folder, 'postgres'), { recursive: true });
    await start();
  });

  test('survives kill -9 in mid-write, and can be deleted and projected again', async () => {
    let confirmed = 0;
    for (let round = 0; round < KILLS; round++) {
      const lines = await projectAndKill(folder, 8 + ((round * 13) % 29));
      // What was applied before the last kill is still there.
      expect(lines[0]).toBeGreaterThanOrEqual(confirmed);
      confirmed = lines.at(-1)!;
    }
    const { connection } = await start();
    const pool = openPool(connection, 1, 'test');
    const kept = await snapshot(pool);
    const position = kept.positions[0]!.sequence;
    expect(position).toBeGreaterThanOrEqual(confirmed);
    expect(kept.orders).toHaveLength(Math.min(position, LONG_SALE_RECORDS) * 20);
    await pool.end();
    await started!.stop();

    emptyPostgres(folder);
    const fresh = openPool((await start()).connection, 1, 'test');
    await migrate(fresh);
    const journal = longSale();
    await new Projection(fresh).apply(journal.records);
    expect(withoutVersions((await snapshot(fresh)).orders)).toEqual(journal.orders());
    await fresh.end();
  });

  test('tells when Postgres itself has failed, and can still be stopped', async () => {
    const { failed, connection } = await start();
    const pool = openPool(connection, 1, 'test');
    await pool.query('CREATE TABLE heap (turn int)');
    rmSync(join(folder, 'postgres', 'pg_wal'), { recursive: true });
    await expect(pool.query('INSERT INTO heap SELECT generate_series(1, 500000)')).rejects.toThrow(/pg_wal/);
    const { message } = await failed;
    expect(message).toContain(join(folder, 'postgres'));
    expect(message).toContain('PANIC');
    await pool.end();
  });

  test('removes the socket that a killed process left behind', async () => {
    await projectAndKill(folder, 1);
    const [left = ''] = readFileSync(join(folder, 'postgres.socket-folder'), 'utf8').split('\n');
    expect(existsSync(left)).toBe(true);
    await start();
    expect(existsSync(left)).toBe(false);
  });
});

/** @returns the lines of the process: where Postgres was, and each position reached; killed after as many batches */
async function projectAndKill(folder: string, batches: number): Promise<number[]> {
  const script = join(import.meta.dirname, 'projecting-process.ts');
  const child = spawn(process.execPath, [...SHORT_LIFE, script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const lines: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(Number(line));
    if (lines.length > batches) child.kill('SIGKILL');
  }
  await exited;
  return lines;
}
