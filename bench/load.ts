// The load generator, a process of its own: a closed loop over raw sockets. Requests are made before the clock runs, and
// of an answer it looks at the status and the length alone, so that the two cores are left to the server.

import { createHmac } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/** Purchases of distinct customers, each with a token of its own. */
export interface Preparation {
  readonly kind: 'prepare';
  readonly productId: string;
  readonly secret: string;
  /** Number of the first customer. */
  readonly from: number;
  readonly count: number;
  /** Each purchase brings a ticket for a product of this campaign; undefined: none does. */
  readonly ticketsOf?: string;
}

/** Requests that were made elsewhere, as they go over the wire. */
export interface UseRequests {
  readonly kind: 'use';
  readonly requests: readonly string[];
}

export interface Rush {
  readonly kind: 'rush';
  readonly port: number;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** An answer with another status, or without this text, does not count. */
  readonly status: number;
  readonly text: string;
  /** Begin anew when the requests are used up; without it the rush ends then. */
  readonly repeat: boolean;
}

export interface RushReport {
  /** Answers that count, while the clock ran. */
  readonly counted: number;
  readonly elapsedMs: number;
  /** Answers that would count, from the first to the last, the warm-up included. */
  readonly all: number;
  /** Other answers, by status, the warm-up included. */
  readonly others: Readonly<Record<string, number>>;
  /** Whole microseconds of each answer that counts. */
  readonly latencies: Uint32Array;
  /** CPU time of this process while the clock ran. */
  readonly cpuMicros: number;
}

const TOKEN_LIFE_SECONDS = 24 * 60 * 60;
const READ_BYTES = 16 * 1024;
const HEADER_END = Buffer.from('\r\n\r\n');
/** Of Content-Length, in whatever case. */
const LENGTH = Buffer.from('ength: ');
const DIGIT_0 = 48;
const DIGIT_9 = 57;

let requests: Buffer[] = [];

process.on('message', (message: Preparation | UseRequests | Rush) => {
  void answerTo(message).then((answer) => process.send!(answer));
});
process.once('disconnect', () => process.exit());

async function answerTo(message: Preparation | UseRequests | Rush): Promise<'prepared' | RushReport> {
  if (message.kind === 'rush') return rush(message);
  requests =
    message.kind === 'prepare' ? await prepare(message) : message.requests.map((text) => Buffer.from(text));
  return 'prepared';
}

async function prepare(preparation: Preparation): Promise<Buffer[]> {
  const { productId, secret, from, count, ticketsOf } = preparation;
  const ticketOf =
    ticketsOf === undefined
      ? undefined
      : (await import('./load-tickets.ts')).ticketsFor(
          ticketsOf,
          productId,
          secret,
          TOKEN_LIFE_SECONDS * 1_000,
        );
  const head = base64Url(JSON.stringify({ alg: 'HS256', typ: 'JWT' }));
  const exp = Math.floor(Date.now() / 1_000) + TOKEN_LIFE_SECONDS;
  const body = JSON.stringify({ productId, quantity: 1 });
  return Array.from({ length: count }, (_, number) => {
    const claims = `${head}.${base64Url(JSON.stringify({ sub: `customer-${from + number}`, exp }))}`;
    const token = `${claims}.${createHmac('sha256', secret).update(claims).digest('base64url')}`;
    return Buffer.from(
      `POST /v1/orders HTTP/1.1\r\nHost: doorbuster\r\nAuthorization: Bearer ${token}\r\n` +
        `Idempotency-Key: key-${from + number}\r\nContent-Type: application/json\r\n` +
        (ticketOf === undefined ? '' : `Doorbuster-Ticket: ${ticketOf(`customer-${from + number}`)}\r\n`) +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
  });
}

const base64Url = (text: string): string => Buffer.from(text).toString('base64url');

/** Warms up, measures, and ends when every answer that is under way has come. */
async function rush(order: Rush): Promise<RushReport> {
  const { status, repeat, warmUpMs, measureMs } = order;
  const text = Buffer.from(order.text);
  const startedAt = performance.now();
  const measuredFrom = startedAt + warmUpMs;
  const endsAt = measuredFrom + measureMs;
  const latencies: number[] = [];
  const others: Record<string, number> = {};
  let next = 0;
  let all = 0;
  let lastAt = measuredFrom;
  let cpuBefore = process.cpuUsage();
  let isMeasuring = false;

  const take = (): Buffer | undefined => {
    if (next === requests.length && repeat) next = 0;
    return requests[next++];
  };
  const onAnswer = (answer: Buffer, answerStatus: number, sentAt: number): Buffer | undefined => {
    const now = performance.now();
    if (!isMeasuring && now >= measuredFrom) {
      isMeasuring = true;
      cpuBefore = process.cpuUsage();
    }
    if (answerStatus === status && answer.includes(text)) {
      all++;
      if (now >= measuredFrom && now < endsAt) {
        latencies.push((now - sentAt) * 1_000);
        lastAt = now;
      }
    } else others[answerStatus] = (others[answerStatus] ?? 0) + 1;
    return now < endsAt ? take() : undefined;
  };
  const lanes = Array.from({ length: order.connections }, () => lane(order.port, take, onAnswer));
  await Promise.all(lanes);
  const { user, system } = process.cpuUsage(cpuBefore);
  const usedUp = performance.now() < endsAt;
  return {
    counted: latencies.length,
    elapsedMs: usedUp ? lastAt - measuredFrom : measureMs,
    all,
    others,
    latencies: Uint32Array.from(latencies),
    cpuMicros: user + system,
  };
}

/** One connection: a request, its answer, the next request. Resolves when there is no next one. */
function lane(
  port: number,
  take: () => Buffer | undefined,
  onAnswer: (answer: Buffer, status: number, sentAt: number) => Buffer | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let sentAt = 0;
    let isDone = false;
    let pieces: Buffer[] = [];
    const send = (request: Buffer | undefined): void => {
      isDone = request === undefined;
      if (request === undefined) return void socket.end(() => resolve());
      sentAt = performance.now();
      socket.write(request);
    };
    const onRead = (bytes: number, buffer: Buffer): boolean => {
      let answer = buffer.subarray(0, bytes);
      if (pieces.length > 0) answer = Buffer.concat([...pieces, answer]);
      if (isWhole(answer)) {
        pieces = [];
        send(onAnswer(answer, statusOf(answer), sentAt));
      } else pieces = [Buffer.from(answer)];
      return true;
    };
    // One buffer for all that a connection reads, instead of a new one for each answer.
    const onread = {
      buffer: Buffer.alloc(READ_BYTES),
      callback: onRead as (bytes: number, buffer: Uint8Array) => boolean,
    };
    const socket: Socket = connect({ host: '127.0.0.1', port, noDelay: true, onread });
    socket.once('connect', () => send(take()));
    socket.once('error', reject);
    socket.once('close', () => {
      if (!isDone) reject(new Error('the server closed a connection'));
    });
  });
}

const statusOf = (answer: Buffer): number =>
  (answer[9]! - DIGIT_0) * 100 + (answer[10]! - DIGIT_0) * 10 + answer[11]! - DIGIT_0;

function isWhole(answer: Buffer): boolean {
  const headerEnd = answer.indexOf(HEADER_END);
  if (headerEnd < 0) return false;
  const lengthAt = answer.indexOf(LENGTH);
  if (lengthAt < 0 || lengthAt > headerEnd)
    throw new Error(`an answer without a length:\n${answer.toString()}`);
  let length = 0;
  for (let at = lengthAt + LENGTH.length; answer[at]! >= DIGIT_0 && answer[at]! <= DIGIT_9; at++)
    length = length * 10 + answer[at]! - DIGIT_0;
  return answer.length >= headerEnd + HEADER_END.length + length;
}
