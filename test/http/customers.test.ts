// Lists of customers and invitations over the API of a real node: streamed in, refused, cut off, and with the node killed.

import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CampaignDesk, type PublishedCampaign } from '../harness/campaign-desk.ts';
import { CmsBrowser } from '../harness/cms-browser.ts';
import { printedAccount } from '../harness/cms-desk.ts';
import { ADMIN_TOKEN, Engine } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { send, type RawAnswer } from './raw.ts';

const authorization = `Bearer ${ADMIN_TOKEN}`;
const ids = (count: number, prefix: string): string[] =>
  Array.from({ length: count }, (_, number) => `${prefix}-${number}`);

let engine: Engine;
let campaign: PublishedCampaign;
let path: string;

const put = async (file: string, query = '', at: string = path): Promise<{ status: number; body: never }> =>
  read(
    await send(engine, {
      method: 'PUT',
      path: `${at}${query}`,
      headers: { authorization, 'content-type': 'text/csv' },
      body: file,
      chunked: true,
    }),
  );
const read = ({ status, text }: RawAnswer): { status: number; body: never } => ({
  status,
  body: JSON.parse(text) as never,
});
const show = () => engine.call('GET', path, { token: ADMIN_TOKEN });
const customersOf = async (): Promise<unknown> => (await show()).body['customers'];

beforeAll(async () => {
  engine = await Engine.start({ env: { WORKERS: '2' } });
  const desk = await CampaignDesk.at(engine);
  campaign = await desk.publish({
    title: 'For a few',
    entry: 'list',
    customers: ['ada'],
    products: [{ name: 'Ember Kettle', quantity: 50 }],
  });
  path = `/v1/admin/campaigns/${campaign.slug}/customers`;
});
afterAll(() => engine?.remove());

const buy = async (customer: string): Promise<number> =>
  (await engine.buy(await engine.token(customer), campaign.productIds[0]!, `first-${customer}`)).status;

describe('the list of a campaign', () => {
  test('is put in force, told, and removed; who is on it buys and nobody else', async () => {
    expect(await put('customerId\nada\ngrace\nada\n')).toMatchObject({
      status: 200,
      body: { customers: 2, repeated: 1, madeBy: 'Admin API', badLines: { count: 0, lines: [] } },
    });
    expect(await show()).toMatchObject({ status: 200, body: { customers: 2, madeBy: 'Admin API' } });
    await waitUntil('grace may buy', async () => (await buy('grace')) === 201);
    expect(await buy('eve')).toBe(404);
    expect(await put('eve\n')).toMatchObject({ status: 200, body: { customers: 1 } });
    await waitUntil('eve may buy', async () => (await buy('eve')) === 201);
    expect(await buy('lin')).toBe(404);
    const removed = await engine.call('DELETE', path, { token: ADMIN_TOKEN });
    expect(removed).toMatchObject({ status: 200, body: { removed: true } });
    expect(await show()).toMatchObject({ status: 404, body: { code: 'not_found' } });
    const again = await engine.call('DELETE', path, { token: ADMIN_TOKEN });
    expect(again).toMatchObject({ status: 200, body: { removed: false } });
  });

  test('is refused as a whole for a bad line, with line and reason, unless bad lines are to be left out', async () => {
    expect(await put('lin\n')).toMatchObject({ status: 200 });
    const file = 'ada\n"grace\na,b\nada\n';
    expect(await put(file)).toMatchObject({
      status: 422,
      body: {
        code: 'bad_lines',
        customers: 1,
        badLines: {
          count: 2,
          lines: [
            { line: 2, text: '"grace', problem: expect.stringContaining('quotes') as string },
            { line: 3, text: 'a,b', problem: expect.stringContaining('more than one column') as string },
          ],
        },
      },
    });
    expect(await customersOf()).toBe(1);
    expect(await put(file, '?skipBad=true')).toMatchObject({
      status: 200,
      body: { customers: 1, repeated: 1, badLines: { count: 2 } },
    });
    // Without them nobody would be on the list: then they say why.
    expect(await put('"ada\n"grace\n', '?skipBad=true')).toMatchObject({
      status: 422,
      body: { code: 'bad_lines', customers: 0, badLines: { count: 2, lines: [{ line: 1 }, { line: 2 }] } },
    });
    expect(await customersOf()).toBe(1);
    expect(await put(file, '?skipBad=perhaps')).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  });

  test('is of a campaign that exists, and takes the admin token', async () => {
    for (const slug of ['nobody', 'x'.repeat(80)])
      expect(await put('ada\n', '', `/v1/admin/campaigns/${slug}/customers`)).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      });
    for (const slug of ['%00', 'A', 'a%2F..%2Fb', 'x'.repeat(81), '%F0%9F%8E%AB'])
      expect(await put('ada\n', '', `/v1/admin/campaigns/${slug}/customers`)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request' },
      });
    const token = await engine.token('ada');
    expect(await engine.call('GET', path, { token })).toMatchObject({ status: 403 });
    expect(await engine.call('GET', path)).toMatchObject({ status: 401 });
  });

  test('stays what it was when the file is empty or says that it is too large', async () => {
    const before = await customersOf();
    expect(await put('customerId\n')).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    const answer = await send(engine, {
      method: 'PUT',
      path,
      headers: { authorization, 'content-length': `${300 * 1024 * 1024}` },
    });
    expect(read(answer)).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
    expect(await customersOf()).toBe(before);
  });

  test.each(['Content-Length: 10000000', 'Transfer-Encoding: chunked'])(
    'stays what it was when an upload is cut off (%s)',
    async (framing) => {
      expect(await put('lin\nada\n')).toMatchObject({ status: 200 });
      const { port } = new URL(engine.url);
      const body = `${ids(50_000, 'cut').join('\n')}\n`;
      const chunk = framing.startsWith('Content') ? body : `${body.length.toString(16)}\r\n${body}\r\n`;
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), '127.0.0.1', () => {
          socket.write(
            `PUT ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n${framing}\r\n\r\n${chunk}`,
            () => socket.destroy(),
          );
        });
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
      });
      // More than are taken in at once: those that were cut off are over.
      for (let round = 0; round < 3; round++)
        expect(await put('lin\nada\n')).toMatchObject({ status: 200, body: { customers: 2 } });
    },
  );

  test('is whole, the old or the new one, when the node is killed in mid-upload', async () => {
    const dataDir = engine.dataDir;
    for (const waitMs of [0, 300]) {
      expect(await put(`${ids(1_000, 'old').join('\n')}\n`)).toMatchObject({ status: 200 });
      const upload = put(`${ids(300_000, 'new').join('\n')}\n`).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      await engine.kill();
      await upload;
      engine = await Engine.start({ dataDir, env: { WORKERS: '2' } });
      expect([1_000, 300_000]).toContain(await customersOf());
      expect(await put('lin\n')).toMatchObject({ status: 200, body: { customers: 1 } });
    }
  });
});

test('the page of the campaign in the CMS tells how many are on the list', async () => {
  expect(await put('lin\nada\n')).toMatchObject({ status: 200 });
  const browser = CmsBrowser.at(engine.url);
  const { email, password } = printedAccount(engine);
  await browser.signIn(email, password);
  const { html } = await browser.get(`/cms/campaigns/${campaign.id}`);
  expect(html).toContain('2 customers on it.');
  expect(html).toContain(`href="/c/${campaign.slug}"`);
});

describe('invitations', () => {
  const invite = (body: object) =>
    engine.call<{ invitations: { customerId: string; invitation: string; path: string }[] }>(
      'POST',
      `/v1/admin/campaigns/${campaign.slug}/invitations`,
      { token: ADMIN_TOKEN, body },
    );

  test('are links, one for each customer, which the node itself reads', async () => {
    const { status, body } = await invite({ customerIds: ['ada', 'grace', 'ada'] });
    expect(status).toBe(200);
    expect(body.invitations.map(({ customerId }) => customerId)).toEqual(['ada', 'grace']);
    for (const { invitation, path: link } of body.invitations)
      expect(link).toBe(`/c/${campaign.slug}?invitation=${invitation}`);
  });

  test('are refused for an hour that is over, and for what is no customer', async () => {
    expect(await invite({ customerIds: ['ada'], expiresAt: '2020-01-01T00:00:00Z' })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'expiresAt' }] },
    });
    for (const customerIds of [[], [''], ['a\u0000b'], ['x'.repeat(129)], ids(10_001, 'many')])
      expect(await invite({ customerIds })).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});
