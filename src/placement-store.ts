// The node's placement document: the operators' file as it was last applied, with a revision that counts its changes. It
// appears whole or not at all, whenever the machine dies.

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';

const OWNER_ONLY = 0o600;

const Document = z.object({ revision: z.int().min(1), appliedAt: z.int(), file: z.string() });

export interface PlacementDocument {
  /** 0 when none was ever applied. */
  readonly revision: number;
  /** Epoch milliseconds. */
  readonly appliedAt: number | null;
  /** As the operator wrote it. */
  readonly file: string | null;
}

const NONE: PlacementDocument = { revision: 0, appliedAt: null, file: null };

export class PlacementStore {
  readonly #path: string;
  #document: PlacementDocument;

  /** @throws when there is one that cannot be read */
  constructor(path: string) {
    this.#path = path;
    this.#document = read(path);
  }

  get document(): PlacementDocument {
    return this.#document;
  }

  /** Durable when it returns. */
  save(document: PlacementDocument): void {
    const writing = `${this.#path}.writing`;
    writeFileSync(writing, JSON.stringify(document), { mode: OWNER_ONLY, flush: true });
    renameSync(writing, this.#path);
    const folder = openSync(dirname(this.#path), 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
    this.#document = document;
  }
}

function read(path: string): PlacementDocument {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NONE;
    throw error;
  }
  const parsed = Document.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new Error(
    `${path} is no placement document. Remove it to have the shards dealt out evenly, then apply the file again ` +
      '(npx doorbuster reshard apply FILE).',
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
