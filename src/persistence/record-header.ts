// The head of a journal record, read without its events: for whoever only has to know where a record belongs.
//
// It reads the first seven elements of the MessagePack array that src/actors/record.ts describes. That format never
// changes; a record of another version is refused here as there.

import { RECORD_VERSION } from '../actors/index.ts';

export interface RecordPlace {
  /** Journal sequence of the shard's record before this one, 0 for the first. */
  readonly previous: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

const ELEMENTS = 0x98; // an array of eight
const BYTES = 0xc4; // up to 255 of them; their number follows

/** @throws when the bytes are not a record of a known version */
export function readRecordPlace(bytes: Uint8Array): RecordPlace {
  if (bytes[0] !== RECORD_VERSION || bytes[1] !== ELEMENTS) {
    throw new Error(`record version ${bytes[0]} is unknown; this is version ${RECORD_VERSION}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let from = 2;
  from += sizeAt(view, from); // shard
  from += sizeAt(view, from); // epoch
  if (view.getUint8(from) !== BYTES) throw unreadable(from);
  from += 2 + view.getUint8(from + 1); // owner
  from += sizeAt(view, from); // number
  const previous = numberAt(view, from);
  from += sizeAt(view, from);
  from += sizeAt(view, from); // revision
  return { previous, at: numberAt(view, from) };
}

const unreadable = (from: number): Error => new Error(`the record's head is not readable at byte ${from}`);

/** The bytes that the number takes, its type included. */
function sizeAt(view: DataView, from: number): number {
  const type = view.getUint8(from);
  if (type < 0x80 || type >= 0xe0) return 1;
  switch (type) {
    case 0xcc:
    case 0xd0:
      return 2;
    case 0xcd:
    case 0xd1:
      return 3;
    case 0xca:
    case 0xce:
    case 0xd2:
      return 5;
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return 9;
    default:
      throw unreadable(from);
  }
}

function numberAt(view: DataView, from: number): number {
  const type = view.getUint8(from);
  if (type < 0x80) return type;
  switch (type) {
    case 0xcc:
      return view.getUint8(from + 1);
    case 0xcd:
      return view.getUint16(from + 1);
    case 0xce:
      return view.getUint32(from + 1);
    case 0xcf:
      return Number(view.getBigUint64(from + 1));
    case 0xca:
      return view.getFloat32(from + 1);
    case 0xcb:
      return view.getFloat64(from + 1);
    default:
      throw unreadable(from); // negative: neither a sequence nor a time
  }
}
