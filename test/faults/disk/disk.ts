// A folder on a disk that keeps what was synced, and of the rest whatever it likes: some writes, in any order, some of them
// torn; names in order, up to some point.

import { readdirSync, readFileSync, rmSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Dice } from '../../simulation/world.ts';
import type { FileOperation } from './operations.ts';

const SECTOR_BYTES = 512;

type Change =
  | { readonly kind: 'write'; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly size: number };

class File {
  content: Buffer;
  durable: Buffer;
  /** Since the last sync. */
  changes: Change[] = [];

  constructor(content: Buffer = Buffer.alloc(0)) {
    this.content = content;
    this.durable = content;
  }

  change(change: Change): void {
    this.content = changed(this.content, change);
    this.changes.push(change);
  }

  sync(): void {
    this.durable = this.content;
    this.changes = [];
  }
}

/** What a machine that died leaves: each file by its name. */
export type Image = ReadonlyMap<string, Buffer>;

export class Disk {
  #names: Map<string, File>;
  #durableNames: Map<string, File>;
  /** Since the last sync of the folder. */
  #nameStates: Map<string, File>[] = [];

  constructor(image: Image) {
    this.#names = new Map([...image].map(([name, content]) => [name, new File(content)]));
    this.#durableNames = new Map(this.#names);
  }

  apply(operation: FileOperation): void {
    switch (operation.kind) {
      case 'create':
        if (this.#names.has(operation.name)) return;
        return this.#rename((names) => names.set(operation.name, new File()));
      case 'unlink':
        return this.#rename((names) => names.delete(operation.name));
      case 'rename':
        return this.#rename((names) => {
          names.set(operation.to, this.#file(operation.name));
          names.delete(operation.name);
        });
      case 'syncFolder':
        this.#durableNames = new Map(this.#names);
        this.#nameStates = [];
        return;
      case 'sync':
        return this.#file(operation.name).sync();
      case 'write':
      case 'truncate':
        return this.#file(operation.name).change(operation);
    }
  }

  /** A process that was killed: the system has everything that it wrote. */
  whole(): Image {
    return new Map([...this.#names].map(([name, { content }]) => [name, content]));
  }

  /** A machine that lost its power, at the worst: nothing but what was synced. */
  synced(): Image {
    return new Map([...this.#durableNames].map(([name, { durable }]) => [name, durable]));
  }

  /** A machine that lost its power: what was synced, and some of the rest. */
  some(dice: Dice): Image {
    const states = [this.#durableNames, ...this.#nameStates];
    const names = states[dice.below(states.length)]!;
    return new Map([...names].map(([name, file]) => [name, someOf(file, dice)]));
  }

  #rename(change: (names: Map<string, File>) => void): void {
    change(this.#names);
    this.#nameStates.push(new Map(this.#names));
  }

  #file(name: string): File {
    const file = this.#names.get(name);
    if (file === undefined) throw new Error(`${name} is not there`);
    return file;
  }
}

export function readImage(folder: string): Image {
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}

/** The folder is this image and nothing else. */
export function writeImage(folder: string, image: Image): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, content] of image) writeFileSync(join(folder, name), content);
}

function someOf({ durable, changes }: File, dice: Dice): Buffer {
  const kept = dice.next();
  let content = durable;
  for (const change of changes) {
    if (!dice.chance(kept)) continue;
    const pieces = change.kind === 'write' && dice.chance(0.3) ? torn(change, dice) : [change];
    for (const piece of pieces) content = changed(content, piece);
  }
  return content;
}

/** Some sectors of it. */
function torn({ at, bytes }: Change & { kind: 'write' }, dice: Dice): Change[] {
  const pieces: Change[] = [];
  for (let from = 0; from < bytes.length;) {
    const to = Math.min(bytes.length, from + SECTOR_BYTES - ((at + from) % SECTOR_BYTES));
    if (dice.chance(0.5)) pieces.push({ kind: 'write', at: at + from, bytes: bytes.subarray(from, to) });
    from = to;
  }
  return pieces;
}

function changed(content: Buffer, change: Change): Buffer {
  const end =
    change.kind === 'write' ? Math.max(content.length, change.at + change.bytes.length) : change.size;
  const next = Buffer.alloc(end);
  content.copy(next, 0, 0, Math.min(content.length, end));
  if (change.kind === 'write') change.bytes.copy(next, change.at);
  return next;
}
