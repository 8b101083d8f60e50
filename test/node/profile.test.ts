// doorbuster profile: what a live worker thread does, as files that Chrome's developer tools and speedscope read.

/* oxlint-disable vitest/expect-expect -- expectRefused asserts, too */

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { LivingLine } from '../faults/living-line.ts';
import { FaultyEngine } from '../faults/worker-faults.ts';
import { Crowd } from '../harness/crowd.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { doorbuster, type Ended } from './command.ts';

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly hitCount: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[];
  }[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface HeapNode {
  readonly id: number;
  readonly selfSize: number;
  readonly callFrame: CallFrame;
  readonly children: readonly HeapNode[];
}

interface HeapProfile {
  readonly head: HeapNode;
  readonly samples: readonly { readonly size: number; readonly nodeId: number }[];
}

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
const sourceOf = ({ url }: CallFrame): string | undefined => /\/src\/.+$/.exec(url)?.[0];
const below = (node: HeapNode): HeapNode[] => [node, ...node.children.flatMap(below)];

const expectRefused = ({ code, stdout, stderr }: Ended, why: RegExp): void => {
  expect(stderr).toMatch(why);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stdout).toBe('');
  expect(code).toBe(1);
};

describe('of a running node', () => {
  let engine: Engine;
  const run = (...args: string[]): Promise<Ended> =>
    doorbuster(['profile', ...args, '--data-dir', engine.dataDir]);

  beforeAll(async () => {
    engine = await Engine.start({ demo: false, env: { WORKERS: '1' } });
  });
  afterAll(() => engine?.remove());

  describe('in a rush', () => {
    let crowd: Crowd;

    beforeAll(async () => {
      await engine.product('hot', { quantity: 1_000_000 });
      crowd = new Crowd(engine, ['hot']);
      await waitUntil('the rush is on', () => crowd.soldSince(0) > 100);
    });
    afterAll(() => crowd?.goHome());

    test('the CPU profile is whole, and shows a purchase from the request to the actor', async () => {
      const file = join(folder, 'one.cpuprofile');
      const { code, stdout, stderr } = await run('--worker', '0', '--seconds', '2', '--out', file);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toBe(
        `${file}\nOpen it in Chrome’s developer tools (Performance, Load profile) or in speedscope.\n`,
      );
      const { nodes, samples, timeDeltas, startTime, endTime } = read(file) as CpuProfile;
      const byId = new Map(nodes.map((node) => [node.id, node]));
      expect(byId.size).toBe(nodes.length);
      expect(nodes.every(({ children = [] }) => children.every((id) => byId.has(id)))).toBe(true);
      expect(samples.length).toBeGreaterThan(0);
      expect(timeDeltas).toHaveLength(samples.length);
      expect(samples.every((id) => byId.has(id))).toBe(true);
      expect((endTime - startTime) / 1_000, 'ms').toBeGreaterThan(1_000);
      const sources = new Set(nodes.map(({ callFrame }) => sourceOf(callFrame)));
      // Which functions two seconds of samples meet differs, and V8 inlines some of them.
      for (const folder of ['/src/http/', '/src/runtime/'])
        expect([...sources].filter((source) => source?.startsWith(folder))).not.toEqual([]);
    });

    test('the heap profile is whole, and shows who holds what', async () => {
      const file = join(folder, 'one.heapprofile');
      const args = ['--worker', '0', '--seconds', '2', '--heap', '--out', file, '--json'];
      const { code, stdout } = await run(...args);
      expect(code).toBe(0);
      const bytes = readFileSync(file).length;
      expect(JSON.parse(stdout)).toEqual({ file, worker: 0, kind: 'heap', seconds: 2, bytes });
      const { head, samples } = read(file) as HeapProfile;
      const all = below(head);
      expect(head.callFrame.functionName).toBe('(root)');
      expect(samples.length).toBeGreaterThan(0);
      expect(samples.every(({ size, nodeId }) => size > 0 && all.some(({ id }) => id === nodeId))).toBe(true);
      // Only what is sampled and still held is in it, which of a slow rush may all be of the libraries.
      let heap: HeapNode[] = all;
      await waitUntil(
        'a function of the engine holds something',
        async () => {
          if (heap.some(({ callFrame, selfSize }) => selfSize > 0 && sourceOf(callFrame) !== undefined))
            return true;
          const body = { worker: 0, kind: 'heap', seconds: 2 };
          heap = below((await engine.admin<HeapProfile>('POST', '/profiles', body)).body.head);
          return false;
        },
        () => [...new Set(heap.map(({ callFrame }) => callFrame.url))],
      );
    });
  });

  test('goes into the present folder when no file is named', async () => {
    const { code, stdout } = await doorbuster(
      ['profile', '--worker', '0', '--seconds', '0.1', '--json', '--data-dir', engine.dataDir],
      {},
      folder,
    );
    expect(code).toBe(0);
    const { file } = JSON.parse(stdout) as { file: string };
    expect(file).toMatch(/\/worker-0-20\d\d-[\dTZ-]+\.cpuprofile$/);
    expect(file.startsWith(folder)).toBe(true);
    expect((read(file) as CpuProfile).nodes.length).toBeGreaterThan(0);
  });

  test('is taken one at a time', async () => {
    const body = { worker: 0, kind: 'cpu', seconds: 1 };
    const ask = () => engine.call('POST', '/v1/admin/profiles', { body, token: ADMIN_TOKEN });
    const answers = await Promise.all([ask(), ask()]);
    const [taken, refused] = answers.toSorted((one, other) => one.status - other.status);
    expect(taken!.status).toBe(200);
    expect(refused).toMatchObject({ status: 409, body: { code: 'profile_running' } });
  });

  test.each([
    ['a worker that is not there', ['--worker', '7'], /404: not_found: This node has only worker 0\./],
    ['a worker that is no number', ['--worker', 'first'], /--worker.*a whole number from 0, not first/],
    ['no worker', [], /required option '--worker <number>' not specified/],
    ['too long a time', ['--worker', '0', '--seconds', '61'], /--seconds.*from 0.1 to 60, not 61/],
    ['no time', ['--worker', '0', '--seconds', '0'], /--seconds.*from 0.1 to 60, not 0/],
  ])('of %s is refused, and leaves no file', async (_, args, why) => {
    const file = join(folder, 'refused');
    expectRefused(await run(...args, '--out', file), why);
    expect(existsSync(file)).toBe(false);
  });

  test('never replaces a file', async () => {
    const file = join(folder, 'precious');
    writeFileSync(file, 'precious');
    expectRefused(
      await run('--worker', '0', '--seconds', '0.1', '--out', file),
      /precious exists already\. Name another file: --out/,
    );
    expect(readFileSync(file, 'utf8')).toBe('precious');
    expectRefused(
      await run('--worker', '0', '--out', join(folder, 'none', 'x')),
      /cannot be made: ENOENT.*--out/,
    );
  });

  test.each([
    [{ worker: -1, kind: 'cpu', seconds: 1 }, 'worker'],
    [{ worker: 0, kind: 'disk', seconds: 1 }, 'kind'],
    [{ worker: 0, kind: 'cpu', seconds: 3_600 }, 'seconds'],
  ])('asked for as %j is told what is wrong', async (body, field) => {
    const path = '/v1/admin/profiles';
    const answer = await engine.call('POST', path, { token: ADMIN_TOKEN, body });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request', errors: [{ field }] } });
  });
});

describe('of a thread that hangs', () => {
  let node: FaultyEngine | undefined;
  afterEach(() => node?.engine.remove());

  test('shows what it hangs in, is told when it ends, and its successor can be profiled', async () => {
    node = await FaultyEngine.start({ WORKERS: '2', WORKER_STALL_MS: '6000' });
    const lines = await LivingLine.several(node.engine);
    await node.order(1, 'spin');
    const line = await LivingLine.first(lines);
    const take = <T>(seconds: number) =>
      line.post<T>('/v1/admin/profiles', { worker: 1, kind: 'cpu', seconds });

    const { nodes, samples } = await take<CpuProfile>(1);
    const hung = nodes.filter(({ callFrame }) => callFrame.url.endsWith('/worker-fault.ts'));
    const ids = new Set(hung.map(({ id }) => id));
    expect(samples.filter((id) => ids.has(id)).length).toBeGreaterThan(100);

    expect(await take<object>(60)).toMatchObject({
      status: 503,
      code: 'unavailable',
      detail: expect.stringMatching(/ended before its profile did/),
    });
    const successor = await waitUntil('its successor is profiled', async () => {
      const taken = await take<Partial<CpuProfile>>(0.1);
      return taken.nodes;
    });
    expect(successor.length).toBeGreaterThan(0);
    LivingLine.closeAll(lines);
    expect(await node.engine.stop()).toBe(0);
  });
});
