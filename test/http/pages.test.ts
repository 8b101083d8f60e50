// Pages for people that need neither an engine nor Postgres.

import { expect, test, vi } from 'vitest';
import { createApp, loadAssets, type HttpContext } from '../../src/http/index.ts';
import { docsAt } from '../../src/http/api-reference.ts';
import { campaignListPage } from '../../src/http/pages/cms/index.ts';
import { docsPage } from '../../src/http/pages/docs.ts';

vi.mock('../../src/http/pages/docs.ts', { spy: true });

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';

const { app } = createApp(
  {
    assets: loadAssets(),
    auth: { visitor: () => undefined },
    demo: true,
  } as unknown as HttpContext,
  {
    onError: (error) => expect.fail(String(error)),
  },
);
const ask = (path: string, accept?: string, method = 'GET') =>
  app.request(path, { method, headers: accept === undefined ? {} : { Accept: accept } });

test('a browser at a wrong address is shown a page with a way on, under the policy of all pages', async () => {
  const answer = await ask('/checkuot', BROWSER);
  expect(answer.status).toBe(404);
  expect(answer.headers.get('Content-Type')).toMatch(/^text\/html/);
  expect(answer.headers.get('Content-Security-Policy')).toMatch(/^default-src 'none'; script-src 'self'/);
  expect(answer.headers.get('Cache-Control')).toBe('no-store');
  const text = await answer.text();
  expect(text).toMatch(/<h1[^>]*>No door here<\/h1>/);
  expect(text).toContain('<a href="/">To the shop</a>');
  expect(text).not.toMatch(/aria-current|<style|<script(?![^>]*src=)|style=/);
});

test('clients of the API get a problem at a wrong address, whatever they accept under /v1', async () => {
  const asked: [path: string, accept?: string, method?: string][] = [
    ['/checkuot'],
    ['/checkuot', '*/*'],
    ['/checkuot', 'application/json'],
    ['/checkuot', 'application/json, text/html;q=0.5'],
    ['/checkuot', BROWSER, 'POST'],
    ['/v1/nothing', BROWSER],
    ['/v1', BROWSER],
  ];
  for (const [path, accept, method] of asked) {
    const answer = await ask(path, accept, method);
    expect(answer.status).toBe(404);
    expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
    expect(await answer.json()).toMatchObject({ code: 'not_found' });
  }
});

test('the documentation names the address that it is read at, and is made once for all of them', async () => {
  const at = async (host: string): Promise<string> => {
    const answer = await app.request(`http://${host}/docs`);
    expect(answer.status).toBe(200);
    return answer.text();
  };
  const first = await at('one.example:3000');
  expect(first).toContain('curl -X POST &#39;http://one.example:3000/v1/orders&#39;');
  const other = await at('other.example');
  expect(other).toContain('curl -X POST &#39;http://other.example/v1/orders&#39;');
  expect(other).not.toMatch(/one\.example|\.invalid/);
  expect(await docsAt('http://"><b>')).not.toContain('"><b>');
  expect(docsPage).toHaveBeenCalledTimes(1);
});

test('an address that takes another method says so, also to a browser', async () => {
  const answer = await ask('/docs', BROWSER, 'DELETE');
  expect([answer.status, answer.headers.get('Allow')]).toEqual([405, 'GET, HEAD']);
});

test('in demo mode the empty list of campaigns says whose the products in the shop are', async () => {
  const shown = async (demo: boolean, role: string): Promise<string> => {
    const look = { assets: loadAssets(), now: 0, session: { user: { name: 'Ada', role } } } as never;
    const view = { campaigns: [], phase: undefined, older: undefined, isFirstPage: true, demo };
    return String(await campaignListPage(look, view));
  };
  const forEditor = await shown(true, 'editor');
  expect(forEditor).toContain('through the API, so they belong to no campaign');
  expect(forEditor).toContain('Make the first campaign');
  expect(await shown(true, 'viewer')).toContain('through the API');
  expect(await shown(false, 'editor')).not.toContain('samples');
});
