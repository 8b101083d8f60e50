// A NATS server that asks nobody for a user, as `nats-server -js` starts it: seen by its clients and on its monitoring page.

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkServer, openLink, systemTimers } from '../../src/runtime/index.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { freePorts } from '../servers/free-port.ts';
import { natsBinary } from '../servers/nats-binary.ts';

const folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-'));
let server: ChildProcess;
let address = '';
let monitorUrl = '';

beforeAll(async () => {
  const [port, monitorPort] = await freePorts(2);
  address = `nats://127.0.0.1:${port}`;
  monitorUrl = `http://127.0.0.1:${monitorPort}`;
  const args = ['-js', '-sd', folder, '-a', '127.0.0.1', '-p', String(port), '-m', String(monitorPort)];
  server = spawn(natsBinary(), args, { stdio: 'ignore' });
  await waitUntil('the server answers', async () => (await fetch(`${monitorUrl}/healthz`)).ok);
});
afterAll(async () => {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await ended;
  rmSync(folder, { recursive: true });
});

test.each(['its clients', 'its monitoring page'])('is told of once, as %s see it', async (witness) => {
  const link = await openLink({ servers: [address] }, systemTimers);
  try {
    const monitorUrls = witness === 'its clients' ? [] : [monitorUrl];
    const told = await checkServer(link, { replicas: 1, flushBytesMax: 1_000, monitorUrls });
    const open = told.filter((text) => text.includes('asks nobody for a user'));
    expect(open).toEqual([expect.stringContaining('docs/jetstream.md#permissions')]);
  } finally {
    await link.close();
  }
});
