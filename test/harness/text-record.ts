// A record that carries a text and nothing else, for tests of what keeps and moves records.

import { decodeRecord, encodeRecord, keyOf } from '../../src/actors/index.ts';
import type { Sequence, StoredRecord } from '../../src/runtime/index.ts';

const AT = 1_700_000_000_000;

let written = 0;

/** Each with an owner of its own, as if many claimed at once. */
export function recordOf(
  shard: number,
  text: string,
  previous: Sequence,
  owner = `owner ${++written}`,
  number = 0,
): Uint8Array<ArrayBuffer> {
  const header = { shard, epoch: 1, owner: keyOf(owner), number, previous, revision: 0, at: AT };
  return encodeRecord(header, [{ kind: 'paused', productId: text, at: AT }]);
}

export const textOf = ({ bytes }: Pick<StoredRecord, 'bytes'>): string =>
  decodeRecord(bytes).events[0]!.productId;
