// `doorbuster customers` and `doorbuster invitations` at a running node.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CampaignDesk, type PublishedCampaign } from '../harness/campaign-desk.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder } from '../harness/engine.ts';
import { doorbuster, type Ended } from './command.ts';

const folder = temporaryFolder();
let engine: Engine;
let campaign: PublishedCampaign;

beforeAll(async () => {
  engine = await Engine.start({ env: { WORKERS: '1', PUBLIC_URL: 'https://sale.example' } });
  const desk = await CampaignDesk.at(engine);
  campaign = await desk.publish({ title: 'By command', entry: 'invitation', products: [{ name: 'Kettle' }] });
});
afterAll(async () => {
  await engine?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...args: readonly string[]): Promise<Ended> =>
  doorbuster([...args, '--campaign', campaign.slug, '--url', engine.url], { ADMIN_TOKEN });
const fileOf = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

test('a list is loaded, shown and cleared', async () => {
  const file = fileOf('list.csv', 'customerId,name\nada,Ada\ngrace,Grace\nada,Ada\n');
  expect(await run('customers', 'load', '--file', file)).toMatchObject({
    code: 0,
    stdout: '2 customers are on the list of by-command now; repeated 1, bad 0.\n',
    stderr: expect.stringContaining(
      'the list counts when “Who may enter” of the campaign is customers on the list. Now it is customers with an invitation.',
    ) as string,
  });
  const shown = await run('customers', 'show');
  expect(shown.stdout).toMatch(/^by-command: 2 customers, since \d{4}-.*Z, by Admin API\n$/);
  const json = await run('customers', 'show', '--json');
  expect(JSON.parse(json.stdout)).toMatchObject({ customers: 2, madeBy: 'Admin API' });
  expect(await run('customers', 'clear')).toMatchObject({ code: 0, stdout: 'by-command has no list now.\n' });
  expect(await run('customers', 'clear')).toMatchObject({ code: 0, stdout: 'by-command had no list.\n' });
  expect(await run('customers', 'show')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('has no list of customers') as string,
  });
});

test('bad lines are printed with their numbers, and nothing is loaded unless they are skipped', async () => {
  const file = fileOf('bad.csv', `ada\n"grace\n${'a,b\n'.repeat(30)}`);
  const refused = await run('customers', 'load', '--file', file);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('line 2: has quotes that do not fit');
  expect(refused.stderr).toContain('line 21: has more than one column');
  expect(refused.stderr).not.toContain('line 22:');
  expect(refused.stderr).toContain('and 11 more bad lines');
  expect(refused.stderr).toContain('Nothing was changed: 31 bad lines.');
  const skipped = await run('customers', 'load', '--file', file, '--skip-bad', '--json');
  expect(skipped.code).toBe(0);
  expect(JSON.parse(skipped.stdout)).toMatchObject({
    loaded: true,
    customers: 1,
    badLines: { count: 31 },
  });
});

test('what cannot be is told: no file, no such campaign', async () => {
  expect(await run('customers', 'load', '--file', join(folder, 'nowhere.csv'))).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('nowhere.csv cannot be read') as string,
  });
  const file = fileOf('one.csv', 'ada\n');
  const args = ['customers', 'load', '--file', file, '--campaign', 'nobody', '--url', engine.url];
  expect(await doorbuster(args, { ADMIN_TOKEN })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('404 not_found: No campaign has this address') as string,
  });
});

test('invitations come out as CSV, one for each customer, and open the door', async () => {
  const file = fileOf('invited.csv', 'customerId\nada\n"lovelace, a."\n=grace\nada\n');
  const { code, stdout, stderr } = await run('invitations', '--file', file);
  expect(code).toBe(0);
  expect(stderr).toBe('');
  const lines = stdout.trim().split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toBe('customerId,link');
  // As shoppers see the server, not as the command does.
  expect(lines[2]).toMatch(/^"lovelace, a\.",https:\/\/sale\.example\/c\/by-command\?invitation=/);
  expect(lines[3]).toMatch(/^'=grace,http/);
  const invitation = /\?invitation=(\S+)$/.exec(lines[1]!)![1]!;
  const buy = (token: string, brought: string | undefined, key: string) =>
    engine.call('POST', '/v1/orders', {
      token,
      key,
      body: { productId: campaign.productIds[0]!, quantity: 1 },
      headers: brought === undefined ? {} : { 'Doorbuster-Invitation': brought },
    });
  const ada = await engine.token('ada');
  expect((await buy(ada, undefined, 'k1')).status).toBe(404);
  expect((await buy(await engine.token('eve'), invitation, 'k2')).status).toBe(404);
  expect((await buy(ada, invitation, 'k3')).status).toBe(201);
  const late = await run('invitations', '--file', file, '--expires-at', '2020-01-01T00:00:00Z');
  expect(late).toMatchObject({ code: 1, stderr: expect.stringContaining('must lie ahead') as string });
});
