// Whether a request may be made now, as one thread asks the buckets that it shares with the node's other threads. First the customer's
// own bucket, then that of all customers at the address: what a customer makes beyond their own limit is never charged to the others.
// Whoever is not signed in shares a bucket with all others there who are not, so that nobody without an account shuts out customers.
//
// What is allowed allocates nothing: its answers are made once for each number of requests that may be left.

import type { Key } from '../../../actors/index.ts';
import type { Clock } from '../../../runtime/index.ts';
import type { Counters } from '../../counters.ts';
import { BucketHash } from './bucket-hash.ts';
import { bucketRate, unitsOf, unitsToMs, type BucketRate, type BucketTable } from './bucket-table.ts';
import {
  LIMIT_SUBJECTS,
  REQUEST_CLASSES,
  type Limit,
  type LimitPolicy,
  type LimitSubject,
  type RequestClass,
} from './limit-policy.ts';

/** Times that a customer may have an order looked for under a key that is beyond a limit: so much such a look may cost. */
const REPEAT_LIMIT: Limit = { count: 5, windowMs: 5_000 };
/** Of what is left, by one; more is told in thousands. */
const TOLD_EXACTLY_MAX = 1_000;
const TOLD_STEP = 1_000;

export interface Verdict {
  readonly isAllowed: boolean;
  /** Whose bucket is told of, or has none left. */
  readonly by: LimitSubject;
  readonly retryAfterSeconds: number;
  /** `RateLimit` and `RateLimit-Policy`. */
  readonly rateLimit: string;
  readonly policy: string;
}

export interface RateLimitsPorts {
  readonly policy: LimitPolicy;
  readonly table: BucketTable;
  /** Common to all nodes. */
  readonly secret: string;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly counters: Pick<Counters, 'check'>;
}

/** One kind of bucket: of one class and one kind of subject. */
interface Buckets {
  readonly subject: LimitSubject;
  readonly domain: number;
  readonly name: string;
  readonly rate: BucketRate;
  /** By what is left. */
  readonly allowed: Verdict[];
  /** What applies to such a request, as the header has it. */
  readonly policy: string;
}

interface ClassBuckets {
  readonly customer: Buckets | undefined;
  readonly address: Buckets | undefined;
  readonly anonymous: Buckets | undefined;
}

export class RateLimits {
  readonly #table: BucketTable;
  readonly #hash: BucketHash;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #classes: ReadonlyMap<RequestClass, ClassBuckets>;
  readonly #repeatRate = bucketRate(REPEAT_LIMIT.count, REPEAT_LIMIT.windowMs);
  readonly #repeatDomain = REQUEST_CLASSES.length * LIMIT_SUBJECTS.length;
  readonly #counters: Pick<Counters, 'check'>;

  constructor({ policy, table, secret, clock, counters }: RateLimitsPorts) {
    this.#table = table;
    this.#hash = new BucketHash(secret);
    this.#clock = clock;
    this.#classes = new Map(REQUEST_CLASSES.map((kind) => [kind, bucketsOf(kind, policy[kind])]));
    this.#counters = counters;
  }

  /**
   * Takes the request from the buckets, or says that it has to wait.
   * @param customerKey undefined: nobody is signed in @returns undefined where nothing limits it
   */
  judge(kind: RequestClass, customerKey: Key | undefined, address: string): Verdict | undefined {
    const { customer, address: together, anonymous } = this.#classes.get(kind)!;
    const now = unitsOf(this.#clock.monotonic());
    if (customerKey === undefined)
      return anonymous && this.#verdict(anonymous, this.#take(anonymous, undefined, address, now));
    const own = customer && this.#take(customer, customerKey, address, now);
    if (customer !== undefined && own! < 0) return this.#verdict(customer, own!);
    const ownSlot = this.#slot;
    if (together === undefined) return customer && this.#verdict(customer, own!);
    const others = this.#take(together, undefined, address, now);
    if (others < 0) {
      if (customer !== undefined) this.#table.giveBack(ownSlot, customer.rate);
      return this.#verdict(together, others);
    }
    return customer === undefined ? this.#verdict(together, others) : this.#verdict(customer, own!);
  }

  /** Whether an order may be looked for that this customer may have under a key beyond a limit. @returns ms to wait; 0: it may */
  lookUpWaitMs(customerKey: Key): number {
    const now = unitsOf(this.#clock.monotonic());
    this.#hash.ofKey(this.#repeatDomain, customerKey);
    const slot = this.#table.slotOf(this.#hash.low, this.#hash.high, now);
    const left = this.#table.take(slot, this.#repeatRate, now);
    return left < 0 ? unitsToMs(-left) : 0;
  }

  /** That `#take` took from. */
  #slot = 0;

  #take(buckets: Buckets, customerKey: Key | undefined, address: string, now: number): number {
    if (customerKey === undefined) this.#hash.ofText(buckets.domain, address);
    else this.#hash.ofKey(buckets.domain, customerKey);
    this.#slot = this.#table.slotOf(this.#hash.low, this.#hash.high, now);
    return this.#table.take(this.#slot, buckets.rate, now);
  }

  /** @param taken as the table told */
  #verdict(buckets: Buckets, taken: number): Verdict {
    const { subject, name, rate, allowed } = buckets;
    if (taken < 0) {
      this.#counters.check('limits', name);
      return refused(buckets, unitsToMs(-taken));
    }
    const left = Math.floor((rate.unitsMax - taken) / rate.unitsPerRequest);
    const at = left <= TOLD_EXACTLY_MAX ? left : TOLD_EXACTLY_MAX + Math.floor(left / TOLD_STEP);
    return (allowed[at] ??= {
      isAllowed: true,
      by: subject,
      retryAfterSeconds: 0,
      rateLimit: `"${name}";r=${at === left ? left : left - (left % TOLD_STEP)}`,
      policy: buckets.policy,
    });
  }
}

function refused({ name, subject, policy }: Buckets, waitMs: number): Verdict {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1_000));
  const rateLimit = `"${name}";r=0;t=${retryAfterSeconds}`;
  return { isAllowed: false, by: subject, retryAfterSeconds, rateLimit, policy };
}

function bucketsOf(
  kind: RequestClass,
  limits: Readonly<Record<LimitSubject, Limit | undefined>>,
): ClassBuckets {
  const signedIn = policyOf(kind, limits, ['customer', 'address']);
  const buckets = (subject: LimitSubject, policy: string): Buckets | undefined => {
    const limit = limits[subject];
    return (
      limit && {
        subject,
        domain: REQUEST_CLASSES.indexOf(kind) * LIMIT_SUBJECTS.length + LIMIT_SUBJECTS.indexOf(subject),
        name: nameOf(kind, subject),
        rate: bucketRate(limit.count, limit.windowMs),
        allowed: [],
        policy,
      }
    );
  };
  return {
    customer: buckets('customer', signedIn),
    address: buckets('address', signedIn),
    anonymous: buckets('anonymous', policyOf(kind, limits, ['anonymous'])),
  };
}

const nameOf = (kind: RequestClass, subject: LimitSubject): string => `${kind}-${subject}`;

function policyOf(
  kind: RequestClass,
  limits: Readonly<Record<LimitSubject, Limit | undefined>>,
  subjects: readonly LimitSubject[],
): string {
  return subjects
    .flatMap((subject) => {
      const limit = limits[subject];
      return limit === undefined
        ? []
        : [`"${nameOf(kind, subject)}";q=${limit.count};w=${limit.windowMs / 1_000}`];
    })
    .join(', ');
}
