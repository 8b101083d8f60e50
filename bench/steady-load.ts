// A steady load, a process of its own: so many purchases a second, whatever becomes of those before, each of a customer, a
// token and a key of its own, over kept-alive connections to all nodes in turn. An answer that is none, or 503, is repeated
// with its key until it is definite, as a client does. Driven by handover.ts; ended by its parent.

import { createHmac } from 'node:crypto';
import { HttpClient, type LoadAnswer } from './http-client.ts';

export interface SteadyStart {
  readonly kind: 'start';
  readonly urls: readonly string[];
  readonly productId: string;
  readonly secret: string;
  readonly perSecond: number;
}

/** Ends the load. @returns SteadyReport when every purchase has its answer */
export interface SteadyStop {
  readonly kind: 'stop';
}

/** Asks for every order again, by its key. @returns SteadyTruth */
export interface SteadyVerify {
  readonly kind: 'verify';
}

export interface SteadyReport {
  readonly purchases: number;
  /** When each acceptance came, by `sharedNow`, in order. */
  readonly acceptedAt: Float64Array;
  /** Answers that were repeated, by their code. */
  readonly repeated: Readonly<Record<string, number>>;
  /** Definite answers that are none of an order, by their code. */
  readonly refused: Readonly<Record<string, number>>;
}

export interface SteadyTruth {
  /** Acknowledged orders that the engine does not know, or knows by another id. */
  readonly lost: number;
}

/** Milliseconds by a clock that all processes of the machine share. */
export const sharedNow = (): number => Number(process.hrtime.bigint()) / 1e6;

const CONNECTIONS = 512;
const TICK_MS = 1;
const REPEAT_MS = 20;
const GIVE_UP_MS = 60_000;
const VERIFIERS = 32;
const TOKEN_LIFE_SECONDS = 24 * 60 * 60;

interface Wish {
  readonly token: string;
  readonly key: string;
  orderId: string | undefined;
}

const wishes: Wish[] = [];
const acceptedAt: number[] = [];
const repeated: Record<string, number> = {};
const refused: Record<string, number> = {};
const underWay = new Set<Promise<void>>();
let start: SteadyStart;
let client: HttpClient;
let clock: NodeJS.Timeout;

if (process.send !== undefined) {
  process.on('message', (message: SteadyStart | SteadyStop | SteadyVerify) => {
    void handle(message).then((answer) => process.send!(answer));
  });
  process.once('disconnect', () => process.exit());
}

function handle(message: SteadyStart | SteadyStop | SteadyVerify): Promise<unknown> {
  if (message.kind === 'start') return begin(message);
  return message.kind === 'stop' ? stop() : verify();
}

async function begin(message: SteadyStart): Promise<string> {
  start = message;
  client = new HttpClient(message.urls, CONNECTIONS);
  const since = performance.now();
  clock = setInterval(() => {
    const due = ((performance.now() - since) / 1_000) * message.perSecond;
    while (wishes.length < due) buy();
  }, TICK_MS);
  return 'started';
}

function buy(): void {
  const number = wishes.length;
  const wish: Wish = { token: tokenOf(`customer-${number}`), key: `key-${number}`, orderId: undefined };
  wishes.push(wish);
  const done = insist(wish).finally(() => underWay.delete(done));
  underWay.add(done);
}

async function insist(wish: Wish): Promise<void> {
  const giveUpAt = performance.now() + GIVE_UP_MS;
  for (;;) {
    const { token, key } = wish;
    const body = { productId: start.productId, quantity: 1 };
    const answer = await client.send({ method: 'POST', path: '/v1/orders', token, key, body });
    if (answer?.status === 201) {
      wish.orderId = (JSON.parse(answer.body) as { id: string }).id;
      acceptedAt.push(sharedNow());
      return;
    }
    const code = codeOf(answer);
    const isDefinite = answer !== undefined && answer.status !== 503;
    const tally = isDefinite || performance.now() > giveUpAt ? refused : repeated;
    tally[code] = (tally[code] ?? 0) + 1;
    if (tally === refused) return;
    await new Promise((resolve) => setTimeout(resolve, REPEAT_MS));
  }
}

function codeOf(answer: LoadAnswer | undefined): string {
  if (answer === undefined) return 'no answer';
  try {
    return (JSON.parse(answer.body) as { code: string }).code;
  } catch {
    return `status ${answer.status}`;
  }
}

async function stop(): Promise<SteadyReport> {
  clearInterval(clock);
  while (underWay.size > 0) await Promise.all(underWay);
  return { purchases: wishes.length, acceptedAt: Float64Array.from(acceptedAt), repeated, refused };
}

async function verify(): Promise<SteadyTruth> {
  let next = 0;
  let lost = 0;
  const look = async (): Promise<void> => {
    for (let wish = wishes[next++]; wish !== undefined; wish = wishes[next++]) {
      if (wish.orderId !== undefined && (await found(wish)) !== wish.orderId) lost++;
    }
  };
  await Promise.all(Array.from({ length: VERIFIERS }, look));
  return { lost };
}

/** @returns undefined when there is surely none; a node that cannot say is asked again */
async function found({ token, key }: Wish): Promise<string | undefined> {
  const query = new URLSearchParams({ productId: start.productId, idempotencyKey: key }).toString();
  const giveUpAt = performance.now() + GIVE_UP_MS;
  for (;;) {
    const answer = await client.send({ method: 'GET', path: `/v1/orders?${query}`, token });
    if (answer?.status === 200) return (JSON.parse(answer.body) as { id: string }).id;
    if (answer?.status === 404) return undefined;
    if (performance.now() > giveUpAt) throw new Error(`nobody says what became of ${key}: ${codeOf(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, REPEAT_MS));
  }
}

function tokenOf(customer: string): string {
  const exp = Math.floor(Date.now() / 1_000) + TOKEN_LIFE_SECONDS;
  const claims = `${base64Url({ alg: 'HS256', typ: 'JWT' })}.${base64Url({ sub: customer, exp })}`;
  return `${claims}.${createHmac('sha256', start.secret).update(claims).digest('base64url')}`;
}

const base64Url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
