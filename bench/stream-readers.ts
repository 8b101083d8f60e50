// Readers of event streams, a process of its own: raw sockets that count what comes and remember the newest stock that each was told.
// Ended by its parent.

import { connect, type Socket } from 'node:net';

export interface OpenStreams {
  readonly kind: 'open';
  readonly port: number;
  readonly path: string;
  readonly count: number;
}

/** Answered with `ReadersReport`. */
export interface AskReaders {
  readonly kind: 'report';
  /** What the newest event of each stream ought to say. */
  readonly available: number;
}

export interface CloseStreams {
  readonly kind: 'close';
}

export interface ReadersReport {
  /** Since the last report. */
  readonly events: number;
  readonly bytes: number;
  readonly cpuMicros: number;
  /** Of some of the streams: ms from the moment that an event tells of until it was read. */
  readonly agesMs: readonly number[];
  /** Streams whose newest event says something else than it ought to. */
  readonly stale: number;
}

interface Reader {
  readonly socket: Socket;
  available: number;
}

const READ_BYTES = 16 * 1024;
/** A machine whose backlog is full loses connections. */
const OPENING_MAX = 100;
/** Of so many streams one tells how old its events are. */
const AGES_OF = 25;
const EVENT_END = Buffer.from('\n\n');
const DATA = Buffer.from('data: ');
const AVAILABLE = Buffer.from('"available":');
const AS_OF = Buffer.from('"asOf":"');
const AS_OF_CHARACTERS = 24;
const DIGIT_0 = 48;
const DIGIT_9 = 57;

const readers: Reader[] = [];
let events = 0;
let bytes = 0;
let agesMs: number[] = [];
let cpuBefore = process.cpuUsage();

process.on('message', (message: OpenStreams | AskReaders | CloseStreams) => {
  if (message.kind === 'open') void open(message).then(() => process.send!('opened'));
  else if (message.kind === 'close') void close().then(() => process.send!('closed'));
  else process.send!(report(message.available));
});
process.once('disconnect', () => process.exit());

async function open({ port, path, count }: OpenStreams): Promise<void> {
  for (let from = 0; from < count; from += OPENING_MAX) {
    const number = Math.min(OPENING_MAX, count - from);
    await Promise.all(
      Array.from({ length: number }, (_, at) => read(port, path, (from + at) % AGES_OF === 0)),
    );
  }
}

/** Resolves with its first event. */
function read(port: number, path: string, tellsAges: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let rest: Buffer | undefined;
    const onRead = (length: number, buffer: Buffer): boolean => {
      bytes += length;
      let text = buffer.subarray(0, length);
      if (rest !== undefined) text = Buffer.concat([rest, text]);
      const end = text.lastIndexOf(EVENT_END);
      const whole = end < 0 ? undefined : text.subarray(0, end);
      const left = text.subarray(end < 0 ? 0 : end);
      rest = left.includes(DATA) || end < 0 ? Buffer.from(left) : undefined;
      if (whole === undefined || !whole.includes(DATA)) return true;
      for (let at = whole.indexOf(DATA); at >= 0; at = whole.indexOf(DATA, at + 1)) events++;
      reader.available = numberAt(whole, whole.lastIndexOf(AVAILABLE) + AVAILABLE.length);
      if (tellsAges) {
        const at = whole.lastIndexOf(AS_OF) + AS_OF.length;
        agesMs.push(Date.now() - Date.parse(whole.toString('latin1', at, at + AS_OF_CHARACTERS)));
      }
      resolve();
      return true;
    };
    const onread = {
      buffer: Buffer.alloc(READ_BYTES),
      callback: onRead as (bytes: number, buffer: Uint8Array) => boolean,
    };
    const socket = connect({ host: '127.0.0.1', port, onread });
    const reader: Reader = { socket, available: Number.NaN };
    readers.push(reader);
    socket.once('error', reject);
    socket.once('close', () => readers.includes(reader) && reject(new Error('a stream ended')));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: doorbuster\r\n\r\n`);
  });
}

function numberAt(text: Buffer, from: number): number {
  let number = 0;
  for (let at = from; text[at]! >= DIGIT_0 && text[at]! <= DIGIT_9; at++)
    number = number * 10 + text[at]! - DIGIT_0;
  return number;
}

function report(available: number): ReadersReport {
  const { user, system } = process.cpuUsage(cpuBefore);
  const stale = readers.filter((reader) => reader.available !== available).length;
  const result = { events, bytes, agesMs, cpuMicros: user + system, stale };
  events = 0;
  bytes = 0;
  agesMs = [];
  cpuBefore = process.cpuUsage();
  return result;
}

async function close(): Promise<void> {
  const closed = readers
    .splice(0)
    .map(({ socket }) => new Promise<void>((resolve) => socket.once('close', () => resolve()).destroy()));
  await Promise.all(closed);
}
