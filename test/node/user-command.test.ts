// `doorbuster user` at a running node, and the account that demo mode prints.

import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPassword } from '../../src/commands/password-file.ts';
import { makeDemoAccount } from '../../src/demo-account.ts';
import { makePassword } from '../../src/made-up-password.ts';
import { passwordFault } from '../../src/persistence/index.ts';
import { CmsBrowser } from '../harness/cms-browser.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder } from '../harness/engine.ts';
import { expectProblem } from '../http/problems.ts';
import { BIN, doorbuster, type Ended } from './command.ts';

const PASSWORD = 'correct horse battery';
const PRINTED = /CMS +(\S+)\/cms +(\S+) +(\S+)\n/;

const folder = temporaryFolder();
let engine: Engine;

beforeAll(async () => {
  engine = await Engine.start({ env: { WORKERS: '1' } });
});
afterAll(async () => {
  await engine?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const user = (...args: readonly string[]): Promise<Ended> =>
  doorbuster(['user', ...args, '--url', engine.url], { ADMIN_TOKEN });
const canSignIn = async (email: string, password: string): Promise<boolean> =>
  (await CmsBrowser.at(engine.url).signIn(email, password)).status === 303;

function printedBy(output: string): { email: string; password: string } {
  const [, , email, password] = PRINTED.exec(output) ?? [];
  return { email: email!, password: password! };
}

test('somebody is added with a password that is made up and shown once', async () => {
  const { code, stdout } = await user('add', 'Ada@Example.com', '--name', 'Ada L.', '--role', 'publisher');
  expect(code).toBe(0);
  expect(stdout).toContain(`ada@example.com can sign in at ${engine.url}/cms as publisher.`);
  const password = /Password, shown this once: (\S+)\n/.exec(stdout)![1]!;
  expect(passwordFault(password, 'ada@example.com')).toBeUndefined();
  expect(await canSignIn('ada@example.com', password)).toBe(true);
  const listed = await user('list');
  expect(listed.stdout).toContain('ada@example.com          publisher  Ada L.\n');
  expect(listed.stdout).not.toContain(password);
  const again = await user('add', 'ada@EXAMPLE.com');
  expect(again).toMatchObject({ code: 1, stdout: '' });
  expect(again.stderr).toContain('email_taken: Somebody has this e-mail already');
});

test('a password comes from a file or from standard input, and is not shown', async () => {
  const file = join(folder, 'password');
  writeFileSync(file, `${PASSWORD}\n`);
  const added = await user('add', 'grace@example.com', '--password-file', file, '--json');
  expect(JSON.parse(added.stdout)).toEqual({
    id: expect.any(String),
    email: 'grace@example.com',
    name: 'grace',
    role: 'editor',
    disabled: false,
    createdAt: expect.any(String),
  });
  expect(await canSignIn('grace@example.com', PASSWORD)).toBe(true);

  const other = 'another long password';
  const args = ['user', 'password', 'grace@example.com', '--password-file', '-', '--url', engine.url];
  const { status, stdout } = spawnSync(process.execPath, [BIN, ...args], {
    env: { ...process.env, ADMIN_TOKEN },
    input: other,
    encoding: 'utf8',
  });
  expect([status, stdout]).toEqual([
    0,
    'grace@example.com has another password; their sessions have ended.\n',
  ]);
  expect(await canSignIn('grace@example.com', PASSWORD)).toBe(false);
  expect(await canSignIn('grace@example.com', other)).toBe(true);
});

test.each([
  ['empty', '\n', 'empty must hold one line: the password.'],
  ['two', 'one\ntwo\n', 'two must hold one line: the password.'],
  ['large', 'x'.repeat(5_000), 'large holds more than a password: 4096 bytes at most.'],
  ['missing', undefined, /^The password cannot be read from .*missing: ENOENT/],
])('a file that holds no password, or more, is told so: %s', (name, text, why) => {
  const file = join(folder, name);
  if (text !== undefined) writeFileSync(file, text);
  expect(() => readPassword(file)).toThrow(why);
});

test('a role, disabling and enabling hold at once', async () => {
  const { body } = await engine.admin<{ email: string }>('POST', '/users', {
    email: 'eve@example.com',
    name: 'Eve',
    role: 'viewer',
    password: PASSWORD,
  });
  expect(body.email).toBe('eve@example.com');
  const browser = CmsBrowser.at(engine.url);
  await browser.signIn('eve@example.com', PASSWORD);
  expect((await browser.get('/cms')).html).toContain('Viewer');
  expect((await user('role', 'eve@example.com', 'publisher')).stdout).toBe(
    'eve@example.com is publisher now.\n',
  );
  expect((await browser.get('/cms')).html).toContain('Publisher');
  expect((await user('disable', 'eve@example.com')).stdout).toContain('is disabled');
  expect(await browser.isSignedIn()).toBe(false);
  expect((await user('list')).stdout).toMatch(/eve@example.com +publisher +Eve {2}\(disabled\)/);
  expect((await user('enable', 'eve@example.com')).stdout).toContain('can sign in as publisher');
  expect(await canSignIn('eve@example.com', PASSWORD)).toBe(true);
});

test('what is wrong is named, and what would be right', async () => {
  const [nobody, boss, nonsense, shown] = await Promise.all([
    user('disable', 'nobody@example.com'),
    user('role', 'eve@example.com', 'boss'),
    user('add', 'nonsense'),
    // On a command line everybody on the machine could read it.
    user('add', 'x@example.com', '--password', PASSWORD),
  ]);
  expect(nobody).toMatchObject({ code: 1, stdout: '' });
  expect(nobody.stderr).toContain('not_found: Nobody has the e-mail nobody@example.com.');
  expect(boss.stderr).toContain('Allowed choices are viewer, editor, publisher');
  expect(nonsense.stderr).toContain('must be an e-mail address, as ada@example.com');
  expect(shown.stderr).toContain("unknown option '--password'");
});

test('the API of users takes the admin token alone and names every wrong field', async () => {
  expectProblem(await engine.call('GET', '/v1/admin/users'), 401, 'unauthenticated');
  const shopper = await engine.token('ada');
  expectProblem(await engine.call('GET', '/v1/admin/users', { token: shopper }), 403, 'forbidden');
  const bad = await engine.admin('POST', '/users', {
    email: 'x',
    name: '',
    role: 'boss',
    password: 'short',
    more: 1,
  });
  const { errors } = expectProblem(bad, 400, 'invalid_request');
  expect(errors!.map(({ field }) => field).toSorted()).toEqual(['body', 'email', 'name', 'role']);
  const short = await engine.admin('PATCH', '/users/grace@example.com', { password: 'short' });
  expectProblem(short, 400, 'invalid_request', /password: must have at least 12 characters/);
  expectProblem(
    await engine.admin('PATCH', '/users/grace@example.com', {}),
    400,
    'invalid_request',
    /names nothing to change/,
  );
});

test('demo mode prints an account whose password is another one at each start', async () => {
  const { email, password } = printedBy(engine.output);
  expect(email).toBe('demo@doorbuster.example');
  const browser = CmsBrowser.at(engine.url);
  expect((await browser.signIn(email, password)).status).toBe(303);
  expect((await browser.get('/cms')).html).toContain('Publisher');
  await engine.admin('PATCH', `/users/${email}`, { disabled: true });
  await engine.stop();
  const before = engine;
  engine = await Engine.start({ dataDir: before.dataDir, env: { WORKERS: '1' } });
  const next = printedBy(engine.output);
  expect(next).toEqual({ email, password: expect.any(String) });
  expect(next.password).not.toBe(password);
  expect(await canSignIn(email, password)).toBe(false);
  expect(await canSignIn(email, next.password)).toBe(true);
  const later = CmsBrowser.at(engine.url);
  for (const [name, value] of browser.cookies) later.cookies.set(name, value);
  expect(await later.isSignedIn()).toBe(false);
});

test('where the account of the demo cannot be made, that is said', async () => {
  const server = createServer((_, response) => response.writeHead(409).end('{"code":"too_many_users"}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(makeDemoAccount(url, ADMIN_TOKEN)).rejects.toThrow(
    'No account for the CMS could be made; the shop works without it. The node answered: {"code":"too_many_users"}',
  );
  server.close();
});

test('made-up passwords differ and are long enough', () => {
  const some = Array.from({ length: 50 }, makePassword);
  expect(new Set(some).size).toBe(50);
  for (const password of some) expect(password).toMatch(/^([a-hj-kmnp-z2-9]{4}-){4}[a-hj-kmnp-z2-9]{4}$/);
});
