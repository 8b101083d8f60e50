// Redis over TLS, one server, behind a sentinel and as a Cluster: with an authority that is trusted it works, with another it is
// refused by name.

/* oxlint-disable vitest/expect-expect -- expectRefused asserts, too */

import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Engine } from '../../harness/engine.ts';
import { waitUntil } from '../../harness/wait-until.ts';
import { Certificates, type ServerCertificate } from '../../servers/certificates.ts';
import { freePort } from '../../servers/free-port.ts';
import { startRedis, startSentinel, type RedisServer, type RedisSettings } from '../../servers/redis.ts';
import { endAll, expectRefused, openOn, started, whenFound } from './open-caches.ts';

const UNTRUSTED = /^the certificate of Redis is not trusted; NODE_EXTRA_CA_CERTS/;

const usual = getCACertificates('default');
let certificates: Certificates;
let ours: ServerCertificate;

beforeAll(() => {
  certificates = new Certificates();
  ours = certificates.forHost('IP:127.0.0.1');
});
afterEach(async () => {
  setDefaultCACertificates(usual);
  await endAll();
});
afterAll(() => certificates?.remove());

/** As NODE_EXTRA_CA_CERTS does it from the start of a process. */
function trustOurs(): void {
  setDefaultCACertificates([...usual, readFileSync(certificates.authority, 'utf8')]);
}

const tlsSettings = (tlsPort: number, { key, certificate }: ServerCertificate): RedisSettings => ({
  'tls-port': tlsPort,
  'tls-cert-file': certificate,
  'tls-key-file': key,
  'tls-ca-cert-file': certificates.authority,
  'tls-auth-clients': 'no',
});

async function startTls(certificate: ServerCertificate, more: RedisSettings = {}): Promise<TlsServer> {
  const port = await freePort();
  const server = await startRedis({ ...tlsSettings(port, certificate), ...more });
  return { server, port, stop: () => server.stop() };
}

interface TlsServer {
  readonly server: RedisServer;
  readonly port: number;
  stop(): Promise<void>;
}

test('one server: who signed its certificate must be trusted', async () => {
  const { port } = await started(startTls(ours));
  const url = `rediss://127.0.0.1:${port}`;
  await expectRefused(url, UNTRUSTED);
  trustOurs();
  await whenFound(openOn(url), 'x');
});

test('a certificate of another host is refused, whoever signed it', async () => {
  const { port } = await started(startTls(certificates.forHost('IP:127.0.0.2')));
  trustOurs();
  await expectRefused(`rediss://127.0.0.1:${port}`, UNTRUSTED);
});

test('a sentinel and its primary are both asked over TLS', async () => {
  const primary = await started(startTls(ours));
  const port = await freePort();
  const settings = Object.entries({ ...tlsSettings(port, ours), 'tls-replication': 'yes' });
  const configuration = settings.map(([name, value]) => `${name} ${value}`);
  await started(startSentinel([...configuration, `sentinel monitor sale 127.0.0.1 ${primary.port} 1`]));
  const url = `rediss+sentinel://127.0.0.1:${port}/sale`;
  await expectRefused(url, UNTRUSTED);
  trustOurs();
  await whenFound(openOn(url), 'x');
});

test('a Cluster is asked over TLS', async () => {
  const { server, port } = await started(
    startTls(ours, {
      'cluster-enabled': 'yes',
      'tls-cluster': 'yes',
      'cluster-port': await freePort(),
      'cluster-announce-ip': '127.0.0.1',
    }),
  );
  await server.ask('CLUSTER ADDSLOTSRANGE 0 16383');
  const url = `rediss+cluster://127.0.0.1:${port}`;
  await expectRefused(url, UNTRUSTED);
  trustOurs();
  await whenFound(openOn(url), 'x');
});

test('a node trusts the authority that NODE_EXTRA_CA_CERTS names, on all its threads', async () => {
  const { port } = await started(startTls(ours));
  const env = { REDIS_URL: `rediss://127.0.0.1:${port}`, WORKERS: '2', LOG_LEVEL: 'info' };
  const trusting = await Engine.start({
    demo: false,
    env: { ...env, NODE_EXTRA_CA_CERTS: certificates.authority },
  });
  try {
    await waitUntil('both threads reach it', async () => {
      const { body } = await trusting.call<string>('GET', '/metrics');
      return body.includes('doorbuster_cache_state{state="working"} 2');
    });
    expect(trusting.output).not.toContain('certificate');
  } finally {
    await trusting.remove();
  }
});
