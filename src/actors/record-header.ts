// The head of a journal record, read without its events: for whoever only has to know where a record belongs and whose it
// is.
//
// It reads the first seven elements of the MessagePack array that record.ts describes. That format never changes; a record
// of another version is refused here as there.

import { KEY_BYTES } from './key.ts';
import { RECORD_VERSION, type RecordHeader } from './record.ts';

const ELEMENTS = 0x98; // an array of eight
const BYTES = 0xc4; // up to 255 of them; their number follows

/** @throws when the bytes are not a record of a known version */
export function decodeRecordHeader(bytes: Uint8Array): RecordHeader {
  if (bytes[0] !== RECORD_VERSION || bytes[1] !== ELEMENTS) {
    throw new Error(`record version ${bytes[0]} is unknown; this is version ${RECORD_VERSION}`);
  }
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 2;
  const next = (): number => {
    const from = at;
    at += sizeAt(view, from);
    return numberAt(view, from);
  };
  const shard = next();
  const epoch = next();
  if (view.readUInt8(at) !== BYTES || view.readUInt8(at + 1) !== KEY_BYTES) throw unreadable(at);
  const owner = view.toString('latin1', at + 2, at + 2 + KEY_BYTES);
  at += 2 + KEY_BYTES;
  return { shard, epoch, owner, number: next(), previous: next(), revision: next(), at: next() };
}

const unreadable = (from: number): Error => new Error(`the record's head is not readable at byte ${from}`);

/** The bytes that the number takes, its type included. */
function sizeAt(view: Buffer, from: number): number {
  const type = view.readUInt8(from);
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

function numberAt(view: Buffer, from: number): number {
  const type = view.readUInt8(from);
  if (type < 0x80) return type;
  switch (type) {
    case 0xcc:
      return view.readUInt8(from + 1);
    case 0xcd:
      return view.readUInt16BE(from + 1);
    case 0xce:
      return view.readUInt32BE(from + 1);
    case 0xcf:
      return Number(view.readBigUInt64BE(from + 1));
    case 0xca:
      return view.readFloatBE(from + 1);
    case 0xcb:
      return view.readDoubleBE(from + 1);
    default:
      throw unreadable(from); // negative: neither a sequence nor a time
  }
}
