// All records of the journal in the order of their sequences, for those who look at every one. Pieces come from whichever
// server is at hand, which may lag behind: a sequence that is left out is asked of the leader, which says what comes next.

import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import {
  JournalDamaged,
  JournalUnavailable,
  type CheckedRecord,
  type RecordSource,
  type Sequence,
  type Timers,
} from '../ports.ts';
import { JETSTREAM_LIMITS } from './limits.ts';
import type { Link } from './link.ts';
import type { JetStreamNames } from './names.ts';
import { damageIn } from './record-damage.ts';
import { StreamReads, type StoredMessage } from './stream-reads.ts';

export interface RecordStreamOptions {
  readonly link: Link;
  readonly names: JetStreamNames;
  readonly timers: Pick<Timers, 'after'>;
  /** For so long a leader that was deposed may tell less than there is. */
  readonly staleMs?: number;
}

/** After the first one. */
const LOOKS_AGAIN = 3;

export class JetStreamRecords implements RecordSource {
  readonly #options: RecordStreamOptions;
  readonly #reads: StreamReads;
  readonly #manager: Promise<JetStreamManager>;

  constructor(options: RecordStreamOptions) {
    const { link, names } = options;
    this.#options = options;
    this.#reads = new StreamReads(link, names.journalStream);
    this.#manager = jetstreamManager(link.connection, { checkAPI: false, timeout: JETSTREAM_LIMITS.readMs });
  }

  async *behind(after: Sequence, known: Sequence): AsyncIterable<readonly CheckedRecord[]> {
    const end = await this.#lookAgain(
      () => this.#end(),
      (last) => last >= known,
    );
    for (let next = after + 1; next <= end;) {
      const messages = await this.#piece(next, end);
      yield messages.map((message) => this.#checked(message));
      next = messages.at(-1)!.sequence + 1;
    }
  }

  /** At least one message. @throws JournalDamaged */
  async #piece(next: Sequence, end: Sequence): Promise<StoredMessage[]> {
    const { journalSubjects } = this.#options.names;
    const given = await this.#reads.piece(journalSubjects, next, end - next + 1);
    const messages: StoredMessage[] = [];
    for (const message of given) {
      const expected = (messages.at(-1)?.sequence ?? next - 1) + 1;
      if (message.sequence !== expected) {
        // Left out, or in an archive: what comes next after an archive's records, the leader says as well.
        const leaders = await this.#first(expected);
        if (leaders?.sequence !== message.sequence)
          return messages.length > 0 ? messages : this.#atLeast(leaders, expected, end);
      }
      messages.push(message);
    }
    if (messages.length > 0) return messages;
    return this.#atLeast(await this.#first(next), next, end);
  }

  /** The leader's. */
  #first(from: Sequence): Promise<StoredMessage | undefined> {
    const { journalSubjects } = this.#options.names;
    return this.#lookAgain(
      () => this.#reads.first(journalSubjects, from),
      (found) => found !== undefined,
    );
  }

  #atLeast(message: StoredMessage | undefined, next: Sequence, end: Sequence): StoredMessage[] {
    if (message !== undefined) return [message];
    throw new JournalDamaged(
      `records ${next} to ${end} were in the journal’s stream, and are not given back`,
    );
  }

  async #lookAgain<T>(look: () => Promise<T>, isRight: (seen: T) => boolean): Promise<T> {
    const { timers, staleMs = JETSTREAM_LIMITS.leaderStaleMs } = this.#options;
    for (let looks = 0; ; looks++) {
      const seen = await look();
      if (isRight(seen) || looks === LOOKS_AGAIN) return seen;
      await new Promise<void>((resolve) => void timers.after(staleMs / LOOKS_AGAIN, resolve));
    }
  }

  /** Of the stream, as its leader knows it. @throws JournalUnavailable */
  async #end(): Promise<Sequence> {
    const { link, names } = this.#options;
    try {
      const manager = await this.#manager;
      const { state } = await link.whileUp(() => manager.streams.info(names.journalStream));
      return state.last_seq;
    } catch (error) {
      const why = `the stream ${names.journalStream} does not answer: ${(error as Error).message}`;
      throw new JournalUnavailable(why, { cause: error });
    }
  }

  #checked({ sequence, subject, bytes }: StoredMessage): CheckedRecord {
    const record = { sequence, shard: this.#options.names.shardOf(subject), bytes };
    const damage = damageIn(record);
    return damage === undefined ? record : { ...record, damage };
  }
}
