// What a journal on JetStream knows of its archives: a key of the cluster's bucket for each, written before the records leave
// the stream. An archive that is noted may therefore still have its records there: whoever was killed in between left them.
//
//   archive.<number>    the ArchiveEntry, as JSON; numbers begin with 1

import { jetstream } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { JournalUnavailable } from '../ports.ts';
import type { ArchiveEntry } from '../sqlite/archive-ledger.ts';
import { JETSTREAM_LIMITS } from './limits.ts';
import type { Link } from './link.ts';
import type { JetStreamNames } from './names.ts';
import { StreamReads, type StoredMessage } from './stream-reads.ts';

const KEYS = 'archive.';

/** Oldest first, as the bucket's leader knows them. @throws JournalUnavailable */
export async function readClusterArchives(link: Link, names: JetStreamNames): Promise<ArchiveEntry[]> {
  return (await readNotes(link, names)).map(({ bytes }) => entryOf(bytes));
}

/** Behind those that are there. @throws JournalUnavailable: it is noted, or not */
export async function noteArchive(link: Link, names: JetStreamNames, entry: ArchiveEntry): Promise<void> {
  const numbers = (await readNotes(link, names)).map(({ subject }) => Number(subject.split('.').at(-1)));
  const key = `${KEYS}${Math.max(0, ...numbers) + 1}`;
  const { readMs: timeout } = JETSTREAM_LIMITS;
  try {
    const js = jetstream(link.connection, { timeout });
    const kv = await new Kvm(js).open(names.clusterBucket, { allow_direct: false, timeout });
    // Nobody else may have taken this number.
    await link.whileUp(() => kv.put(key, JSON.stringify(entry), { previousSeq: 0, timeout }));
  } catch (error) {
    const why = `the archive ${entry.file} cannot be noted as ${key}: ${(error as Error).message}. Run this again`;
    throw new JournalUnavailable(why, { cause: error });
  }
}

async function readNotes(link: Link, names: JetStreamNames): Promise<StoredMessage[]> {
  const reads = new StreamReads(link, names.clusterStream);
  const subjects = `${names.clusterSubjects.slice(0, -1)}${KEYS}*`;
  const notes: StoredMessage[] = [];
  for (let from = 1; ;) {
    const note = await reads.first(subjects, from);
    if (note === undefined) return notes;
    // A key that an operator removed.
    if (note.bytes.length > 0) notes.push(note);
    from = note.sequence + 1;
  }
}

const entryOf = (bytes: Uint8Array): ArchiveEntry =>
  JSON.parse(new TextDecoder().decode(bytes)) as ArchiveEntry;
