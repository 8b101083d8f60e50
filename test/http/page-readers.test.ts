// A campaign's page before a crowd: the bytes of one reader's page are put together where another's stood before, so here are many at
// once, some of whom do not read what they asked for, and each finds nothing but their own. And who gets a page past the app.

import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Doors } from '../../src/http/index.ts';
import { localeOf } from '../../src/http/pages/index.ts';
import { CampaignContents } from '../../src/http/shop/campaign-contents.ts';
import { CampaignLook } from '../../src/http/shop/campaign-look.ts';
import { CampaignPages } from '../../src/http/shop/campaign-pages.ts';
import { OPEN_CAMPAIGN_GATE, type Door } from '../../src/persistence/index.ts';
import { CampaignDesk } from '../harness/campaign-desk.ts';
import { Engine } from '../harness/engine.ts';
import { signInAsShopper } from '../harness/shopper-session.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { openSocket } from './raw.ts';
import { SessionApp } from './session-app.ts';

describe('a crowd', () => {
  const READERS = 24;
  const BRISK_LOOKS = 40;
  /** More than the system takes for somebody who does not read. */
  const UNREAD_BYTES = 16 * 1024 * 1024;
  const PIPELINED_LOOKS = 100;

  let engine: Engine;
  let path: string;
  let cookies: string[];

  beforeAll(async () => {
    engine = await Engine.start({ env: { WORKERS: '1' } });
    const desk = await CampaignDesk.at(engine);
    ({ path } = await desk.publish({ title: 'Crowd', products: [{ name: 'Kettle' }, { name: 'Cup' }] }));
    const names = Array.from({ length: READERS }, (_, number) => `reader-${number}`);
    cookies = await Promise.all(names.map(async (name) => (await signInAsShopper(engine.url, name)).cookie));
  });
  afterAll(() => engine?.remove());

  const request = (number: number): string =>
    `GET ${path} HTTP/1.1\r\nHost: ${new URL(engine.url).host}\r\nAccept: text/html\r\nCookie: ${cookies[number]!}\r\n\r\n`;

  test('looks at once, and each finds their own name, secret and key, and nobody else’s', async () => {
    const bytes = (await new Reader(openSocket(engine)).looks(request(0), 1))[0]!.length;
    const unread = Math.ceil(UNREAD_BYTES / bytes);
    const readers = cookies.map(() => new Reader(openSocket(engine)));
    const isSlow = (number: number): boolean => number % 8 === 0;
    const slow = readers.map((reader, number) =>
      isSlow(number) ? reader.asks(request(number), unread) : undefined,
    );
    const brisk = readers.map((reader, number) =>
      isSlow(number)
        ? undefined
        : number % 2 === 0
          ? reader.looks(request(number).repeat(PIPELINED_LOOKS), PIPELINED_LOOKS)
          : reader.oneByOne(request(number), BRISK_LOOKS),
    );
    await Promise.all([...slow, ...brisk]);
    // Whoever was slow reads at last, after all others wrote where their pages stood.
    const pages = await Promise.all(
      readers.map((reader, number) => (isSlow(number) ? reader.pages(unread) : brisk[number]!)),
    );
    const secrets = pages.map((own, number) => {
      const told = own.map(ownOf);
      expect(new Set(told.map(({ customer, name }) => `${customer} ${name}`))).toEqual(
        new Set([`reader-${number} reader-${number}`]),
      );
      expect(new Set(own.flatMap((page) => page.match(/reader-\d+/g)))).toEqual(
        new Set([`reader-${number}`]),
      );
      const ownSecrets = new Set(told.flatMap(({ secrets }) => secrets));
      expect(ownSecrets.size).toBe(1);
      return [...ownSecrets][0]!;
    });
    expect(new Set(secrets).size).toBe(READERS);
    const keys = pages.flatMap((own) => own.map((page) => ownOf(page).key));
    expect(keys.every((key) => /^[\w-]{22}$/.test(key))).toBe(true);
    expect(new Set(keys).size).toBe(keys.length);
    expect(pages.flat().every((page) => page.trimEnd().endsWith('</html>'))).toBe(true);
  });
});

/** What a page has of its reader. */
function ownOf(page: string) {
  const all = (pattern: RegExp): string[] => [...page.matchAll(pattern)].map(([, value]) => value!);
  const keys = new Set(all(/name="key" value="([^"]*)"/g));
  expect(keys.size).toBe(1);
  return {
    name: all(/identity-name">([^<]*)</g).join(' '),
    customer: all(/data-customer="([^"]*)"/g).join(' '),
    secrets: all(/name="csrf" value="([^"]*)"/g),
    key: [...keys][0]!,
  };
}

/** A connection that reads when it is told to. */
class Reader {
  readonly #socket: Socket;
  readonly #pieces: Buffer[] = [];
  readonly #open: Promise<void>;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#open = new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
  }

  /** Without reading any answer, and not so fast that one is asked for before the last one was sent. */
  async asks(request: string, count: number): Promise<void> {
    await this.#open;
    for (let sent = 0; sent < count; sent++) {
      this.#socket.write(request);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async oneByOne(request: string, count: number): Promise<string[]> {
    const pages: string[] = [];
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    while (pages.length < count) pages.push(...(await this.looks(request, 1)));
    return pages;
  }

  async looks(requests: string, count: number): Promise<string[]> {
    await this.#open;
    this.#socket.write(requests);
    return this.pages(count);
  }

  /** Reads that many. */
  async pages(count: number): Promise<string[]> {
    const pages: string[] = [];
    const take = (piece: Buffer): void => void this.#pieces.push(piece);
    this.#socket.on('data', take).resume();
    await waitUntil(`${count} pages`, () => {
      pages.push(...answersIn(this.#pieces));
      return pages.length >= count;
    });
    this.#socket.off('data', take).pause();
    return pages;
  }
}

/** Whole answers; what is left of another stays. */
function answersIn(pieces: Buffer[]): string[] {
  let bytes = Buffer.concat(pieces);
  const answers: string[] = [];
  for (;;) {
    const head = bytes.indexOf('\r\n\r\n');
    if (head < 0) break;
    const text = bytes.toString('latin1', 0, head);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    const end = head + 4 + Number(/content-length: (\d+)/i.exec(text)![1]);
    if (bytes.length < end) break;
    answers.push(bytes.toString('utf8', head + 4, end));
    bytes = bytes.subarray(end);
  }
  pieces.splice(0, pieces.length, bytes);
  return answers;
}

describe('past the app', () => {
  const HOUR_MS = 60 * 60 * 1_000;
  const app = new SessionApp({ sessionMs: HOUR_MS, demo: true });
  app.now = Date.UTC(2030, 0, 1);
  const { context } = app;
  const { clock, assets } = context;
  const door = (slug: string, entry: Door['entry']): Door => ({
    campaignId: `campaign-${slug}`,
    slug,
    stamp: '1',
    title: slug,
    status: 'published',
    startsAt: app.now - HOUR_MS,
    endsAt: app.now + 24 * HOUR_MS,
    entry,
    gate: OPEN_CAMPAIGN_GATE,
    productIds: [],
    keys: undefined,
  });
  const open = door('open', { kind: 'everyone' });
  const gold = door('gold', { kind: 'claim', name: 'tier', value: 'gold' });
  const doors = Doors.none({ engine: { request: () => Promise.reject(new Error('no engine')) }, clock });
  doors.take({ isWhole: true, doors: [open, gold], gone: [], isComplete: true });
  const readings = { refresh: () => undefined, of: () => undefined } as never;
  const contents = new CampaignContents(undefined, clock);
  const pages = new CampaignPages({ assets, clock, contents, readings });
  const look = new CampaignLook({ ...context, doors }, pages, { 'Cache-Control': 'no-store' });
  const LEFT_TO_THE_APP = 501;
  /** Called with each answer when it is written. */
  let onAnswer: (answer: ServerResponse) => void = () => undefined;
  let server: Server;

  beforeAll(async () => {
    server = createServer((incoming, outgoing) => {
      if (!look.serve(incoming, outgoing)) outgoing.writeHead(LEFT_TO_THE_APP).end();
      onAnswer(outgoing);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => server.close());

  const port = (): number => (server.address() as AddressInfo).port;
  const get = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const answer = await fetch(`http://127.0.0.1:${port()}${path}`, {
      method,
      headers: { 'Accept-Language': 'en', ...headers },
    });
    return { status: answer.status, text: await answer.text() };
  };
  const cookieOf = (customerId: string, claims = {}): { Cookie: string } => {
    const session = app.auth.sessions.begin({ customerId, name: undefined, claims });
    return { Cookie: `doorbuster_session=${app.auth.sessions.sign(session)}` };
  };
  /** Somebody has looked just now. */
  const warm = async (): Promise<void> => {
    const visitor = { customerId: 'first', name: 'first', csrf: 'secret-of-the-first' };
    for (const each of [open, gold])
      for (const seen of [visitor, undefined])
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await pages.html(each, { visitor: seen, locale: localeOf('en'), key: 'key-of-the-first' });
  };

  test('a session ends at its second, and with it what it opened', async () => {
    const member = cookieOf('ada', { tier: 'gold' });
    app.now += HOUR_MS - 1;
    await warm();
    const last = await get('/c/gold', member);
    expect(last.status).toBe(200);
    expect(last.text).toContain('<strong class="identity-name">ada</strong>');
    expect(last.text).not.toContain('of-the-first');
    expect((await get('/c/open', member)).text).toContain('<strong class="identity-name">ada</strong>');
    app.now += 1;
    await warm();
    expect(await get('/c/gold', member)).toEqual({ status: LEFT_TO_THE_APP, text: '' });
    const after = await get('/c/open', member);
    expect(after.status).toBe(200);
    expect(after.text).not.toContain('ada');
  });

  test('the door is asked each time', async () => {
    await warm();
    const member = cookieOf('ada', { tier: 'gold' });
    expect((await get('/c/gold', member)).status).toBe(200);
    expect((await get('/c/gold', cookieOf('eve'))).status).toBe(LEFT_TO_THE_APP);
    expect((await get('/c/gold')).status).toBe(LEFT_TO_THE_APP);
    doors.take({ isWhole: false, doors: [], gone: [gold.campaignId], isComplete: true });
    expect((await get('/c/gold', member)).status).toBe(LEFT_TO_THE_APP);
    doors.take({ isWhole: false, doors: [gold], gone: [], isComplete: true });
    expect((await get('/c/gold', member)).status).toBe(200);
  });

  test('a page that waits for its reader to read is not written over', async () => {
    await warm();
    const requestOf = ({ Cookie }: { Cookie: string }): string =>
      `GET /c/open HTTP/1.1\r\nHost: localhost\r\nAccept-Language: en\r\nCookie: ${Cookie}\r\n\r\n`;
    const slow = new Reader(connect(port(), '127.0.0.1'));
    const request = requestOf(cookieOf('slow'));
    let looks = 0;
    for (let isFull = false; !isFull; looks++) {
      const answer = new Promise<ServerResponse>((resolve) => (onAnswer = resolve));
      // oxlint-disable-next-line no-await-in-loop -- until the system takes no more for somebody who does not read
      await slow.asks(request, 1);
      // oxlint-disable-next-line no-await-in-loop -- the same
      isFull = (await answer).writableLength > 0;
    }
    // What all others write is shifted by the length of their name.
    const other = await new Reader(connect(port(), '127.0.0.1')).oneByOne(
      requestOf(cookieOf('other'.repeat(12))),
      10,
    );
    expect(new Set(other).size).toBe(1);
    // There is no form on this page, so that all of a reader's are the same.
    const pages = await slow.pages(looks);
    expect(new Set(pages)).toEqual(new Set([pages[0]]));
    expect(pages[0]).toContain('<strong class="identity-name">slow</strong>');
  });

  test('whatever is unusual is the app’s, and so is a page that has to be waited for', async () => {
    await warm();
    const member = cookieOf('ada', { tier: 'gold' });
    const forged = { Cookie: `${member.Cookie.slice(0, -2)}xx` };
    expect((await get('/c/open', forged)).text).not.toContain('ada');
    for (const path of ['/c/open?invitation=x', '/c/open/orders', '/c/op%65n', '/c/', '/c/nowhere'])
      // oxlint-disable-next-line no-await-in-loop -- one after the other says which one
      expect([path, (await get(path, member)).status]).toEqual([path, LEFT_TO_THE_APP]);
    expect((await get('/c/open', member, 'HEAD')).status).toBe(LEFT_TO_THE_APP);
    expect((await get('/c/open', { Authorization: 'Bearer wrong' })).status).toBe(LEFT_TO_THE_APP);
    expect((await get('/c/open', { 'Accept-Language': 'ja' })).status).toBe(LEFT_TO_THE_APP);
    app.now += HOUR_MS / 2;
    expect((await get('/c/open', member)).status).toBe(LEFT_TO_THE_APP);
  });
});
