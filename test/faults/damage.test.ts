// A journal whose files were damaged after they were synced: bits turned, sectors emptied, ends cut off, anywhere in the
// file, its write-ahead log or its mark. Every shard either comes to the very state that was acknowledged or is refused by
// name. None is ever shorter and sells on.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digest, InvariantViolation } from '../../src/actors/index.ts';
import { claim } from '../../src/runtime/claim.ts';
import {
  JournalDamaged,
  JournalMismatch,
  JournalUnavailable,
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
  type ShardState,
} from '../../src/runtime/index.ts';
import { SqliteStore } from '../../src/runtime/sqlite/store.ts';
import { ScriptedJournal } from '../persistence/scripted-journal.ts';
import { Dice } from '../simulation/world.ts';
import { readImage, writeImage, type Image } from './disk/disk.ts';
import { StoreJournal } from './disk/store-journal.ts';

const SEED = Number(process.env['DAMAGE_SEED'] ?? 20_261_124);
const SHARDS = 4;
const ROUNDS = 24;
const CASES = Number(process.env['DAMAGE_CASES'] ?? 30);
/** An owner that finds the journal unavailable so often would find it so for ever. */
const TRIES_MAX = 4;
const SECTOR_BYTES = 512;
const JOURNAL = 'journal.sqlite';
const ROOT = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'doorbuster-damage-'));

afterAll(() => rmSync(ROOT, { recursive: true }));

interface Left {
  readonly name: string;
  /** Pages of the log before it is moved into the file. */
  readonly checkpointPages: number;
  readonly isClosed: boolean;
}

/** How a node left its folder. */
const LEFT: readonly Left[] = [
  { name: 'killed, with all records in the log', checkpointPages: 1_000, isClosed: false },
  { name: 'killed, with the log moved into the file and begun anew', checkpointPages: 30, isClosed: false },
  { name: 'killed at the moment in which the log was moved', checkpointPages: 1, isClosed: false },
  { name: 'stopped, with all records in the file', checkpointPages: 1_000, isClosed: true },
];

type Damage = (bytes: Buffer, dice: Dice) => Buffer;

const DAMAGES: Readonly<Record<string, Damage>> = {
  'a bit turned': (bytes, dice) => {
    bytes[dice.below(bytes.length)]! ^= 1 << dice.below(8);
    return bytes;
  },
  'a sector emptied': (bytes, dice) => {
    const at = dice.below(bytes.length / SECTOR_BYTES) * SECTOR_BYTES;
    return bytes.fill(0, at, Math.min(at + SECTOR_BYTES, bytes.length));
  },
  'its end cut off': (bytes, dice) => bytes.subarray(0, dice.below(bytes.length)),
};

const scripted = sale();
const expected = Map.groupBy(scripted.products.values(), ({ id }) => shardOf(id));

function shardOf(productId: string): number {
  return Number(productId.at(-1)) % SHARDS;
}

function sale(): ScriptedJournal {
  const journal = new ScriptedJournal(shardOf);
  for (let shard = 0; shard < SHARDS; shard++) {
    journal.append(shard);
    journal.configure(`product-${shard}`);
    journal.loadStock(`product-${shard}`, 1_000);
    journal.append(shard);
  }
  for (let round = 0; round < ROUNDS; round++) {
    const shard = (round * 3) % SHARDS;
    for (let customer = 0; customer < 1 + ((round * 7) % 40); customer++) {
      journal.reserve(`product-${shard}`, `customer ${customer}`, `round ${round}`);
    }
    journal.append(shard);
  }
  return journal;
}

function leave({ checkpointPages, isClosed }: Left): Image {
  const folder = join(ROOT, 'left');
  writeImage(folder, new Map());
  const store = new SqliteStore(join(folder, JOURNAL), {
    shards: SHARDS,
    bytesMax: 2 ** 30,
    checkpointPages,
  });
  for (const { shard, bytes } of scripted.records)
    store.commit([{ shard, bytes, expected: store.headOf(shard) }]);
  const killed = readImage(folder);
  store.close();
  const image = new Map(isClosed ? readImage(folder) : killed);
  image.delete(`${JOURNAL}-shm`);
  return image;
}

/** What became of a journal: how many shards are whole, and how many are refused by name. */
interface Fate {
  whole: number;
  refused: number;
}

async function fateOf(image: Image): Promise<Fate> {
  const folder = join(ROOT, 'damaged');
  writeImage(folder, image);
  let store: SqliteStore;
  try {
    store = new SqliteStore(join(folder, JOURNAL), { shards: SHARDS, bytesMax: 2 ** 30 });
  } catch (error) {
    if (!(error instanceof JournalMismatch)) throw error;
    expect(error.message).toMatch(/journal/);
    return { whole: 0, refused: SHARDS };
  }
  try {
    const fate = { whole: 0, refused: 0 };
    const journal = new StoreJournal(store);
    const open = new Set<number>();
    for (let shard = 0; shard < SHARDS; shard++) {
      const state = await claimed(shard, journal);
      if (state === undefined) fate.refused++;
      else {
        fate.whole++;
        open.add(shard);
        assertWhole(state);
      }
    }
    // What the claims wrote into a damaged file spoiled nothing unnoticed.
    for (const shard of open) {
      const state = await claimed(shard, journal);
      if (state !== undefined) assertWhole(state);
    }
    return fate;
  } finally {
    store.close();
  }
}

/** @returns undefined when it is refused by name */
async function claimed(shard: number, journal: StoreJournal): Promise<ShardState | undefined> {
  for (let tries = 0; ; tries++) {
    try {
      const state = await claim(
        shard,
        0,
        { journal, clock, random, timers },
        undefined,
        undefined,
        () => undefined,
      );
      if (state === undefined) throw new Error(`somebody else claimed shard ${shard}`);
      return state;
    } catch (error) {
      if (error instanceof JournalDamaged || error instanceof InvariantViolation) {
        expect(error.message).toMatch(new RegExp(`shard ${shard}\\b`));
        return undefined;
      }
      if (!(error instanceof JournalUnavailable) || tries === TRIES_MAX) throw error;
    }
  }
}

function assertWhole({ shard, products }: ShardState): void {
  const found = [...products.values()].map(digest);
  if (found.join() === expected.get(shard)!.map(digest).join()) return;
  throw new Error(`shard ${shard} was opened, and is not what was acknowledged`);
}

describe.each(LEFT)('a journal $name', (left) => {
  let image: Image;
  beforeAll(() => {
    image = leave(left);
  });

  test('is whole without damage', async () => {
    expect(await fateOf(image)).toEqual({ whole: SHARDS, refused: 0 });
  });

  for (const [what, damage] of Object.entries(DAMAGES)) {
    test(`${what}, anywhere: all that was acknowledged, or refused by name`, async () => {
      const dice = new Dice(SEED);
      let refused = 0;
      let cases = 0;
      for (const [name, bytes] of image) {
        for (let number = 0; number < CASES; number++) {
          const damaged = new Map(image).set(name, damage(Buffer.from(bytes), dice));
          cases++;
          try {
            refused += (await fateOf(damaged)).refused;
          } catch (error) {
            const which = `case ${number} of ${name}, seed ${SEED}`;
            throw new Error(`${which}: ${(error as Error).message}`, { cause: error });
          }
        }
      }
      process.stdout.write(
        `${left.name}: ${what}: ${cases} cases, ${refused} of ${cases * SHARDS} shards refused\n`,
      );
      expect(refused).toBeGreaterThan(0);
    });
  }
});
