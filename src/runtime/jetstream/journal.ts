// The journal on JetStream: one message for each append, on the shard's subject, stored only if the subject's newest
// message is the one that the append expects. What becomes of it, fenced-publisher.ts finds out; what a replay must not
// miss, replay.ts checks.

import { decodeRecordHeader, type RecordHeader } from '../../actors/index.ts';
import type { CommitMeter } from '../commit-meter.ts';
import type { AppendResult, Journal, Sequence, StoredRecord } from '../ports.ts';
import { FencedPublisher, type PublisherOptions } from './fenced-publisher.ts';
import { JETSTREAM_LIMITS } from './limits.ts';
import type { JetStreamNames } from './names.ts';
import { headerOf, replay, type ShardReads } from './replay.ts';
import { StreamReads, type StoredMessage } from './stream-reads.ts';

export interface JetStreamJournalOptions extends PublisherOptions {
  readonly names: JetStreamNames;
  /** Told of what was appended. */
  readonly committed?: Pick<CommitMeter, 'add'>;
}

export class JetStreamJournal implements Journal {
  readonly headStaleMs = JETSTREAM_LIMITS.leaderStaleMs;
  readonly #names: JetStreamNames;
  readonly #publisher: FencedPublisher;
  readonly #reads: StreamReads;
  readonly #committed: Pick<CommitMeter, 'add'> | undefined;

  constructor(options: JetStreamJournalOptions) {
    const { link, names, committed } = options;
    this.#committed = committed;
    this.#names = names;
    this.#publisher = new FencedPublisher(options, names.journalStream);
    this.#reads = new StreamReads(link, names.journalStream);
  }

  head(shard: number): Promise<StoredRecord | undefined> {
    return this.#readsOf(shard).newest();
  }

  /** The bytes are a record, whose owner and number tell it from all others. */
  async append(shard: number, bytes: Uint8Array<ArrayBuffer>, expected: Sequence): Promise<AppendResult> {
    const header = decodeRecordHeader(bytes);
    const result = await this.#publisher.publish({
      subject: this.#names.journalOf(shard),
      bytes,
      expected,
      id: idOf(header),
      isIt(stored) {
        const { epoch, owner, number } = headerOf({ shard, ...stored });
        return epoch === header.epoch && owner === header.owner && number === header.number;
      },
    });
    if (result.kind === 'appended') this.#committed?.add(bytes.length);
    return result;
  }

  replay(shard: number, from: Sequence, to: Sequence): AsyncIterable<readonly StoredRecord[]> {
    return replay(this.#readsOf(shard), from, to);
  }

  #readsOf(shard: number): ShardReads {
    const subject = this.#names.journalOf(shard);
    const recordOf = ({ sequence, bytes }: StoredMessage): StoredRecord => ({ sequence, shard, bytes });
    const maybe = (message: StoredMessage | undefined): StoredRecord | undefined =>
      message && recordOf(message);
    return {
      shard,
      newest: async () => maybe(await this.#reads.newest(subject)),
      first: async (from) => maybe(await this.#reads.first(subject, from)),
      piece: async (from, recordsMax) => (await this.#reads.piece(subject, from, recordsMax)).map(recordOf),
    };
  }
}

/** Two claims of one epoch differ in their owner alone: without it the second would be told that it was the first. */
const idOf = ({ shard, epoch, owner, number }: RecordHeader): string =>
  `${shard}.${epoch}.${Buffer.from(owner, 'latin1').toString('hex')}.${number}`;
