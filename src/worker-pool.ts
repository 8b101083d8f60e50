// The worker threads of a node: made together, joined to each other and to the journal, asked, and ended.

import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import type { Config } from './config.ts';
import type { NodeBoard } from './runtime/index.ts';
import {
  threadFile,
  ThreadLink,
  type Handlers,
  type ShardStatus,
  type SqliteJournalHost,
} from './runtime/index.ts';
import type { LiveShard, ServeRequest, WorkerData, WorkerFigures } from './worker.ts';

interface Thread {
  readonly worker: Worker;
  readonly link: ThreadLink;
}

export class WorkerPool {
  readonly #threads: readonly Thread[];
  /** Resolves when a thread ended without being asked to. */
  readonly died: Promise<Error>;
  #stopping = false;

  constructor(config: Config, board: NodeBoard, journal: SqliteJournalHost, handlers: Handlers) {
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.died = promise;
    const peers = meshOf(config.workers);
    this.#threads = peers.map((ports, number) => {
      const journalPort = journal.connect();
      const workerData: WorkerData = {
        config,
        worker: number,
        board: board.shared,
        journal: journalPort,
        peers: ports,
      };
      const worker = new Worker(threadFile('./worker', import.meta.url), {
        workerData,
        transferList: [journalPort, ...ports.values()],
        name: `worker-${number}`,
      });
      const link = new ThreadLink(worker, handlers);
      worker.once('error', (error) => resolve(error instanceof Error ? error : new Error(String(error))));
      worker.once('exit', (code) => {
        const error = new Error(`worker ${number} ended with code ${code}`);
        link.fail(error);
        if (!this.#stopping) resolve(error);
      });
      return { worker, link };
    });
  }

  async open(): Promise<ShardStatus[]> {
    return (await this.#askAll<ShardStatus[]>('open')).flat();
  }

  /** @returns the port on which all of them listen */
  async serve(request: ServeRequest): Promise<number> {
    const [first, ...others] = this.#threads;
    const port = await first!.link.ask<number>('serve', request);
    if (request.reusePort) {
      await Promise.all(
        others.map(({ link }) => link.ask('serve', { ...request, port } satisfies ServeRequest)),
      );
    }
    return port;
  }

  figures(): Promise<WorkerFigures[]> {
    return this.#askAll<WorkerFigures>('figures');
  }

  async live(): Promise<LiveShard[]> {
    return (await this.#askAll<LiveShard[]>('live')).flat();
  }

  /** Requests finish, then mailboxes drain. */
  async stop(): Promise<void> {
    await this.#askAll('stopServing');
    await this.#askAll('drain');
    await this.terminate();
  }

  async terminate(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #askAll<T>(name: string): Promise<T[]> {
    return Promise.all(this.#threads.map(({ link }) => link.ask<T>(name)));
  }
}

/** A port between every two workers. */
function meshOf(workers: number): Map<number, MessagePort>[] {
  const mesh = Array.from({ length: workers }, () => new Map<number, MessagePort>());
  for (let one = 0; one < workers; one++) {
    for (let other = one + 1; other < workers; other++) {
      const { port1, port2 } = new MessageChannel();
      mesh[one]!.set(other, port1);
      mesh[other]!.set(one, port2);
    }
  }
  return mesh;
}
