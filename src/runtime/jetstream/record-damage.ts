// Whether a message of the journal's stream is the record that its subject says. The server keeps a sum of its own; what can
// be wrong is that somebody published something else.

import { decodeRecordHeader } from '../../actors/index.ts';
import type { StoredRecord } from '../ports.ts';

/** @returns what is wrong, undefined when nothing is */
export function damageIn({ sequence, shard, bytes }: StoredRecord): string | undefined {
  const told = (why: string): string => `record ${sequence} of shard ${shard} is damaged: ${why}`;
  try {
    const header = decodeRecordHeader(bytes);
    return header.shard === shard ? undefined : told(`it says that it is of shard ${header.shard}`);
  } catch (error) {
    return told((error as Error).message);
  }
}
