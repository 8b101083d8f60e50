// Where the records of an archive come from when the journal is on JetStream, and how they leave it: noted in the bucket
// first, then purged from the stream, shard by shard. Purging is repeatable, so a run that was killed in between is finished
// by the next one. A shard's newest record always stays.

import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { JournalUnavailable } from '../ports.ts';
import { ArchiveRefused, type ArchivedRange, type Row } from '../sqlite/archive-file.ts';
import type { ArchiveEntry } from '../sqlite/archive-ledger.ts';
import type { ArchiveSource } from '../sqlite/archive-source.ts';
import { sumOf } from '../sqlite/record-rows.ts';
import { RECORDS_TABLE } from '../sqlite/schema.ts';
import { noteArchive, readClusterArchives } from './archive-ledger.ts';
import { JetStreamJournal } from './journal.ts';
import { JETSTREAM_LIMITS } from './limits.ts';
import type { Link } from './link.ts';
import type { JetStreamNames } from './names.ts';
import { headerOf } from './replay.ts';
import { StreamReads } from './stream-reads.ts';
import type { PublisherOptions } from './fenced-publisher.ts';

export interface ArchiveSourceOptions extends PublisherOptions {
  readonly link: Link;
  readonly names: JetStreamNames;
  /** Asked before each step that cannot be undone: resolves while no node can have joined. @throws when one can */
  readonly assertAtRest: () => Promise<void>;
  /** Called at each step's beginning; a test ends the process there. */
  readonly onStep?: (step: 'noting' | 'purging') => void;
}

export class JetStreamArchiveSource implements ArchiveSource {
  readonly #options: ArchiveSourceOptions;
  readonly #journal: JetStreamJournal;
  readonly #reads: StreamReads;
  readonly #manager: Promise<JetStreamManager>;

  constructor(options: ArchiveSourceOptions) {
    const { link, names } = options;
    this.#options = options;
    this.#journal = new JetStreamJournal(options);
    this.#reads = new StreamReads(link, names.journalStream);
    this.#manager = jetstreamManager(link.connection, { checkAPI: false, timeout: JETSTREAM_LIMITS.purgeMs });
  }

  recordsTable(): string {
    return RECORDS_TABLE;
  }

  async *rows({ shard, first, last }: ArchivedRange): AsyncGenerator<Row> {
    for await (const records of this.#journal.replay(shard, first, last)) {
      for (const record of records) {
        const { sequence, bytes } = record;
        yield { sequence, shard, bytes, crc: sumOf(record) };
      }
    }
  }

  entries(): Promise<readonly ArchiveEntry[]> {
    return readClusterArchives(this.#options.link, this.#options.names);
  }

  async remove(entry: ArchiveEntry): Promise<void> {
    const { link, names, assertAtRest, onStep } = this.#options;
    for (const range of entry.ranges) await this.#assertNewerStays(range);
    await assertAtRest();
    onStep?.('noting');
    await noteArchive(link, names, entry);
    onStep?.('purging');
    await this.purge(entry);
  }

  /** Whether some of its records are still in the stream: an earlier run did not come to its end. */
  async isLeft({ ranges }: ArchiveEntry): Promise<boolean> {
    for (const { shard, last } of ranges) {
      const oldest = await this.#reads.first(this.#options.names.journalOf(shard), 1);
      if (oldest !== undefined && oldest.sequence <= last) return true;
    }
    return false;
  }

  /** Of an archive that is noted. @throws JournalUnavailable: the next run goes on @throws ArchiveRefused */
  async purge({ ranges }: ArchiveEntry): Promise<void> {
    const { link, names, assertAtRest } = this.#options;
    const manager = await this.#manager;
    for (const range of ranges) {
      await assertAtRest();
      await this.#assertNewerStays(range);
      const { shard, last } = range;
      const filter = names.journalOf(shard);
      try {
        await link.whileUp(() => manager.streams.purge(names.journalStream, { filter, seq: last + 1 }));
      } catch (error) {
        const why = (error as Error).message;
        throw new JournalUnavailable(
          `records of shard ${shard} are in the archive, and may be in the stream, too: ${why}. Run this again.`,
          { cause: error },
        );
      }
    }
  }

  /** @throws ArchiveRefused */
  async #assertNewerStays({ shard, last }: ArchivedRange): Promise<void> {
    const next = await this.#reads.first(this.#options.names.journalOf(shard), last + 1);
    if (next !== undefined && headerOf({ shard, ...next }).previous === last) return;
    throw new ArchiveRefused(
      `No record of shard ${shard} follows record ${last}: a newer one must stay. Nothing was removed of this shard.`,
    );
  }
}
