// The task of a projection worker: decodes a batch of records and brings it into Postgres, away from the threads that
// answer shoppers.
//
// The pool of threads must be made with `atomics: 'disabled'`: otherwise a thread sleeps between two tasks and with it
// the socket that it holds. The client lives as long as the thread.

import { workerData } from 'node:worker_threads';
import { openPool, type PostgresConnection } from './connection.ts';
import { Projection, type Projected } from './projection.ts';
import { unpackRecords, type RecordBatch } from './record-batch.ts';

export interface ProjectionWorkerData {
  readonly connection: PostgresConnection;
}

export interface ProjectionTask {
  readonly records: RecordBatch;
}

/** Errors lose their type on the way between threads, so that a failure is a value here. */
export type ProjectionOutcome =
  | ({ readonly kind: 'projected' } & Projected)
  /** `refused`: at least one of the records; trying again does not help. `unavailable`: it can. */
  | { readonly kind: 'refused' | 'unavailable'; readonly cause: string };

const REFUSALS = new Set(['ProjectionDiverged', 'RecordRefused']);

const { connection } = workerData as ProjectionWorkerData;
const projection = new Projection(openPool(connection, 1, 'doorbuster projection'));

export default async function project({ records }: ProjectionTask): Promise<ProjectionOutcome> {
  try {
    return { kind: 'projected', ...(await projection.apply(unpackRecords(records))) };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { kind: REFUSALS.has(name) ? 'refused' : 'unavailable', cause: message };
  }
}
