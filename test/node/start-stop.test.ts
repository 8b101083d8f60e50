// Starting, stopping and starting again: what is refused, what survives, and what is said about it.

import { rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sampleCampaign } from '../../src/http/index.ts';
import { ADMIN_TOKEN, AUTH_SECRET, Engine, temporaryFolder, type Answer } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { EventReader } from '../http/event-stream.ts';
import { expectProblem } from '../http/problems.ts';
import { openSocket } from '../http/raw.ts';
import { inSeconds, sign } from '../http/tokens.ts';
import { emptyPostgres } from '../servers/postgres-template.ts';
import { doorbuster } from './command.ts';

const SECRETS = { ADMIN_TOKEN, AUTH_SECRET };
/** As the command line takes two signals in one moment for one wish. */
const SAME_SIGNAL_MS = 500;

const tokenOf = (customer: string): string => sign({ sub: customer, exp: inSeconds(3_600) });

interface Attempt {
  readonly customer: string;
  readonly productId: string;
  readonly key: string;
  /** Undefined when no answer came. */
  readonly answer: Answer | undefined;
}

async function attempt(engine: Engine, customer: string, productId: string, key: string): Promise<Attempt> {
  const answer = await engine.buy(tokenOf(customer), productId, key).catch(() => undefined);
  return { customer, productId, key, answer };
}

const isSold = ({ answer }: Attempt): boolean => answer?.status === 201;
const codeOf = ({ answer }: Attempt): string =>
  answer === undefined ? 'no answer' : isSold({ answer } as Attempt) ? 'sold' : String(answer.body['code']);

/** Every acknowledged order is there, just as it was acknowledged. @returns how many orders there are */
async function expectAllThere(engine: Engine, attempts: readonly Attempt[]): Promise<number> {
  let [found, next] = [0, 0];
  const walk = async (): Promise<void> => {
    while (next < attempts.length) if (await expectThere(engine, attempts[next++]!)) found++;
  };
  await Promise.all(Array.from({ length: 20 }, walk));
  return found;
}

/** @returns whether the key has an order; without an acknowledgement either may be */
async function expectThere(engine: Engine, { customer, productId, key, answer }: Attempt): Promise<boolean> {
  const query = new URLSearchParams({ productId, idempotencyKey: key }).toString();
  const found = await engine.call('GET', `/v1/orders?${query}`, { token: tokenOf(customer) });
  if (answer?.status === 201) expect(found).toMatchObject({ status: 200, body: answer.body });
  else expect([200, 404]).toContain(found.status);
  return found.status === 200;
}

async function expectClean(engine: Engine): Promise<void> {
  const { body } = await engine.call('GET', '/v1/admin/audit', { token: ADMIN_TOKEN });
  expect(body).toMatchObject({ ok: true, violations: [], figures: { recordsNotProjected: 0 } });
}

const stockOf = async (engine: Engine, productId: string): Promise<Record<string, number>> =>
  (
    await engine.call<Record<string, number>>('GET', `/v1/admin/products/${productId}/stock`, {
      token: ADMIN_TOKEN,
    })
  ).body;

describe('a start that cannot succeed ends with code 1, and says what to do', () => {
  let dataDir = '';
  beforeAll(() => (dataDir = temporaryFolder()));
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  test('when the port is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    try {
      const { code, stderr } = await doorbuster(['start', '--demo'], { PORT: `${port}`, DATA_DIR: dataDir });
      expect(code).toBe(1);
      expect(stderr).toContain(`Port ${port} of 127.0.0.1 is in use`);
      expect(stderr).toContain('PORT=');
      expect(stderr).not.toMatch(/^\s+at /m);
    } finally {
      other.close();
    }
  });

  test('when the secrets are missing outside demo mode', async () => {
    const { code, stderr } = await doorbuster(['start'], { DATA_DIR: dataDir });
    expect(code).toBe(1);
    expect(stderr).toContain('ADMIN_TOKEN is missing');
    expect(stderr).toContain('AUTH_SECRET is missing');
  });

  test('when a setting lacks another one', async () => {
    const env = { ...SECRETS, DATA_DIR: dataDir, AUTH_JWKS_URL: 'https://shop.example/jwks' };
    const { code, stderr } = await doorbuster(['start'], env);
    expect(code).toBe(1);
    expect(stderr).toContain('AUTH_AUDIENCE is missing');
  });

  test('when the file of settings is wrong', async () => {
    const { code, stderr } = await doorbuster(['start', '--config', join(dataDir, 'no.json')], SECRETS);
    expect(code).toBe(1);
    expect(stderr).toContain('no.json cannot be read as JSON');
  });
});

test('the settings in force can be printed without a start', async () => {
  const { code, stdout } = await doorbuster(['start', '--demo', '--print-config'], {
    ...SECRETS,
    PORT: '1234',
  });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ PORT: 1_234, HOST: '127.0.0.1', ADMIN_TOKEN: '(hidden)' });
  expect(stdout).not.toContain(ADMIN_TOKEN);
  expect(stdout).not.toContain(AUTH_SECRET);
});

describe('a node and its next lives', () => {
  const dataDir = temporaryFolder();
  let engine: Engine;
  const attempts: Attempt[] = [];
  let cancelled: Answer;

  beforeAll(async () => {
    engine = await Engine.start({ dataDir, isEmbedded: true });
    await engine.product('storm', { quantity: 100_000, perCustomerLimit: 10_000 });
    await engine.product('quiet', { quantity: 10 });
    await engine.product('halted', { quantity: 3 });
  });
  afterAll(() => engine?.remove());

  test('a second node on the same DATA_DIR is refused', async () => {
    const { code, stderr } = await doorbuster(['start', '--demo'], { PORT: '0', DATA_DIR: dataDir });
    expect(code).toBe(1);
    expect(stderr).toContain(`DATA_DIR ${dataDir} is in use by another process`);
    expect((await engine.call('GET', '/readyz')).status).toBe(200);
  });

  test('SIGTERM in the middle of a rush ends it in order, with code 0', async () => {
    const token = tokenOf('canceller');
    const { body } = await engine.buy(token, 'quiet', 'key');
    cancelled = await engine.call('DELETE', `/v1/orders/${String(body['id'])}`, { token });
    await engine.call('POST', '/v1/admin/products/halted/pause', { token: ADMIN_TOKEN });
    const watcher = await EventReader.open(engine, '/v1/products/storm/events');

    const over = new AbortController();
    const shop = async (customer: string): Promise<void> => {
      for (let n = 0; !over.signal.aborted; n++)
        attempts.push(await attempt(engine, customer, 'storm', `key-${n}`));
    };
    const shoppers = Array.from({ length: 20 }, (_, n) => shop(`shopper-${n}`));
    await waitUntil('the rush is on', () => attempts.filter(isSold).length > 100);
    const code = await engine.stop();
    over.abort();
    await Promise.all(shoppers);

    expect(code).toBe(0);
    expect(engine.output).toContain('SIGTERM: finishing what is under way');
    expect(engine.output).toContain('Stopped.');
    await waitUntil('the event stream has ended', () => watcher.isEnded);
    const codes = new Set(attempts.map(codeOf));
    const allowed = new Set(['sold', 'no answer', 'shutting_down', 'overloaded', 'outcome_unknown']);
    expect(codes.difference(allowed)).toEqual(new Set());
  });

  test('another number of shards than the journal’s is refused, and the right one is named', async () => {
    const { code, stderr } = await doorbuster(['start', '--demo'], {
      PORT: '0',
      DATA_DIR: dataDir,
      SHARDS: '8',
    });
    expect(code).toBe(1);
    expect(stderr).toContain('shards = 16');
    expect(stderr).toContain('set it back to 16');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test('after the next start every acknowledged order is there, and everything else as it was', async () => {
    engine = await Engine.start({ dataDir, isEmbedded: true, env: { WORKERS: '1' } });
    const orders = await expectAllThere(engine, attempts.slice(-300));
    expect(orders).toBeGreaterThanOrEqual(attempts.slice(-300).filter(isSold).length);
    const stock = await stockOf(engine, 'storm');
    expect(stock).toMatchObject({ loaded: 100_000, sold: 0, withdrawn: 0 });
    expect(stock['reserved']).toBeGreaterThanOrEqual(attempts.filter(isSold).length);
    expect(stock['reserved']).toBeLessThanOrEqual(
      attempts.filter((one) => codeOf(one) !== 'shutting_down').length,
    );

    const id = String(cancelled.body['id']);
    expect(await engine.call('GET', `/v1/orders/${id}`, { token: tokenOf('canceller') })).toMatchObject({
      status: 200,
      body: cancelled.body,
    });
    const replayed = await engine.buy(tokenOf('canceller'), 'quiet', 'key');
    expect(replayed).toMatchObject({ status: 201, body: { id, status: 'reserved' } });
    expect(replayed.headers.get('idempotency-replayed')).toBe('true');
    expectProblem(await engine.buy(tokenOf('anybody'), 'halted', 'key'), 409, 'sale_paused');
    const repeated = await engine.call('POST', '/v1/admin/products/quiet/stock', {
      token: ADMIN_TOKEN,
      key: 'first',
      body: { quantity: 10 },
    });
    expect(repeated.body).toMatchObject({ loaded: 10, duplicate: true });
    await expectClean(engine);
  });

  test('the second start of the demonstration loads no stock again', async () => {
    for (const { id, quantity } of sampleCampaign) {
      expect(await stockOf(engine, id)).toMatchObject({ loaded: quantity, withdrawn: 0 });
    }
  });

  test('a second signal ends a stop that takes long, at once', async () => {
    const waiting = openSocket(engine);
    waiting.on('error', () => undefined);
    const head = `POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokenOf('slow')}\r\n`;
    let heard = '';
    waiting.on('data', (piece: Buffer) => (heard += piece.toString()));
    waiting.write(`${head}Idempotency-Key: k\r\nExpect: 100-continue\r\nContent-Length: 40\r\n\r\n`);
    await waitUntil('the node waits for the body', () => heard.startsWith('HTTP/1.1 100 Continue'));
    engine.signal('SIGTERM');
    engine.signal('SIGINT');
    await waitUntil('the stop has begun', () => engine.output.includes(': finishing what is under way'));
    const since = performance.now();
    await waitUntil('a later moment', () => performance.now() - since > 2 * SAME_SIGNAL_MS);
    expect(engine.output).not.toContain('again');
    engine.signal('SIGINT');
    expect(await engine.exited()).toBe(130);
    expect(engine.output).toContain('SIGINT again: ending at once');
    waiting.destroy();
  });

  test('with an empty Postgres it projects everything again; outside demo nobody gets a token', async () => {
    emptyPostgres(dataDir);
    engine = await Engine.start({ dataDir, demo: false, isEmbedded: true, env: { WORKERS: '1' } });
    expectProblem(
      await engine.call('POST', '/v1/dev/tokens', { body: { customerId: 'ada' } }),
      404,
      'not_found',
    );
    const sold = attempts.filter(isSold);
    const { customer } = sold[0]!;
    const own = sold.filter((one) => one.customer === customer);
    const orders = await waitUntil('the orders are projected again', async () => {
      const { body } = await engine.call<{ orders: { id: string }[]; asOf: string }>('GET', '/v1/orders', {
        token: tokenOf(customer),
      });
      return body.orders.length >= Math.min(100, own.length) && body.orders;
    });
    expect(own.map(({ answer }) => answer!.body['id'])).toContain(orders.at(-1)!.id);
    await waitUntil('the shop lists the products', async () => {
      const { body } = await engine.call<string>('GET', '/');
      return sampleCampaign.every(({ name }) => body.includes(name));
    });
    await expectClean(engine);
  });

  test('outside demo no payment succeeds, and its refusal says why', async () => {
    const token = tokenOf('payer');
    const { body } = await engine.buy(token, 'quiet', 'key');
    for (const by of ['demo', 'pending', 'review', 'decline']) {
      const path = `/v1/orders/${String(body['id'])}/payment`;
      const answer = await engine.call('POST', path, { token, body: { method: 'card', token: by } });
      expectProblem(
        answer,
        402,
        'payment_declined',
        /No payment provider is configured; nothing was charged/,
      );
    }
    expect((await engine.call('GET', `/v1/orders/${String(body['id'])}`, { token })).body).toEqual(body);
  });
});

describe('a journal that is full', () => {
  const dataDir = temporaryFolder();
  const attempts: Attempt[] = [];
  let engine: Engine;
  afterAll(() => engine?.remove());

  /** The longest names there are fill it soonest. */
  const customer = (n: number): string => `${n}`.padStart(128, '顧');
  const key = (n: number): string => `${n}`.padStart(128, 'k');

  async function buyRound(from: number, count = 100): Promise<Attempt[]> {
    const numbers = Array.from({ length: count }, (_, n) => from + n);
    const round = await Promise.all(numbers.map((n) => attempt(engine, customer(n), 'filling', key(n))));
    attempts.push(...round);
    return round;
  }

  test('sells until it is full, and then says so instead of selling', async () => {
    const env = { WORKERS: '1', JOURNAL_MEBIBYTES_MAX: '1', COMMAND_TIMEOUT_MS: '500' };
    engine = await Engine.start({ dataDir, demo: false, env });
    await engine.product('filling', { quantity: 100_000 });
    await engine.product('beside', { quantity: 1 });
    let sold = true;
    // A slow machine may leave one or the other without an answer in time; a full journal leaves all of them.
    for (let n = 0; sold && n < 10_000; n += 100) sold = (await buyRound(n)).some(isSold);
    expect(sold).toBe(false);
    expect(attempts.filter(isSold).length).toBeGreaterThan(500);
    await buyRound(10_000);
    const codes = new Set(attempts.map(codeOf));
    expect(codes.difference(new Set(['sold', 'overloaded', 'outcome_unknown']))).toEqual(new Set());
    for (const { answer } of attempts.filter((one) => !isSold(one)).slice(0, 10)) {
      expectProblem(answer!, 503, codeOf({ answer } as Attempt) as 'overloaded');
    }
  });

  test('still answers what needs no record of its own', async () => {
    const { customer: name } = attempts.find(isSold)!;
    const list = await engine.call<{ orders: object[] }>('GET', '/v1/orders', { token: tokenOf(name) });
    expect(list.status).toBe(200);
    expect(list.body.orders).toHaveLength(1);
    expect(await engine.call('GET', '/v1/products/beside')).toMatchObject({ status: 200 });
    for (const path of ['/livez', '/readyz', '/metrics', '/', '/v1/time']) {
      expect([path, (await engine.call('GET', path)).status]).toEqual([path, 200]);
    }
    await expectClean(engine);
  });

  test('given more room it has every acknowledged order, and sells on', async () => {
    await engine.kill();
    const env = { WORKERS: '1', JOURNAL_MEBIBYTES_MAX: '64' };
    engine = await Engine.start({ dataDir, demo: false, env });
    const orders = await expectAllThere(engine, attempts);
    expect((await stockOf(engine, 'filling'))['reserved']).toBe(orders);
    const round = await buyRound(20_000);
    expect(round.every(isSold)).toBe(true);
    for (const { customer: name, productId, key: same, answer } of attempts.slice(-150, -100)) {
      const again = await attempt(engine, name, productId, same);
      expect(isSold(again)).toBe(true);
      if (answer?.status === 201) expect(again.answer!.body).toEqual(answer.body);
    }
    await expectClean(engine);
  });
});
