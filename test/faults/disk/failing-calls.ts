// Calls of a running node's journal thread fail, as on a disk that is full or breaks: strace answers them in the kernel's
// place. Ended by `end`; until then every matching call fails.

import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../harness/engine.ts';
import { temporaryFolder } from '../../harness/engine.ts';
import { waitUntil } from '../../harness/wait-until.ts';

export interface CallFault {
  readonly call: 'pwrite64' | 'fsync' | 'fdatasync';
  /** Of the file that it touches, in the data folder. */
  readonly file: 'journal.sqlite' | 'journal.sqlite-wal' | 'journal.mark';
  readonly error: 'EIO' | 'ENOSPC';
  /** Which of the calls fail, in strace's words: `1+` for all, `2+3` for the second and every third after it. */
  readonly when: string;
}

export class FailingCalls {
  readonly #tracer: ChildProcess;
  readonly #folder: string;
  #output = '';

  private constructor(tracer: ChildProcess, folder: string) {
    this.#tracer = tracer;
    this.#folder = folder;
    tracer.stderr!.on('data', (text: Buffer) => (this.#output += text.toString()));
  }

  /** Resolves when they fail from now on. */
  static async begin(engine: Engine, { call, file, error, when }: CallFault): Promise<FailingCalls> {
    const folder = temporaryFolder();
    const thread = journalThreadOf(engine.pid);
    const inject = `inject=${call}:error=${error}:when=${when}`;
    const args = ['-p', thread, '-P', join(engine.dataDir, file), '-e', `trace=${call}`, '-e', inject];
    const tracer = spawn('strace', ['-o', join(folder, 'calls'), ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const calls = new FailingCalls(tracer, folder);
    await waitUntil(
      'strace is attached',
      () => calls.#output.includes('attached'),
      () => calls.#output,
    );
    return calls;
  }

  /** The calls that failed so far. */
  get failed(): number {
    return readFileSync(join(this.#folder, 'calls'), 'utf8').split('(INJECTED)').length - 1;
  }

  /** Everything goes well again. @returns the calls that failed */
  async end(): Promise<number> {
    this.#tracer.kill('SIGINT');
    await waitUntil(
      'strace has let go',
      () => this.#tracer.exitCode !== null || this.#tracer.signalCode !== null,
    );
    const { failed } = this;
    rmSync(this.#folder, { recursive: true });
    return failed;
  }
}

function journalThreadOf(pid: number): string {
  const tasks = `/proc/${pid}/task`;
  const thread = readdirSync(tasks).find(
    (task) => readFileSync(`${tasks}/${task}/comm`, 'utf8') === 'journal\n',
  );
  if (thread === undefined) throw new Error(`process ${pid} has no thread of the name "journal"`);
  return thread;
}
