// PGlite as the socket server sees it: one Postgres session, shared by all clients.
//
// PGLiteSocketServer hands over one protocol message at a time and holds the session for a client only while a
// transaction is open. Between the Parse, Bind and Execute of a statement outside a transaction, another client's Parse
// would replace the unnamed statement. So the session counts as taken until a client's Sync as well:
//
//   client A   Parse  Bind  Execute  Sync │
//   client B                              │  Parse  Bind  Execute  Sync
//
// It also makes the checkpoints that single-user Postgres never makes by itself, without which the write-ahead log grows
// for ever.

import {
  PGlite,
  type ExecProtocolOptionsStream,
  type PGliteOptions,
  type Results,
} from '@electric-sql/pglite';

const letter = (character: string): number => character.charCodeAt(0);

/** The messages after which the client has nothing half-said. 0 opens a start-up message. */
const CLOSING = new Set([0, letter('S'), letter('Q'), letter('X')]);

const SYNC = Uint8Array.of(letter('S'), 0, 0, 0, 4);
const CHECKPOINT = Buffer.from('Q\0\0\0\x0fCHECKPOINT\0', 'latin1');

/** Bytes of statements between two checkpoints. The log takes three to five times as much. */
const BYTES_PER_CHECKPOINT = 48 * 1024 * 1024;

/** The log that is kept for reuse after a checkpoint. */
const START_PARAMETERS = ['-c', 'max_wal_size=256MB', '-c', 'min_wal_size=32MB'];

export class EmbeddedSession extends PGlite {
  readonly #onFailure: (error: Error) => void;
  #isHalfSaid = false;
  #hasFailed = false;
  #bytesSinceCheckpoint = 0;

  /** @param onFailure told once when Postgres itself has failed, as opposed to a statement: the session is then of no use */
  constructor(options: PGliteOptions, onFailure: (error: Error) => void) {
    super({ ...options, startParams: [...PGlite.defaultStartParams, ...START_PARAMETERS] });
    this.#onFailure = onFailure;
  }

  override isInTransaction(): boolean {
    return this.#isHalfSaid || super.isInTransaction();
  }

  override async execProtocolRawStream(
    message: Uint8Array,
    options: ExecProtocolOptionsStream,
  ): Promise<void> {
    const onRawData = (data: Uint8Array): void => {
      if (isLastWord(data)) this.#fail(new Error(textOf(data).replaceAll('\0', ' ')));
      options.onRawData(data);
    };
    try {
      await super.execProtocolRawStream(message, { ...options, onRawData });
      this.#isHalfSaid = !CLOSING.has(message[0]!);
      this.#bytesSinceCheckpoint += message.length;
      if (this.#bytesSinceCheckpoint > BYTES_PER_CHECKPOINT && !this.isInTransaction()) {
        this.#bytesSinceCheckpoint = 0;
        await super.execProtocolRawStream(CHECKPOINT, { onRawData: () => {} });
      }
    } catch (cause) {
      // A wrong statement is answered, not thrown. The socket server would wait for ever after this.
      this.#fail(cause instanceof Error ? cause : new Error(String(cause)));
      throw cause;
    }
  }

  /** The socket server rolls back with this what a vanished client left open. */
  override async exec(query: string): Promise<Results[]> {
    if (this.#isHalfSaid) {
      this.#isHalfSaid = false;
      // After an error in mid-statement Postgres ignores everything up to a Sync.
      await this.execProtocolRaw(SYNC);
    }
    return super.exec(query);
  }

  #fail(error: Error): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#onFailure(error);
  }
}

/** An error after which a Postgres process ends. This one has no process: it would answer with the same for ever. */
const isLastWord = (data: Uint8Array): boolean =>
  data[0] === letter('E') && /\0V(PANIC|FATAL)\0/.test(textOf(data));

const textOf = (data: Uint8Array): string => Buffer.from(data.subarray(5, 400)).toString('utf8');
