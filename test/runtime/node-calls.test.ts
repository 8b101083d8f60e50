// Calls between the main threads of nodes over a real server.

import { afterAll, afterEach, describe, expect, test } from 'vitest';
import {
  CallFailed,
  JetStreamNames,
  NodeCalls,
  type CallHandlers,
  type Link,
} from '../../src/runtime/index.ts';
import { CALL_BYTES_MAX } from '../../src/runtime/cluster/call-format.ts';
import { CALLS_AT_ONCE_MAX } from '../../src/runtime/cluster/node-calls.ts';
import { JetStreamBench } from '../harness/jetstream-bench.ts';
import { TcpProxy } from '../harness/tcp-proxy.ts';
import { waitUntil } from '../harness/wait-until.ts';

const nats = new JetStreamBench();
afterAll(() => nats.stop());
afterEach(() => nats.closeLinks());

const LONG = { withinMs: 60_000 };

let prefixes = 0;
const newNames = (): JetStreamNames => new JetStreamNames(`calls${++prefixes}`);

async function started(names: JetStreamNames, self: number, handlers: CallHandlers = {}, link?: Link) {
  const ofIt = link ?? (await nats.link());
  const refusals: string[] = [];
  const onRefused = (reason: string): void => void refusals.push(reason);
  const calls = new NodeCalls({ link: ofIt, names, self, handlers, onRefused });
  calls.start();
  await ofIt.connection.flush();
  return { calls, refusals, link: ofIt };
}

const HANDLERS: CallHandlers = {
  double: async (value) => (value as number) * 2,
  nothing: async () => undefined,
  same: async (value) => value,
  fail: async () => {
    throw new Error('the shelf is empty');
  },
  failAtOnce: () => {
    throw new Error('at once');
  },
  large: async () => 'x'.repeat(CALL_BYTES_MAX),
  circular: async () => {
    const circle: unknown[] = [];
    circle.push(circle);
    return circle;
  },
};

describe('a question', () => {
  test('is answered by the node that it is for', async () => {
    const names = newNames();
    const { calls } = await started(names, 1, HANDLERS);
    await started(names, 2, HANDLERS);
    await started(names, 3, { double: async () => 'another' });
    expect(await calls.ask<number>(2, 'double', 21, LONG)).toBe(42);
    expect(await calls.ask(2, 'nothing', undefined, LONG)).toBeUndefined();
    expect(await calls.ask(2, 'same', { a: [1, null, 'é'] }, LONG)).toEqual({ a: [1, null, 'é'] });
    expect(await calls.ask(1, 'double', 4, LONG)).toBe(8);
  });

  test.each([
    ['fail', 'failed', 'node 2, asked for "fail", says: the shelf is empty'],
    ['failAtOnce', 'failed', 'says: at once'],
    ['large', 'failed', 'bytes; at most 524288 are possible'],
    ['circular', 'failed', 'says: the answer cannot be written as JSON'],
    ['constructor', 'failed', 'says: this node knows no call "constructor"'],
    ['unheard-of', 'failed', 'says: this node knows no call "unheard-of"'],
  ])('for %s fails, and says why', async (name, kind, why) => {
    const names = newNames();
    const { calls } = await started(names, 1);
    await started(names, 2, HANDLERS);
    const failure = await calls.ask(2, name, 1, LONG).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CallFailed);
    expect(failure).toMatchObject({ kind, message: expect.stringContaining(why) });
    expect(await calls.ask(2, 'double', 21, LONG)).toBe(42);
  });

  test('to nobody fails at once, and to somebody who is silent when the time is up', async () => {
    const names = newNames();
    const { calls } = await started(names, 1);
    const absent = calls.ask(2, 'double', 1, LONG);
    await expect(absent).rejects.toMatchObject({
      kind: 'absent',
      message: expect.stringContaining('nobody listens'),
    });
    await started(names, 3, { never: () => new Promise(() => undefined) });
    const silent = calls.ask(3, 'never', 1, { withinMs: 50 });
    await expect(silent).rejects.toMatchObject({
      kind: 'silent',
      message: 'node 3, asked for "never", did not answer within 50 ms',
    });
  });

  test('that is too large is not asked', async () => {
    const { calls } = await started(newNames(), 1);
    const large = calls.ask(2, 'double', 'x'.repeat(CALL_BYTES_MAX), LONG);
    await expect(large).rejects.toThrow(/the call has \d+ bytes; at most 524288/);
  });

  test('without a connection fails at once, and goes on when it is back', async () => {
    const names = newNames();
    const proxy = await TcpProxy.to((await nats.cluster).servers[0]!.port);
    const link = await nats.link({
      servers: `127.0.0.1:${proxy.port}`,
      reconnectTimeWait: 20,
      reconnectJitter: 0,
    });
    const told: unknown[] = [];
    const handlers = { ...HANDLERS, note: async (value: unknown) => void told.push(value) };
    const { calls } = await started(names, 1, handlers, link);
    const other = await started(names, 2, handlers);
    try {
      proxy.cut();
      await waitUntil('it is noticed', () => !link.isUp);
      await expect(calls.ask(2, 'double', 1, LONG)).rejects.toMatchObject({ kind: 'down' });
      calls.tellAll('note', 'lost');
      proxy.heal();
      await waitUntil('it is back', () => link.isUp);
      expect(await calls.ask(2, 'double', 21, LONG)).toBe(42);
      await waitUntil('the other one reaches it', () => other.calls.ask(1, 'double', 1, { withinMs: 1_000 }));
      expect(told).toEqual([]);
    } finally {
      await nats.closeLinks();
      await proxy.close();
    }
  });

  test('beyond those that are worked on is refused, and the next is taken when one has ended', async () => {
    const names = newNames();
    const { promise: enough, resolve } = Promise.withResolvers<string>();
    let working = 0;
    const wait = (): Promise<string> => {
      working++;
      return enough;
    };
    const { calls } = await started(names, 1);
    const { calls: busy } = await started(names, 2, { wait });
    const waiting = Array.from({ length: CALLS_AT_ONCE_MAX }, () => calls.ask(2, 'wait', 0, LONG));
    await waitUntil('all are worked on', () => working === CALLS_AT_ONCE_MAX);
    await expect(calls.ask(2, 'wait', 0, LONG)).rejects.toThrow('works on 64 calls already');
    expect(busy.refused).toBe(1);
    resolve('done');
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['done']));
    expect(await calls.ask(2, 'wait', 0, LONG)).toBe('done');
  });

  test('is not taken any more behind a stop', async () => {
    const names = newNames();
    const { calls } = await started(names, 1);
    const { calls: stopped, link } = await started(names, 2, HANDLERS);
    stopped.stop();
    await link.connection.flush();
    await expect(calls.ask(2, 'double', 1, LONG)).rejects.toMatchObject({ kind: 'absent' });
  });
});

test('what is told to all reaches all others, and nobody answers', async () => {
  const names = newNames();
  const told: string[] = [];
  const handlersOf = (self: number): CallHandlers => ({
    note: async (value) => void told.push(`${self} ${String(value)}`),
    fail: async () => {
      throw new Error('the shelf is empty');
    },
  });
  const { calls } = await started(names, 1, handlersOf(1));
  const others = [await started(names, 2, handlersOf(2)), await started(names, 3, handlersOf(3))];
  calls.tellAll('fail', 0);
  calls.tellAll('note', 'hello');
  await waitUntil('all others heard', () => told.length === 2);
  // Its own word would have come before the answer to a later question.
  await calls.ask(2, 'note', 'once more', LONG);
  expect(told.toSorted()).toEqual(['2 hello', '2 once more', '3 hello']);
  for (const { refusals, calls } of others) {
    expect(refusals).toEqual(['told to all: the shelf is empty']);
    expect(calls.refused).toBe(0);
  }
});

describe('what is no question is refused and counted, and the next one is answered', () => {
  const call = { version: 1, from: 1, name: 'double', value: 1 };
  const good = JSON.stringify(call);
  const cases: [string, string | Uint8Array, string, string][] = [
    ['without a reply subject', good, '', 'not go to an inbox'],
    ['to be answered into the journal', good, 'journal.7', 'not go to an inbox'],
    ['no JSON', '{', '_INBOX.1', 'is not JSON'],
    ['no UTF-8', Uint8Array.of(0x22, 0xff, 0x22), '_INBOX.1', 'is not JSON'],
    ['nothing', '', '_INBOX.1', 'is not JSON'],
    ['nothing in JSON', 'null', '_INBOX.1', 'JSON of another shape'],
    ['nested deeply', '['.repeat(200_000) + ']'.repeat(200_000), '_INBOX.1', 'another shape'],
    [
      'another version',
      JSON.stringify({ ...call, version: 2 }),
      '_INBOX.1',
      'of version 2, and this node knows',
    ],
    ['one field too many', JSON.stringify({ ...call, more: 1 }), '_INBOX.1', 'JSON of another shape'],
    ['a long name', JSON.stringify({ ...call, name: 'x'.repeat(65) }), '_INBOX.1', 'JSON of another shape'],
    ['unknown', JSON.stringify({ ...call, name: '__proto__' }), '_INBOX.1', 'knows no call "__proto__"'],
    ['too large', 'x'.repeat(CALL_BYTES_MAX + 1), '_INBOX.1', 'has 524289 bytes'],
  ];

  test.each(cases)('%s', async (_, payload, reply, why) => {
    const names = newNames();
    const { calls } = await started(names, 1);
    const { calls: asked, refusals } = await started(names, 2, HANDLERS);
    const sender = await nats.link();
    const inJournal: unknown[] = [];
    sender.connection.subscribe('journal.>', { callback: (_, message) => void inJournal.push(message) });
    sender.connection.publish(names.nodeOf(2), payload, reply === '' ? {} : { reply });
    await sender.connection.flush();
    expect(await calls.ask(2, 'double', 21, LONG)).toBe(42);
    expect(refusals).toEqual([expect.stringContaining(why)]);
    expect(asked.refused).toBe(1);
    await sender.connection.flush();
    expect(inJournal).toEqual([]);
  });

  test('told to all and asking for an answer', async () => {
    const names = newNames();
    const { calls, link } = await started(names, 1);
    const { refusals } = await started(names, 2, HANDLERS);
    link.connection.publish(names.nodes, good, { reply: '_INBOX.1' });
    await link.connection.flush();
    expect(await calls.ask(2, 'double', 21, LONG)).toBe(42);
    expect(refusals).toEqual(['something told to all that asks for an answer']);
  });

  test('and an answer that is none fails the question', async () => {
    const names = newNames();
    const { calls, link } = await started(names, 1);
    const other = await nats.link();
    other.connection.subscribe(names.nodeOf(2), {
      callback: (_, { reply }) => other.connection.publish(reply!, 'hello'),
    });
    await other.connection.flush();
    await link.connection.flush();
    await expect(calls.ask(2, 'double', 1, LONG)).rejects.toThrow('gave no answer: the answer is not JSON');
  });

  test('and an answer to a subject with a wildcard is not sent', async () => {
    const names = newNames();
    const { calls, link } = await started(names, 1);
    const { refusals } = await started(names, 2, HANDLERS);
    for (const reply of ['_INBOX.*', '_INBOX.>', '_INBOX..x'])
      link.connection.publish(names.nodeOf(2), good, { reply });
    await link.connection.flush();
    expect(await calls.ask(2, 'double', 21, LONG)).toBe(42);
    expect(refusals.length).toBeLessThanOrEqual(3);
  });
});

test.each(['node', 'gateway', 'owner', 'writer'] as const)(
  'permissions of a %s are enough for its main thread',
  async (user) => {
    const names = new JetStreamNames();
    const as = (await nats.cluster).connectionOf(user);
    const told: unknown[] = [];
    const handlers = { ...HANDLERS, note: async (value: unknown) => void told.push(value) };
    const { calls } = await started(names, 1, handlers, await nats.link(as));
    const { refusals } = await started(names, 2, handlers, await nats.link(as));
    expect(await calls.ask(2, 'double', 21, LONG)).toBe(42);
    calls.tellAll('note', 1);
    await waitUntil('the other heard it', () => told.length === 1);
    expect(refusals).toEqual([]);
  },
);
