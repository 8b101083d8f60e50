// What the main threads of nodes ask each other, one answer for each question, and what one of them tells all others, without
// an answer. Nothing of a sale: figures, lists, audits, handovers. Whoever made it stops it, before the connection is closed.
//
// Whoever may publish to these subjects may ask anything that `handlers` name, so each handler checks the value that it is
// given. An answer goes to an inbox only: any other subject could be one in the journal.

import { errors, type Msg, type Subscription } from '@nats-io/transport-node';
import { LinkDown, type Link } from '../jetstream/link.ts';
import type { JetStreamNames } from '../jetstream/names.ts';
import { throwApart } from '../system.ts';
import {
  CallRefused,
  decodeAnswer,
  decodeCall,
  encodeAnswer,
  encodeCall,
  encodeFailure,
  type Answer,
  type Call,
} from './call-format.ts';

/** Worked on at once; one more is refused. */
export const CALLS_AT_ONCE_MAX = 64;
const INBOX = '_INBOX';

export type CallHandlers = Readonly<Record<string, (value: unknown) => Promise<unknown>>>;

export interface NodeCallsOptions {
  readonly link: Link;
  readonly names: JetStreamNames;
  /** The number of this node's membership. */
  readonly self: number;
  readonly handlers: CallHandlers;
  /** Hears of each call that was refused, and of what failed with nobody to tell. Short, whatever the call was. */
  readonly onRefused: (reason: string) => void;
}

/**
 * No answer, or one that tells of a failure. `absent`: nobody listens there. `silent`: none in time, and it may have been done.
 * `down`: this node has no connection, and it may have been done if it was lost meanwhile. `failed`: the other side says so.
 */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
  readonly kind: 'absent' | 'silent' | 'down' | 'failed';

  constructor(kind: CallFailed['kind'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

export class NodeCalls {
  readonly #options: NodeCallsOptions;
  #subscriptions: Subscription[] = [];
  #working = 0;
  #refused = 0;

  constructor(options: NodeCallsOptions) {
    this.#options = options;
  }

  /** Calls of others that were refused. */
  get refused(): number {
    return this.#refused;
  }

  start(): void {
    const { names, self } = this.#options;
    this.#listen(names.nodeOf(self), (call) => this.#answer(call));
    this.#listen(names.nodes, (told) => this.#hear(told));
  }

  /** Nothing new is taken; what is worked on is still answered. */
  stop(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#subscriptions = [];
  }

  /** @throws CallFailed, or CallRefused when the value cannot be sent */
  async ask<T>(
    member: number,
    name: string,
    value: unknown,
    { withinMs }: { readonly withinMs: number },
  ): Promise<T> {
    const { link, names, self } = this.#options;
    const bytes = encodeCall({ from: self, name, value });
    const asked = `node ${member}, asked for "${name}",`;
    let answer: Answer;
    try {
      const send = () => link.connection.request(names.nodeOf(member), bytes, { timeout: withinMs });
      answer = decodeAnswer((await link.whileUp(send)).data);
    } catch (error) {
      throw failureOf(asked, withinMs, error as Error);
    }
    if ('failure' in answer) throw new CallFailed('failed', `${asked} says: ${answer.failure}`);
    return answer.value as T;
  }

  /** To all other nodes that listen at this moment; to none without a connection. @throws CallRefused as `ask` */
  tellAll(name: string, value: unknown): void {
    const { link, names, self } = this.#options;
    const bytes = encodeCall({ from: self, name, value });
    if (link.isUp) link.connection.publish(names.nodes, bytes);
  }

  #listen(subject: string, take: (arrived: Msg) => void): void {
    const callback = (error: Error | null, arrived: Msg): void => {
      // The client would take an exception here for the end of the connection's bytes, and hear nothing any more.
      try {
        if (error !== null) this.#refuse(`nothing comes from ${subject}: ${error.message}`);
        else take(arrived);
      } catch (bug) {
        throwApart(bug);
      }
    };
    this.#subscriptions.push(this.#options.link.connection.subscribe(subject, { callback }));
  }

  #answer({ reply, data }: Msg): void {
    if (!reply?.startsWith(INBOX)) return this.#refuse('a call whose answer would not go to an inbox');
    this.#work(data)
      .then(encodeAnswer)
      .catch((error: unknown) => encodeFailure(messageOf(error)))
      .then((bytes) => this.#send(reply, bytes))
      .catch(throwApart);
  }

  #hear({ reply, data }: Msg): void {
    if (reply) return this.#refuse('something told to all that asks for an answer');
    this.#work(data, this.#options.self).catch((error: unknown) => {
      if (!(error instanceof CallRefused)) this.#options.onRefused(`told to all: ${messageOf(error)}`);
    });
  }

  /** @param passedOver whose calls are none @throws CallRefused when nothing was done, and what the handler throws */
  async #work(data: Uint8Array, passedOver?: number): Promise<unknown> {
    const { from, name, value } = this.#accepted(data);
    if (from === passedOver) return undefined;
    this.#working++;
    try {
      return await this.#options.handlers[name]!(value);
    } finally {
      this.#working--;
    }
  }

  #accepted(data: Uint8Array): Call {
    try {
      const call = decodeCall(data);
      if (!Object.hasOwn(this.#options.handlers, call.name))
        throw new CallRefused(`this node knows no call ${JSON.stringify(call.name)}`);
      if (this.#working >= CALLS_AT_ONCE_MAX)
        throw new CallRefused(`this node works on ${CALLS_AT_ONCE_MAX} calls already`);
      return call;
    } catch (error) {
      this.#refuse(messageOf(error));
      throw error;
    }
  }

  #send(subject: string, bytes: Uint8Array): void {
    const { link } = this.#options;
    // Whoever asked hears of a lost connection by itself.
    if (!link.isUp) return;
    try {
      link.connection.publish(subject, bytes);
    } catch (error) {
      // Not a subject, or larger than the server takes.
      this.#options.onRefused(`an answer could not be sent: ${messageOf(error)}`);
    }
  }

  #refuse(reason: string): void {
    this.#refused++;
    this.#options.onRefused(reason);
  }
}

function failureOf(asked: string, withinMs: number, cause: Error): CallFailed {
  if (cause instanceof LinkDown)
    return new CallFailed('down', `${asked} cannot be heard: ${cause.message}`, { cause });
  if (cause instanceof errors.TimeoutError)
    return new CallFailed('silent', `${asked} did not answer within ${withinMs} ms`, { cause });
  if (cause instanceof errors.NoRespondersError || cause.cause instanceof errors.NoRespondersError)
    return new CallFailed('absent', `${asked} is not there: nobody listens`, { cause });
  return new CallFailed('failed', `${asked} gave no answer: ${cause.message}`, { cause });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
