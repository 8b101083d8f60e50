// checks: what each check of the gate costs the thread that does it, beside the check of the token, which every purchase has anyway. One
// thread, nothing but the check itself, each time for another customer; checks take turns, and the middle turn counts. The actor's step
// is that of an accepted order.
//
// `ratio` is what a purchase's checks cost together (limits, ticket, and what the actor's step takes longer) to the check of its token.

import { createHmac } from 'node:crypto';
import { solveChallenge, type Challenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2';
import {
  customerKeyOf,
  decide,
  evolve,
  keyOf,
  OPEN_GATE,
  type Gate,
  type Product,
} from '../src/actors/index.ts';
import { Counters } from '../src/http/counters.ts';
import { WorkOffice } from '../src/http/gate/challenge/index.ts';
import {
  BucketTable,
  limitsOf,
  RateLimits,
  REQUEST_CLASSES,
  type LimitPolicy,
} from '../src/http/gate/limits/index.ts';
import { DEFAULT_TICKET_SETTINGS, TicketOffice } from '../src/http/gate/tickets/index.ts';
import { SharedSecretTokens } from '../src/http/shared-secret-tokens.ts';
import { decideRisk, defaultRules, type RiskFacts } from '../src/risk/index.ts';
import { systemClock as clock, systemRandom as random } from '../src/runtime/system.ts';
import { openSale, reserve } from './sale.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const PRODUCT = 'hot';
const SECRET = 'secret-of-the-benchmark';
const TIMES = 20_000;
/** A challenge takes longer than all the rest. */
const CHALLENGES_SHARE = 40;
const TURNS = 5;
const ADDRESSES = 5_000;
/** So wide that nobody is refused, and one that nobody can keep to. */
const WIDE = 'customer 100/10s, address 100000/10s, anonymous off';
const CLOSED = 'customer 1/600s, address off, anonymous off';
const GATE: Gate = {
  ticket: true,
  work: true,
  openHoldsMax: 3,
  coolDownSeconds: 60,
  attemptsMax: 20,
  shortestHoldSeconds: 60,
};
const windows = (count: number) => ({ '10m': count, '1h': count, '1d': count, '7d': count });
const FACTS: RiskFacts = {
  status: 'active',
  accountAgeSeconds: null,
  ordersOfCustomer: windows(1),
  abandonedHolds: windows(0),
  customersPerAddress: windows(1),
  customersPerFingerprint: windows(1),
  quantity: 1,
  amount: { amount: 1_999, currency: 'EUR' },
};

export const checks: Scenario = { modes: { sqlite: 'no journal: one thread, nothing but the check' }, run };

/** One check, once for each customer from `from` on. @returns what is measured, which tells how many were as they should be */
type Check = (from: number, times: number) => Measured | Promise<Measured>;
type Measured = () => number | Promise<number>;

interface Subject {
  readonly check: Check;
  /** Of all customers, one in so many comes. */
  readonly share?: number;
}

async function run({ orders = TIMES, turns = TURNS, say }: ScenarioOptions): Promise<ScenarioResult> {
  const all = await checksOf(orders * (turns + 1));
  const micros = new Map(Object.keys(all).map((name) => [name, [] as number[]]));
  let wrong = 0;
  for (let turn = 0; turn <= turns; turn++) {
    for (const [name, { check, share = 1 }] of Object.entries<Subject>(all)) {
      const times = Math.max(1, Math.floor(orders / share));
      // oxlint-disable-next-line no-await-in-loop -- they take turns
      const measured = await check(turn * orders, times);
      const before = process.cpuUsage();
      // oxlint-disable-next-line no-await-in-loop -- they take turns
      wrong += times - (await measured());
      const { user, system } = process.cpuUsage(before);
      // V8 compiles in the first one.
      if (turn > 0) micros.get(name)!.push((user + system) / times);
    }
    if (turn > 0) say(`  turn ${turn} of ${turns}`);
  }
  const cost = (name: keyof typeof all): number => middle(micros.get(name)!);
  const ofPurchase = cost('limits') + cost('ticket') + Math.max(0, cost('gatedStep') - cost('openStep'));
  const figures = Object.fromEntries(
    Object.keys(all).map((name) => [`${name}Micros`, round(cost(name as never))]),
  );
  return { ratio: round(ofPurchase / cost('token')), ...figures, violations: wrong };
}

const middle = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[values.length >> 1]!;

/** @param customers who may come */
async function checksOf(customers: number) {
  const keys = Array.from({ length: customers }, (_, number) => customerKeyOf(`customer-${number}`));
  const addresses = Array.from(
    { length: ADDRESSES },
    (_, at) => `203.${at >> 16}.${(at >> 8) & 255}.${at & 255}`,
  );
  const [wide, closed] = [rateLimits(WIDE), rateLimits(CLOSED)];
  const judge = (limits: RateLimits, number: number) =>
    limits.judge('purchase', keys[number], addresses[number % ADDRESSES]!)!;
  const expiresAt = clock.now() + 86_400_000;
  const settings = { ...DEFAULT_TICKET_SETTINGS, lifeMs: 86_400_000 };
  const office = new TicketOffice(
    { secret: SECRET, clock, random, campaignOf: () => ({ campaignId: 'c' }) },
    settings,
  );
  const ticketOf = (number: number): string =>
    office.issue({ customerKey: keys[number]!, productId: PRODUCT, expiresAt });
  const tickets = keys.map((_, number) => ticketOf(number));
  const tokens = keys.map((_, number) => tokenOf(`customer-${number}`));
  const shared = new SharedSecretTokens(SECRET);
  const rules = defaultRules();
  const work = new WorkOffice(SECRET, clock, random);
  const challengeOf = (number: number): Promise<Challenge> =>
    work.make({ customerKey: keys[number]!, productId: PRODUCT }, 1);
  const each =
    (isRight: (number: number) => boolean): Check =>
    (from, times) =>
    () => {
      let right = 0;
      for (let number = from; number < from + times; number++) if (isRight(number)) right++;
      return right;
    };
  const tokenCheck = each((number) => shared.usual(tokens[number]!)?.sub === `customer-${number}`);
  return {
    token: { check: tokenCheck },
    limits: { check: each((number) => judge(wide, number).isAllowed) },
    // The first request of each customer is their only one.
    limitsRefused: {
      check: each((number) => (judge(closed, number), !judge(closed, number).isAllowed)),
    },
    ticket: { check: each((number) => office.read(tickets[number], keys[number]!, PRODUCT) !== undefined) },
    ticketMade: { check: each((number) => ticketOf(number).length > 0) },
    openStep: { check: stepOf(OPEN_GATE) },
    gatedStep: { check: stepOf(GATE) },
    rules: { check: each(() => decideRisk(rules, FACTS).outcome === 'allow') },
    challengeMade: {
      check: (from: number, times: number) => async () => (await inTurn(from, times, challengeOf)).length,
      share: CHALLENGES_SHARE,
    },
    // By whoever wants a ticket.
    workTry: {
      check: async (from: number, times: number) => {
        const challenges = await inTurn(from, times, challengeOf);
        return async () => {
          const solutions = await inTurn(0, times, (at) =>
            solveChallenge({ challenge: challenges[at]!, deriveKey }),
          );
          return solutions.filter((solution) => solution !== null).length;
        };
      },
      share: CHALLENGES_SHARE,
    },
    challengeChecked: {
      check: async (from: number, times: number) => {
        const payloads = await inTurn(from, times, async (number) => {
          const challenge = await challengeOf(number);
          const solution = await solveChallenge({ challenge, deriveKey });
          return Buffer.from(JSON.stringify({ challenge, solution })).toString('base64');
        });
        return async () => {
          const found = await inTurn(0, times, (at) =>
            work.check(payloads[at]!, { customerKey: keys[from + at]!, productId: PRODUCT }),
          );
          return found.filter((checked) => 'challenge' in checked).length;
        };
      },
      share: CHALLENGES_SHARE,
    },
  } satisfies Record<string, Subject>;
}

/** One after the other, as it is measured. */
async function inTurn<T>(from: number, times: number, work: (number: number) => Promise<T>): Promise<T[]> {
  const done: T[] = [];
  // oxlint-disable-next-line no-await-in-loop -- see above
  for (let number = from; number < from + times; number++) done.push(await work(number));
  return done;
}

function rateLimits(text: string): RateLimits {
  const policy = Object.fromEntries(
    REQUEST_CLASSES.map((kind) => [kind, limitsOf(text, text)]),
  ) as LimitPolicy;
  return new RateLimits({
    policy,
    table: new BucketTable(false),
    secret: SECRET,
    clock,
    counters: new Counters(),
  });
}

/** The actor of a product with this gate, which sells to each customer once. */
function stepOf(gate: Gate): Check {
  let product: Product | undefined;
  const now = Date.now();
  for (const command of openSale(PRODUCT, 10_000_000)) {
    const told =
      command.kind === 'configure'
        ? { ...command, configuration: { ...command.configuration, gate } }
        : command;
    product = evolve(product, decide(product, told, now).event!);
  }
  return (from, times) => {
    const commands = Array.from({ length: times }, (_, at) => ({
      ...reserve(PRODUCT, from + at),
      ticket: gate.ticket ? keyOf(`ticket-${from + at}`) : undefined,
    }));
    return () => {
      let right = 0;
      for (const command of commands) {
        const { reply, event } = decide(product, command, now);
        if (event !== undefined) product = evolve(product, event);
        if (reply.outcome === 'reserved') right++;
      }
      return right;
    };
  };
}

/** As the shop gives them out. */
function tokenOf(sub: string): string {
  const base64Url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = `${base64Url({ alg: 'HS256', typ: 'JWT' })}.${base64Url({ sub, exp: Math.floor(Date.now() / 1_000) + 86_400 })}`;
  return `${claims}.${createHmac('sha256', SECRET).update(claims).digest('base64url')}`;
}
