// What is known after a call. There are four outcomes and no exception.

/** The shop did it, or has it. */
export interface Given<T> {
  readonly kind: 'answer';
  readonly status: number;
  readonly body: T;
  /** It is the answer to an earlier request with the same key, which had been accepted. */
  readonly isReplayed: boolean;
}

/** The shop said no, in its own words. */
export interface Refused {
  readonly kind: 'refused';
  readonly status: number;
  /** As in docs/api.md; new ones may come. */
  readonly code: string;
  readonly detail: string;
  readonly retryAfterMs: number;
  /** All that it said: some codes come with more, such as `startsAt` or `order`. */
  readonly problem: Readonly<Record<string, unknown>>;
}

/** Nothing is known: the shop may have acted or not. Ask by the same key, or repeat with it. */
export interface Lost {
  readonly kind: 'lost';
  readonly retryAfterMs: number;
}

/** Surely nothing left for the shop. */
export interface Unsent {
  readonly kind: 'unsent';
  /**
   * `signed_out`: `token()` gave none. `no_token`: it failed, or took too long. `another_customer`: it gave somebody
   * else's; a client is for one customer.
   */
  readonly reason: 'signed_out' | 'no_token' | 'another_customer';
  readonly retryAfterMs: number;
}

export type Answer<T> = Given<T> | Refused | Lost | Unsent;

/** The shop says that there is nothing of that kind for this caller. */
export const isNotFound = (answer: Answer<unknown>): boolean =>
  answer.kind === 'refused' && answer.status === 404;
