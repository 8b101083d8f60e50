// Where a thread hands pictures in: one after the other, each in a process of its own. Whatever a picture does to that process,
// this thread goes on and says in bounded time what became of it. Its owner stops it.

import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { threadFile } from '../../runtime/index.ts';
import type { PictureRefused } from './image.ts';
import { decodePictureAnswer, type PictureOutcome } from './picture-answer.ts';
import { PICTURE_LIMITS, type PictureLimits } from './picture-limits.ts';
import { pictureType } from './picture-type.ts';

/** What is kept of what it says of its troubles. */
const TROUBLE_CHARACTERS_MAX = 2_000;
const HEAP_MEBIBYTES_MAX = 128;

export class PictureDesk {
  readonly #limits: PictureLimits;
  readonly #file: string;
  readonly #onTrouble: (what: string) => void;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** Of the picture in work, too. */
  #waitingBytes = 0;
  #child: ChildProcess | undefined;
  #hasStopped = false;

  /**
   * @param onTrouble a process ended otherwise than with an answer, for the log
   * @param file the process's code
   */
  constructor(
    onTrouble: (what: string) => void,
    limits: PictureLimits = PICTURE_LIMITS,
    file: URL = threadFile('./picture-process', import.meta.url),
  ) {
    this.#onTrouble = onTrouble;
    this.#limits = limits;
    this.#file = fileURLToPath(file);
  }

  async make(bytes: Uint8Array): Promise<PictureOutcome> {
    const { bytesMax, waitingMax, waitingBytesMax } = this.#limits;
    if (bytes.byteLength > bytesMax)
      return refused(
        `This file has ${mebibytes(bytes.byteLength)} MiB. A picture may have at most ${mebibytes(bytesMax)}: save it smaller, or as JPEG.`,
      );
    const found = pictureType(bytes);
    if ('reason' in found) return refused(found.reason);
    const waitingBytes = this.#waitingBytes + bytes.byteLength;
    if (this.#waiting > waitingMax || (this.#waiting > 0 && waitingBytes > waitingBytesMax))
      return refused('Many pictures are being worked on just now. Try again in a minute.', true);
    this.#waiting++;
    this.#waitingBytes = waitingBytes;
    const made = this.#turn.then(() => this.#work(bytes));
    this.#turn = made;
    return made.finally(() => {
      this.#waiting--;
      this.#waitingBytes -= bytes.byteLength;
    });
  }

  /** The picture in work is given up, and so are those that wait. */
  async stop(): Promise<void> {
    this.#hasStopped = true;
    this.#child?.kill('SIGKILL');
    await this.#turn;
  }

  /** Never throws. */
  async #work(bytes: Uint8Array): Promise<PictureOutcome> {
    if (this.#hasStopped) return refused('This node is being stopped. Try again in a minute.', true);
    const child = (this.#child = this.#spawn());
    const { workMs, outputBytesMax } = this.#limits;
    const pieces: Buffer[] = [];
    let length = 0;
    let trouble = '';
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, workMs);
    child.stdout!.on('data', (piece: Buffer) => {
      length += piece.byteLength;
      if (length > outputBytesMax) child.kill('SIGKILL');
      else pieces.push(piece);
    });
    child.stderr!.on('data', (piece: Buffer) => {
      trouble = (trouble + piece.toString()).slice(-TROUBLE_CHARACTERS_MAX);
    });
    const ended = new Promise<string | undefined>((resolve) => {
      child.once('error', (error) => resolve(`could not be started: ${error.message}`));
      child.once('close', (code, signal) =>
        resolve(code === 0 ? undefined : `ended with ${signal ?? `code ${code}`}`),
      );
    });
    // It may be gone before it has read everything.
    child.stdin!.on('error', () => undefined);
    child.stdin!.end(bytes);
    const end = await ended;
    clearTimeout(timer);
    this.#child = undefined;
    if (end === undefined) {
      try {
        return decodePictureAnswer(Buffer.concat(pieces));
      } catch (error) {
        trouble = `said no answer: ${(error as Error).message}`;
      }
    }
    if (this.#hasStopped) return refused('This node is being stopped. Try again in a minute.', true);
    this.#onTrouble(
      `the process of a picture ${isLate ? `was ended after ${workMs} ms` : (end ?? '')} ${trouble}`.trim(),
    );
    return isLate
      ? refused(
          `This picture was not ready within ${workMs / 1_000} seconds. Try again later, or save it smaller.`,
          true,
        )
      : refused(
          'This picture could not be worked on: it needs too much memory, or is damaged in an unusual way. Open it in a program for ' +
            'pictures, save it as JPEG or PNG, and upload that.',
        );
  }

  #spawn(): ChildProcess {
    const { memoryKibibytesMax } = this.#limits;
    const command = [
      process.execPath,
      `--max-old-space-size=${HEAP_MEBIBYTES_MAX}`,
      this.#file,
      JSON.stringify(this.#limits),
      String(process.pid),
    ];
    // The shell becomes that process. What it takes for itself is bounded; where the system knows no such bound, time and pixels are.
    const bounded = [
      '/bin/sh',
      '-c',
      `ulimit -d ${memoryKibibytesMax} 2>/dev/null; exec "$@"`,
      'sh',
      ...command,
    ];
    const [file, ...args] = process.platform === 'win32' ? command : bounded;
    // No variable of the environment: secrets stand there.
    return spawn(file!, args, { env: {}, stdio: ['pipe', 'pipe', 'pipe'] });
  }
}

const refused = (reason: string, canRetry = false): PictureRefused => ({
  outcome: 'refused',
  reason,
  canRetry,
});

const mebibytes = (bytes: number): string =>
  (bytes / 1024 / 1024).toLocaleString('en-US', { maximumFractionDigits: 1 });
