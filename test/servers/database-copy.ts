// A copy of the folder of a Postgres that was stopped in order, for a fraction of what copying every byte takes. The copy is there
// to be written to; the original stays as it is, on the same disk, for as long as there are copies.

import {
  closeSync,
  copyFileSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/** The databases that new ones are made of, by their fixed numbers. No client enters them, so no server writes there. */
const UNTOUCHED = new Set(['base/1', 'base/4']);
/** Little of the write-ahead log is used. The rest are zeros, which need no place on a disk. */
const LOG = 'pg_wal';
const PIECE_BYTES = 64 * 1024;
const ZEROS = Buffer.alloc(PIECE_BYTES);

/** @param inside where `from` is, seen from the folder of the whole */
export function copyDatabase(from: string, to: string, inside = ''): void {
  mkdirSync(to, { mode: 0o700 });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyDatabase(source, target, join(inside, entry.name));
    else if (UNTOUCHED.has(inside)) linkSync(source, target);
    else if (inside === LOG) copyWithoutZeros(source, target);
    else copyFileSync(source, target);
  }
}

function copyWithoutZeros(source: string, target: string): void {
  const [from, to] = [openSync(source, 'r'), openSync(target, 'wx', 0o600)];
  try {
    const piece = Buffer.alloc(PIECE_BYTES);
    let at = 0;
    for (let read = 0; (read = readSync(from, piece, 0, PIECE_BYTES, at)) > 0; at += read) {
      const filled = piece.subarray(0, read);
      if (!filled.equals(ZEROS.subarray(0, read))) writeSync(to, filled, 0, read, at);
    }
    ftruncateSync(to, at);
  } finally {
    closeSync(from);
    closeSync(to);
  }
}
