// What every change of the catalogue has in hand, and the form that all of them have: one transaction, with the trail's line.

import type { Pool, PoolClient } from 'pg';
import type { Clock, Random } from '../../runtime/ports.ts';
import type { Editor, Finding, SaveOutcome } from './outcome.ts';
import { inTransaction } from '../transaction.ts';

/** Of the asset library, on the connection of the caller. */
export interface DataFiles {
  /** Keeps an object as a hashed file and tells its name. */
  addDataFile(client: PoolClient, value: object): Promise<string>;
  /** The files of pictures, by the picture's id. */
  filesOf(client: PoolClient, imageIds: readonly string[]): Promise<ReadonlyMap<string, object>>;
}

export interface Desk {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly random: Random;
  readonly files: DataFiles | undefined;
  /** After each transaction, whatever came of it. */
  readonly onChanged: (() => void) | undefined;
}

export interface Change {
  readonly client: PoolClient;
  readonly editor: Editor;
  readonly now: number;
  readonly random: Random;
  readonly files: DataFiles | undefined;
}

export async function changing<T>(
  { pool, clock, random, files, onChanged }: Desk,
  editor: Editor,
  work: (change: Change) => Promise<T>,
): Promise<T> {
  const value = await inTransaction(pool, (client) =>
    work({ client, editor, now: clock.now(), random, files }),
  );
  onChanged?.();
  return value;
}

export const saved = <T>(value: T): SaveOutcome<T> => ({ outcome: 'saved', value });
export const NOT_FOUND = { outcome: 'not_found' } as const;

export const refused = (
  findings: readonly Finding[],
): { outcome: 'refused'; findings: readonly Finding[] } => ({
  outcome: 'refused',
  findings,
});

export const refusedFor = (
  field: string,
  message: string,
  productId?: string,
): { outcome: 'refused'; findings: readonly Finding[] } =>
  refused([{ productId, field, message, severity: 'error' }]);

export const isError = ({ severity }: Finding): boolean => severity === 'error';
