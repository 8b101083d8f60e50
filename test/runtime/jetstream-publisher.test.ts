// Every answer that a server can give to an append, and what it is taken for. The answers are scripted here, since a real
// server gives most of them only in the middle of an election; what real ones do is in jetstream-journal.test.ts.

import { errors, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import { describe, expect, test } from 'vitest';
import type { AppendResult } from '../../src/runtime/index.ts';
import { FencedPublisher, type FencedMessage } from '../../src/runtime/jetstream/fenced-publisher.ts';
import type { Link } from '../../src/runtime/jetstream/link.ts';

interface Answer {
  readonly body?: unknown;
  readonly failure?: Error;
}

const MINE = 'mine';
const EXPECTED = 9;

const ack = (seq: number, duplicate = false): Answer => ({ body: { stream: 's', seq, duplicate } });
const refusal = (err_code: number, description = 'not now', code = 400): Answer => ({
  body: { error: { code, err_code, description } },
});
const wrongLast = (newest: number): Answer => refusal(10071, `wrong last sequence: ${newest}`);
const stored = (seq: number, text: string): Answer => ({
  body: { message: { subject: 'subject', seq, data: btoa(text), time: '2026-01-01T00:00:00Z' } },
});
const nothing = refusal(10037, 'no message found', 404);

class ScriptedServer {
  readonly options = {};
  readonly published: { subject: string; text: string; headers: Record<string, string[]> }[] = [];
  readonly reads: unknown[] = [];
  readonly #answers: Answer[];
  readonly #found: Answer[];

  /** @param answers to publications, the last one for ever @param found by reads, likewise */
  constructor(answers: readonly Answer[], found: readonly Answer[]) {
    this.#answers = [...answers];
    this.#found = [...found];
  }

  request(subject: string, data: Uint8Array, options: { headers?: MsgHdrs }): Promise<Msg> {
    const isRead = subject.startsWith('$JS.API.STREAM.MSG.GET.');
    const text = new TextDecoder().decode(data);
    if (isRead) this.reads.push(JSON.parse(text));
    else this.published.push({ subject, text, headers: Object.fromEntries(options.headers ?? []) });
    const script = isRead ? this.#found : this.#answers;
    const { body, failure } = script.length > 1 ? script.shift()! : script[0]!;
    if (failure !== undefined) return Promise.reject(failure);
    return Promise.resolve({ data: new TextEncoder().encode(JSON.stringify(body)) } as Msg);
  }
}

async function publish(
  answers: readonly Answer[],
  found: readonly Answer[] = [nothing],
): Promise<{ result: AppendResult; server: ScriptedServer }> {
  const server = new ScriptedServer(answers, found);
  let now = 0;
  const link = {
    connection: server,
    isClosed: false,
    whileUp: <T>(send: () => Promise<T>) => send(),
    up: () => Promise.resolve(),
  } as unknown as Link;
  const timers = {
    after(delayMs: number, callback: () => void): () => void {
      now += delayMs;
      setImmediate(callback);
      return () => undefined;
    },
  };
  const publisher = new FencedPublisher({ link, timers, clock: { monotonic: () => now } }, 's');
  const message: FencedMessage = {
    subject: 'subject',
    bytes: new TextEncoder().encode(MINE),
    expected: EXPECTED,
    id: 'id',
    isIt: ({ bytes }) => new TextDecoder().decode(bytes) === MINE,
  };
  return { result: await publisher.publish(message), server };
}

const OPEN: readonly [string, Answer][] = [
  ['no answer', { failure: new errors.TimeoutError() }],
  ['a lost connection', { failure: new errors.RequestError('connection closed') }],
  [
    'no leader (503)',
    { failure: new errors.RequestError('', { cause: new errors.NoRespondersError('subject') }) },
  ],
  ...[10164, 10158, 10163].map((code): [string, Answer] => [String(code), refusal(code)]),
  ...[10008, 10023, 10077].map((code): [string, Answer] => [String(code), refusal(code, 'not now', 503)]),
  ['too many requests', refusal(10167, 'too many requests', 429)],
  ['an error that nobody knows', refusal(99_999)],
];

describe.each(OPEN)('%s leaves it open:', (_, open) => {
  test('the same message is sent again, until an answer tells', async () => {
    const { result, server } = await publish([open, open, ack(12)]);
    expect(result).toEqual({ kind: 'appended', sequence: 12 });
    expect(server.published).toHaveLength(3);
    for (const again of server.published) expect(again).toEqual(server.published[0]);
    const { headers, text } = server.published[0]!;
    expect(text).toBe(MINE);
    expect(headers).toEqual({
      'Nats-Msg-Id': ['id'],
      'Nats-Expected-Last-Subject-Sequence': ['9'],
      'Nats-Expected-Stream': ['s'],
    });
  });

  test('for ever means unknown', async () => {
    const { result } = await publish([open]);
    expect(result.kind).toBe('unknown');
  });

  test('its own message behind the expected one is the answer', async () => {
    for (const told of [ack(12, true), wrongLast(12), wrongLast(20)]) {
      const { result, server } = await publish([open, told], [stored(12, MINE)]);
      expect(result).toEqual({ kind: 'appended', sequence: 12 });
      expect(server.reads).toEqual([{ seq: EXPECTED + 1, next_by_subj: 'subject' }]);
    }
  });

  test('another’s in its place means fenced', async () => {
    const { result } = await publish([open, wrongLast(20)], [stored(15, 'of another')]);
    expect(result).toEqual({ kind: 'fenced' });
  });

  test('a leader that knows less than the sender is not believed', async () => {
    const { result } = await publish([open, wrongLast(4)]);
    expect(result.kind).toBe('unknown');
    const later = await publish([open, wrongLast(4), ack(12, true)], [stored(12, MINE)]);
    expect(later.result).toEqual({ kind: 'appended', sequence: 12 });
  });
});

test('a first try that expected too much is fenced: nothing of it can be there', async () => {
  expect((await publish([wrongLast(4)])).result).toEqual({ kind: 'fenced' });
});

test('a reader who lacks what the leader speaks of leaves it open', async () => {
  const { result, server } = await publish(
    [wrongLast(12)],
    [nothing, stored(30, MINE), stored(12, 'of another')],
  );
  expect(result).toEqual({ kind: 'fenced' });
  expect(server.published).toHaveLength(3);
});
