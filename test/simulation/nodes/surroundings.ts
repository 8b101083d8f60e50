// What the parts of a simulated node see of each other and of the world around them.

import type { Address, Message, SnapshotName } from '../../../src/runtime/ports.ts';
import type { World } from '../world.ts';
import type { Bucket } from './bucket.ts';
import type { Life, MachineClock } from './life.ts';
import type { Network, SharedLog } from './servers.ts';

export interface Host {
  readonly name: string;
  readonly workers: number;
  readonly clock: MachineClock;
}

/** A process, as its threads and others see it. */
export interface Hosted {
  readonly machine: Host;
  readonly life: Life;
  readonly member: number;
  readonly board: { leaseUntil: number; revision: number };
  readonly table: readonly Address[];
  readonly since: readonly number[];
  /** Those whose giver has not stopped are left alone by a thread that takes a dead one's place. */
  readonly exceptWhenReplaced: readonly number[];
  tellRestarted(address: Address): void;
}

export interface Surroundings {
  readonly world: World;
  readonly log: SharedLog;
  readonly network: Network;
  readonly bucket: Bucket;
  readonly snapshots: Map<SnapshotName, Uint8Array>;
  readonly counts: {
    declaredDead: number;
    clocksOff: number;
    fetched: number;
    waiting: number;
    failedFetches: number;
  };
  /** A lease, a table, an owner or a shard's phase changed. */
  isTouched: boolean;
  /** Tells a person what happens; by hand. */
  trace(what: string): void;
  carry(from: Hosted, to: Address, message: Message): void;
  /** @throws when there is no answer in time, or a failure */
  call(from: Hosted, member: number, name: string, value: unknown, withinMs: number): Promise<void>;
  tellAll(from: Hosted, name: string, value: unknown): void;
}
