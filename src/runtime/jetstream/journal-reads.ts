// Reads of the journal's stream, one shard at a time. Single records come from the stream's leader. Pieces come from
// whichever server is at hand, which may lag behind, so whoever asks for one has to check that nothing is missing in it.

import { JetStreamApiError, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { JournalUnavailable, type Sequence, type StoredRecord } from '../ports.ts';
import { JETSTREAM_LIMITS } from './limits.ts';
import type { Link } from './link.ts';
import type { JetStreamNames } from './names.ts';

const NO_MESSAGE = 10037;

export class JournalReads {
  readonly #link: Link;
  readonly #names: JetStreamNames;
  readonly #manager: Promise<JetStreamManager>;

  constructor(link: Link, names: JetStreamNames) {
    this.#link = link;
    this.#names = names;
    this.#manager = jetstreamManager(link.connection, { checkAPI: false, timeout: JETSTREAM_LIMITS.readMs });
  }

  /** @throws JournalUnavailable */
  newest(shard: number): Promise<StoredRecord | undefined> {
    return this.#ofLeader(shard, { last_by_subj: this.#names.journalOf(shard) });
  }

  /** The shard's first record from this one on. @throws JournalUnavailable */
  first(shard: number, from: Sequence): Promise<StoredRecord | undefined> {
    return this.#ofLeader(shard, { seq: from, next_by_subj: this.#names.journalOf(shard) });
  }

  /** Records of the shard from this one on; none when there are none, or nobody answers in full. */
  async piece(shard: number, from: Sequence, recordsMax: number): Promise<StoredRecord[]> {
    const request = {
      seq: from,
      next_by_subj: this.#names.journalOf(shard),
      batch: Math.min(recordsMax, JETSTREAM_LIMITS.readRecordsMax),
      max_bytes: JETSTREAM_LIMITS.readBytesMax,
    };
    const subject = `$JS.API.DIRECT.GET.${this.#names.journalStream}`;
    try {
      const { readMs } = JETSTREAM_LIMITS;
      const answers = await this.#link.whileUp(() =>
        this.#link.many(subject, JSON.stringify(request), readMs),
      );
      return answers.flatMap(({ headers, data }) => {
        const sequence = headers?.get('Nats-Sequence') ?? '';
        return sequence === '' ? [] : [{ sequence: Number(sequence), shard, bytes: data }];
      });
    } catch {
      return []; // The leader is asked instead, and says what is wrong.
    }
  }

  async #ofLeader(
    shard: number,
    query: { last_by_subj: string } | { seq: number; next_by_subj: string },
  ): Promise<StoredRecord | undefined> {
    const { journalStream } = this.#names;
    try {
      const manager = await this.#manager;
      const message = await this.#link.whileUp(() => manager.streams.getMessage(journalStream, query));
      return message === null ? undefined : { sequence: message.seq, shard, bytes: message.data };
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === NO_MESSAGE) return undefined;
      throw new JournalUnavailable(
        `shard ${shard} cannot be read from the stream ${journalStream}: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }
}
