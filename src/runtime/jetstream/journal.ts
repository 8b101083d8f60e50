// The journal on JetStream: one message for each append, on the shard's subject, stored only if the subject's newest
// message is the one that the append expects.
//
//   stored ─────────────────────────────────────────▶ appended
//   behind: something is there already ─▶ mine? ────▶ appended, or fenced
//   open: lost answer, election, busy ──▶ the same bytes, id and expectation again, until a deadline ─▶ unknown
//
// An answer that does not come says nothing: a message may land long after its sender gave up. So a publication is only
// ever repeated as it was, and a repetition that finds its own record is told of it.

import { jetstream, type JetStreamClient, type PubAck } from '@nats-io/jetstream';
import { decodeRecordHeader, type RecordHeader } from '../../actors/index.ts';
import { backOff, type BackOffLimits } from '../back-off.ts';
import type { AppendResult, Clock, Journal, Sequence, StoredRecord, Timers } from '../ports.ts';
import { AppendWindow } from './append-window.ts';
import { JournalReads } from './journal-reads.ts';
import { JETSTREAM_LIMITS } from './limits.ts';
import type { Link } from './link.ts';
import type { JetStreamNames } from './names.ts';
import { answerOf, answerOfError, type PublishAnswer } from './publish-answer.ts';
import { headerOf, replay } from './replay.ts';

export interface JetStreamJournalOptions {
  readonly link: Link;
  readonly names: JetStreamNames;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly timers: Pick<Timers, 'after'>;
  /** The time until an append is told `unknown`. */
  readonly appendMs?: number;
  readonly appendTryMs?: number;
}

/** One append, the same in every try. */
interface Message {
  readonly shard: number;
  readonly bytes: Uint8Array;
  readonly expected: Sequence;
  readonly header: RecordHeader;
  readonly id: string;
}

const RETRY: BackOffLimits = {
  firstMs: JETSTREAM_LIMITS.appendRetryFirstMs,
  mostMs: JETSTREAM_LIMITS.appendRetryMostMs,
};

export class JetStreamJournal implements Journal {
  readonly #options: JetStreamJournalOptions;
  readonly #client: JetStreamClient;
  readonly #reads: JournalReads;
  readonly #window = new AppendWindow();

  constructor(options: JetStreamJournalOptions) {
    this.#options = options;
    this.#client = jetstream(options.link.connection);
    this.#reads = new JournalReads(options.link, options.names);
  }

  async head(shard: number): Promise<StoredRecord | undefined> {
    return this.#reads.newest(shard);
  }

  /** The bytes are a record, whose owner and number tell it from all others. */
  async append(shard: number, bytes: Uint8Array<ArrayBuffer>, expected: Sequence): Promise<AppendResult> {
    const { link, clock, timers, appendMs = JETSTREAM_LIMITS.appendMs } = this.#options;
    const header = decodeRecordHeader(bytes);
    const message: Message = { shard, bytes, expected, header, id: idOf(header) };
    const until = clock.monotonic() + appendMs;
    for (let tries = 0; ; tries++) {
      const result = await this.#try(message, tries > 0);
      if (result.kind !== 'unknown' || link.isClosed || clock.monotonic() >= until) return result;
      await backOff(timers, tries, RETRY);
      await link.up(Math.max(0, until - clock.monotonic()));
    }
  }

  replay(shard: number, from: Sequence, to: Sequence): AsyncIterable<readonly StoredRecord[]> {
    return replay(this.#reads, shard, from, to);
  }

  async #try(message: Message, mayHaveLanded: boolean): Promise<AppendResult> {
    const answer = await this.#publish(message);
    switch (answer.kind) {
      case 'stored':
        return { kind: 'appended', sequence: answer.sequence };
      case 'behind':
        return this.#lookBehind(message, answer.newest, mayHaveLanded);
      case 'open':
        return { kind: 'unknown', cause: answer.cause };
    }
  }

  async #publish({ shard, bytes, expected, id }: Message): Promise<PublishAnswer> {
    const { link, names, appendTryMs = JETSTREAM_LIMITS.appendTryMs } = this.#options;
    const options = {
      msgID: id,
      expect: { streamName: names.journalStream, lastSubjectSequence: expected },
      timeout: appendTryMs,
    };
    await this.#window.enter(bytes.length);
    try {
      const send = (): Promise<PubAck> => this.#client.publish(names.journalOf(shard), bytes, options);
      return answerOf(await link.whileUp(send));
    } catch (error) {
      return answerOfError(error);
    } finally {
      this.#window.leave(bytes.length);
    }
  }

  /**
   * Since every append names the one before it, this one has landed exactly when it is the first behind the record that it
   * expected. @param newest of the subject, as the server says
   */
  async #lookBehind(
    { shard, expected, header }: Message,
    newest: Sequence,
    mayHaveLanded: boolean,
  ): Promise<AppendResult> {
    if (newest <= expected) {
      // A leader that was cut off from the others may know less than they do, and an earlier try may have reached those.
      const cause = `the newest record of shard ${shard} is said to be ${newest}, before ${expected}`;
      return mayHaveLanded ? { kind: 'unknown', cause } : { kind: 'fenced' };
    }
    try {
      const first = await this.#reads.first(shard, expected + 1);
      if (first === undefined || first.sequence > newest) {
        return { kind: 'unknown', cause: `record ${newest} of shard ${shard} is there, and not given` };
      }
      const { epoch, owner, number } = headerOf(first);
      const isOurs = epoch === header.epoch && owner === header.owner && number === header.number;
      return isOurs ? { kind: 'appended', sequence: first.sequence } : { kind: 'fenced' };
    } catch (error) {
      return { kind: 'unknown', cause: (error as Error).message };
    }
  }
}

/** Two claims of one epoch differ in their owner alone: without it the second would be told that it was the first. */
const idOf = ({ shard, epoch, owner, number }: RecordHeader): string =>
  `${shard}.${epoch}.${Buffer.from(owner, 'latin1').toString('hex')}.${number}`;
