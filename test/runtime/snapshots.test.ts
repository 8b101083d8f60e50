// The contract of the port of snapshots: the same tests for every adapter; and what files alone can suffer.

import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  fileOf,
  JournalUnavailable,
  SnapshotDamaged,
  SnapshotFiles,
  type JetStreamNames,
  type SnapshotName,
  type Snapshots,
} from '../../src/runtime/index.ts';
import { JetStreamBench } from '../harness/jetstream-bench.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { SimulatedSnapshots } from '../simulation/snapshots.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function bytesOf(read: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const piece of read) parts.push(piece);
  return Buffer.concat(parts);
}

const content = (text: string): Uint8Array[] => [
  new TextEncoder().encode(text),
  new Uint8Array(700_000).fill(7),
];

const nats = new JetStreamBench();
afterAll(() => nats.stop());
afterEach(() => nats.closeLinks());

describe.each<[string, () => Snapshots | Promise<Snapshots>]>([
  ['files', () => new SnapshotFiles(folder)],
  ['simulated', () => new SimulatedSnapshots()],
  ['messages', async () => nats.snapshots(await nats.stream())],
])('snapshots as %s', (_, open) => {
  test('are listed newest first, each shard by itself, and read as they were written', async () => {
    const snapshots = await open();
    expect(await snapshots.list(1)).toEqual([]);
    const first = await snapshots.write({ shard: 1, sequence: 9, epoch: 1 }, content('first'));
    const second = await snapshots.write({ shard: 1, sequence: 10, epoch: 2 }, content('second'));
    await snapshots.write({ shard: 11, sequence: 5, epoch: 1 }, content('other'));
    expect(await snapshots.list(1)).toEqual([second, first]);
    expect(await bytesOf(snapshots.read(first))).toEqual(Buffer.concat(content('first')));
    expect(first).toMatchObject({ shard: 1, sequence: 9, epoch: 1, bytes: 700_005 });
  });

  test('that are removed or set aside are gone from the list', async () => {
    const snapshots = await open();
    const first = await snapshots.write({ shard: 1, sequence: 9, epoch: 1 }, content('first'));
    const second = await snapshots.write({ shard: 1, sequence: 10, epoch: 2 }, content('second'));
    await snapshots.setAside(second, 'for the test');
    expect(await snapshots.list(1)).toEqual([first]);
    await snapshots.remove(first);
    expect(await snapshots.list(1)).toEqual([]);
    await expect(bytesOf(snapshots.read(first))).rejects.toThrow(SnapshotDamaged);
  });
});

describe('a file of a snapshot', () => {
  const place = { shard: 3, sequence: 77, epoch: 2 };
  const written = async (): Promise<[SnapshotFiles, SnapshotName, string]> => {
    const files = new SnapshotFiles(folder);
    const name = await files.write(place, content('whole'));
    return [files, name, join(folder, fileOf(name))];
  };

  test('that was cut off is damaged', async () => {
    const [files, name, path] = await written();
    truncateSync(path, 600_000);
    await expect(bytesOf(files.read(name))).rejects.toThrow(SnapshotDamaged);
  });

  test('with one bit turned is damaged', async () => {
    const [files, name, path] = await written();
    const bytes = readFileSync(path);
    bytes[300_000]! ^= 16;
    writeFileSync(path, bytes);
    await expect(bytesOf(files.read(name))).rejects.toThrow(/SHA-256 is .* and should be/);
  });

  test('that is set aside is kept for people, one a shard', async () => {
    const told: string[] = [];
    const files = new SnapshotFiles(folder, ({ sequence }, why) => told.push(`${sequence} ${why}`));
    for (const sequence of [1, 2]) {
      await files.setAside(await files.write({ ...place, sequence }, content('x')), 'damaged');
    }
    expect(readdirSync(folder)).toHaveLength(1);
    expect(readdirSync(folder)[0]).toMatch(/^3-2-2-.*\.snapshot\.damaged$/);
    expect(told).toEqual(['1 damaged', '2 damaged']);
  });

  test('other files of the folder are nobody’s snapshot', async () => {
    const files = new SnapshotFiles(folder);
    for (const name of ['3-1-1-abc.snapshot', 'notes.txt', '3-77.writing'])
      writeFileSync(join(folder, name), 'x');
    expect(await files.list(3)).toEqual([]);
    await files.prepare();
    expect(readdirSync(folder).sort()).toEqual(['3-1-1-abc.snapshot', 'notes.txt']);
  });

  test('whose pieces fail to come leaves nothing', async () => {
    const files = new SnapshotFiles(folder);
    const failing = function* (): Generator<Uint8Array> {
      yield new Uint8Array(900_000);
      throw new Error('a broken state');
    };
    await expect(files.write(place, failing())).rejects.toThrow('a broken state');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('that a process without a free descriptor cannot open is not damaged: it is tried again', async () => {
    const [, name] = await written();
    const index = new URL('../../src/runtime/index.ts', import.meta.url).href;
    const reader = `
      import { openSync } from 'node:fs';
      import { SnapshotFiles } from ${JSON.stringify(index)};
      const files = new SnapshotFiles(${JSON.stringify(folder)});
      try { for (;;) openSync('/dev/null'); } catch {}
      await files.read(${JSON.stringify(name)}).next().catch(({ name, message }) => console.log(name + ': ' + message));`;
    const limited = ['-c', 'ulimit -n 128; exec "$0" --input-type=module -e "$1"', process.execPath, reader];
    // Node reads that file on a thread of its own, which gives a descriptor back at any moment.
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: '' };
    const { stdout } = await promisify(execFile)('/bin/sh', limited, { env });
    expect(stdout).toMatch(/^JournalUnavailable: .* cannot be opened: EMFILE/);
  });

  test('whose writer is killed leaves nothing that counts', async () => {
    const index = new URL('../../src/runtime/index.ts', import.meta.url).href;
    const writer = `
      import { SnapshotFiles } from ${JSON.stringify(index)};
      function* endless() { for (;;) yield new Uint8Array(100_000); }
      await new SnapshotFiles(${JSON.stringify(folder)}).write(${JSON.stringify(place)}, endless());`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', writer], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await waitUntil('something is written', () => readdirSync(folder).includes('3-77.writing'));
    child.kill('SIGKILL');
    await ended;
    const files = new SnapshotFiles(folder);
    expect(await files.list(3)).toEqual([]);
    await files.prepare();
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a snapshot in a stream', () => {
  const place = { shard: 3, sequence: 77, epoch: 2 };
  const piecesOf = (names: JetStreamNames): string => `${names.snapshotsOf('pieces', 3)}.>`;

  async function subjectsOf(names: JetStreamNames, kind: string): Promise<string[]> {
    const filter = `${names.snapshotsOf(kind, 3)}.>`;
    const manager = await nats.manager();
    const { state } = await manager.streams.info(names.snapshotStream, { subjects_filter: filter });
    return Object.keys(state.subjects ?? {});
  }

  test('that lost its end, or a piece in between, is damaged', async () => {
    const names = await nats.stream();
    const snapshots = await nats.snapshots(names);
    const name = await snapshots.write(place, content('whole'));
    const manager = await nats.manager();
    // 700,005 bytes are six messages, the first of the stream.
    await manager.streams.purge(names.snapshotStream, { filter: piecesOf(names), seq: 3 });
    await expect(bytesOf(snapshots.read(name))).rejects.toThrow(SnapshotDamaged);
    const other = await snapshots.write({ ...place, sequence: 78 }, content('whole'));
    await manager.streams.purge(names.snapshotStream, { filter: piecesOf(names) });
    await expect(bytesOf(snapshots.read(other))).rejects.toThrow(/bytes are gone/);
  });

  test('that holds something else is damaged', async () => {
    const names = await nats.stream();
    const snapshots = await nats.snapshots(names);
    const name = await snapshots.write(place, content('whole'));
    const lying = { ...name, sum: name.sum.replaceAll(/[0-9]/g, 'f') };
    const [subject] = await subjectsOf(names, 'names');
    const link = await nats.link();
    await link.connection.request(subject!.replace(name.sum, lying.sum), '', { timeout: 10_000 });
    await expect(bytesOf(snapshots.read(lying))).rejects.toThrow(/SHA-256 is .* and should be/);
  });

  test('that is set aside is kept for people, one a shard', async () => {
    const told: string[] = [];
    const names = await nats.stream();
    const snapshots = await nats.snapshots(names, ({ sequence }, why) => told.push(`${sequence} ${why}`));
    for (const sequence of [1, 2]) {
      await snapshots.setAside(await snapshots.write({ ...place, sequence }, content('x')), 'damaged');
    }
    const damaged = await subjectsOf(names, 'damaged');
    expect(damaged).toHaveLength(1);
    expect(damaged[0]).toContain(`${names.snapshotsOf('damaged', 3)}.2.2.`);
    expect(await subjectsOf(names, 'pieces')).toHaveLength(1);
    expect(told).toEqual(['1 damaged', '2 damaged']);
    await snapshots.write(place, content('x'));
    expect(await subjectsOf(names, 'pieces')).toHaveLength(2);
  });

  test('whose pieces fail to come leaves nothing', async () => {
    const names = await nats.stream();
    const snapshots = await nats.snapshots(names);
    const failing = function* (): Generator<Uint8Array> {
      yield new Uint8Array(900_000);
      throw new Error('a broken state');
    };
    await expect(snapshots.write(place, failing())).rejects.toThrow('a broken state');
    expect(await subjectsOf(names, 'pieces')).toEqual([]);
    expect(await snapshots.list(3)).toEqual([]);
  });

  test('whose writer loses its connection never counts, and its pieces go with the next one', async () => {
    const names = await nats.stream();
    const link = await nats.link();
    const losing = function* (): Generator<Uint8Array> {
      yield new Uint8Array(900_000);
      void link.close();
      yield new Uint8Array(900_000);
    };
    const dying = await nats.snapshots(names, undefined, link);
    await expect(dying.write(place, losing())).rejects.toThrow(JournalUnavailable);
    expect(await subjectsOf(names, 'pieces')).toHaveLength(1);
    const snapshots = await nats.snapshots(names);
    expect(await snapshots.list(3)).toEqual([]);
    const name = await snapshots.write(place, content('whole'));
    expect(await subjectsOf(names, 'pieces')).toHaveLength(1);
    expect(await bytesOf(snapshots.read(name))).toEqual(Buffer.concat(content('whole')));
  });
});
