// Publishes messages of which each names the one before it on its subject, and finds out what became of each.
//
//   stored ─────────────────────────────────────────▶ appended
//   behind: something is there already ─▶ mine? ────▶ appended, or fenced
//   open: lost answer, election, busy ──▶ the same bytes, id and expectation again, until a deadline ─▶ unknown
//
// An answer that does not come says nothing: a message may land long after its sender gave up. So a publication is only
// ever repeated as it was, and a repetition that finds its own message is told of it.

import { jetstream, type JetStreamClient, type PubAck } from '@nats-io/jetstream';
import { backOff, type BackOffLimits } from '../back-off.ts';
import type { AppendResult, Clock, Sequence, Timers } from '../ports.ts';
import { AppendWindow } from './append-window.ts';
import { JETSTREAM_LIMITS } from './limits.ts';
import type { Link } from './link.ts';
import { answerOf, answerOfError, type PublishAnswer } from './publish-answer.ts';
import { StreamReads, type StoredMessage } from './stream-reads.ts';

/** The same in every try. */
export interface FencedMessage {
  readonly subject: string;
  readonly bytes: Uint8Array;
  /** The newest message of the subject, 0 for none. */
  readonly expected: Sequence;
  /** No other message has it. */
  readonly id: string;
  /** Whether what is stored is this very message. @throws when that cannot be told */
  isIt(stored: StoredMessage): boolean;
}

export interface PublisherOptions {
  readonly link: Link;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly timers: Pick<Timers, 'after'>;
  /** The time until a message is told `unknown`. */
  readonly appendMs?: number;
  readonly appendTryMs?: number;
}

const RETRY: BackOffLimits = {
  firstMs: JETSTREAM_LIMITS.appendRetryFirstMs,
  mostMs: JETSTREAM_LIMITS.appendRetryMostMs,
};

export class FencedPublisher {
  readonly #options: PublisherOptions;
  readonly #stream: string;
  readonly #client: JetStreamClient;
  readonly #reads: StreamReads;
  readonly #window = new AppendWindow();

  constructor(options: PublisherOptions, stream: string) {
    this.#options = options;
    this.#stream = stream;
    this.#client = jetstream(options.link.connection);
    this.#reads = new StreamReads(options.link, stream);
  }

  async publish(message: FencedMessage): Promise<AppendResult> {
    const { link, clock, timers, appendMs = JETSTREAM_LIMITS.appendMs } = this.#options;
    const until = clock.monotonic() + appendMs;
    for (let tries = 0; ; tries++) {
      const result = await this.#try(message, tries > 0);
      if (result.kind !== 'unknown' || link.isClosed || clock.monotonic() >= until) return result;
      await backOff(timers, tries, RETRY);
      await link.up(Math.max(0, until - clock.monotonic()));
    }
  }

  async #try(message: FencedMessage, mayHaveLanded: boolean): Promise<AppendResult> {
    const answer = await this.#send(message);
    switch (answer.kind) {
      case 'stored':
        return { kind: 'appended', sequence: answer.sequence };
      case 'behind':
        return this.#lookBehind(message, answer.newest, mayHaveLanded);
      case 'open':
        return { kind: 'unknown', cause: answer.cause };
    }
  }

  async #send({ subject, bytes, expected, id }: FencedMessage): Promise<PublishAnswer> {
    const { link, appendTryMs = JETSTREAM_LIMITS.appendTryMs } = this.#options;
    const options = {
      msgID: id,
      expect: { streamName: this.#stream, lastSubjectSequence: expected },
      timeout: appendTryMs,
    };
    await this.#window.enter(bytes.length);
    try {
      const send = (): Promise<PubAck> => this.#client.publish(subject, bytes, options);
      return answerOf(await link.whileUp(send));
    } catch (error) {
      return answerOfError(error);
    } finally {
      this.#window.leave(bytes.length);
    }
  }

  /**
   * Since every message names the one before it, this one has landed exactly when it is the first behind the one that it
   * expected. @param newest of the subject, as the server says
   */
  async #lookBehind(message: FencedMessage, newest: Sequence, mayHaveLanded: boolean): Promise<AppendResult> {
    const { subject, expected } = message;
    if (newest <= expected) {
      // A leader that was cut off from the others may know less than they do, and an earlier try may have reached those.
      const cause = `the newest message of ${subject} is said to be ${newest}, before ${expected}`;
      return mayHaveLanded ? { kind: 'unknown', cause } : { kind: 'fenced' };
    }
    try {
      const first = await this.#reads.first(subject, expected + 1);
      if (first === undefined || first.sequence > newest) {
        return { kind: 'unknown', cause: `message ${newest} of ${subject} is there, and not given` };
      }
      return message.isIt(first) ? { kind: 'appended', sequence: first.sequence } : { kind: 'fenced' };
    } catch (error) {
      return { kind: 'unknown', cause: (error as Error).message };
    }
  }
}
