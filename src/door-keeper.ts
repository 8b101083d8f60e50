// Keeps what a node knows of campaigns' doors: reads it from Postgres on the main thread, once for all its worker threads, and tells
// them each change, in order. Whoever made it starts it before HTTP is served, and stops it before its pool ends.
//
//   a second went by, or somebody saved ──▶ marks of all doors ──▶ those that are another now ──▶ told
//                                                                 └─▶ its list is loaded first ─┘
//
// While Postgres is away, what was told last counts. A door that is known to be another now, and whose list cannot be had, is taken
// away until it can: nobody enters on the word of what is known to be over.

import type { Logger } from 'pino';
import type {
  BareDoor,
  CustomerKeys,
  CustomerLists,
  Door,
  DoorReads,
  DoorsTold,
  Whereabouts,
} from './persistence/index.ts';
import type { Clock, Timers } from './runtime/index.ts';
import { SeldomLog } from './seldom-log.ts';
import { messageOf } from './start-error.ts';

export interface DoorKeeperPorts {
  readonly reads: Pick<DoorReads, 'marks' | 'doors' | 'campaignOf'>;
  readonly lists: Pick<CustomerLists, 'load'>;
  /** Hears each change, in order. */
  readonly tell: (told: DoorsTold) => void;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Pick<Logger, 'warn'>;
}

export const DOOR_KEEPER_LIMITS = {
  /** Of the campaigns that a node knows; those that end last stay. */
  doorsMax: 1_000,
  /** Behind its end a campaign is shown for so long. */
  keptAfterEndMs: 30 * 24 * 60 * 60 * 1_000,
  periodMs: 1_000,
  /** A look rests for so many times as long as it took, so that many campaigns do not keep Postgres busy. */
  restsPerLook: 10,
  /** How long a door stays as it was while the list that is in force by now is loaded. */
  listMsMax: 2_000,
  /** Of all lists that a node keeps. */
  listBytesMax: 1024 * 1024 * 1024,
  /** How long the start waits for lists. */
  startMsMax: 10_000,
  /** Products in no campaign that the node remembers. */
  outsideMax: 100_000,
} as const;

/** What the threads have been told of a campaign. */
interface Told {
  readonly door: Door;
  readonly listId: string | undefined;
}

/** A list that is on its way, or that could not be had. */
interface Wanted {
  readonly listId: string;
  readonly cancel: () => void;
}

export class DoorKeeper {
  readonly #ports: DoorKeeperPorts;
  readonly #told = new Map<string, Told>();
  readonly #campaignOf = new Map<string, string>();
  /** By campaign: of doors that are another by now than what was told, if anything was. */
  readonly #wanted = new Map<string, Wanted>();
  readonly #lists = new Map<string, CustomerKeys>();
  readonly #loading = new Map<string, Promise<void>>();
  /** The oldest is forgotten first. */
  readonly #outside = new Set<string>();
  readonly #unreadable: SeldomLog;
  /** A look that has not begun, for all who want one. */
  #next: Promise<void> | undefined;
  #running: Promise<void> = Promise.resolve();
  #hasLooked = false;
  #cancel = (): void => undefined;
  #isStopped = false;
  #isAway = false;

  constructor(ports: DoorKeeperPorts) {
    this.#ports = ports;
    this.#unreadable = new SeldomLog(ports.clock, (list, times) =>
      ports.logger.warn({ list, times }, 'a list of customers cannot be read: nobody enters by it'),
    );
  }

  /** Resolves when doors and lists are known, or when that takes too long: then the looks go on. */
  async start(): Promise<void> {
    const { timers } = this.#ports;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = timers.after(DOOR_KEEPER_LIMITS.startMsMax, resolve);
    await Promise.race([this.#lookUntilKnown(), late]);
    cancel();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    for (const { cancel } of this.#wanted.values()) cancel();
    await Promise.allSettled([this.#running, this.#next, ...this.#loading.values()]);
  }

  /** For a thread that has heard nothing yet. */
  whole(): DoorsTold {
    const doors = [...this.#told.values()].map(({ door }) => door);
    return { isWhole: true, doors, gone: [], isComplete: this.#isComplete };
  }

  /** Reads what is there from now on; however many ask meanwhile, it is done once. @throws when Postgres cannot be asked */
  look(): Promise<void> {
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#running = this.#look();
        this.#next = undefined;
        return this.#running;
      });
    return this.#next;
  }

  /** Threads hear of its door before they hear this. @throws when nobody can say */
  async whereIs(productId: string): Promise<Whereabouts> {
    if (this.#campaignOf.has(productId)) return 'behind_door';
    if (this.#outside.has(productId)) return 'outside';
    const campaignId = await this.#ports.reads.campaignOf(productId);
    if (campaignId === undefined) {
      this.#remember(productId);
      return 'outside';
    }
    await this.look();
    const wanted = this.#wanted.get(campaignId);
    // Whoever is among the first waits for the list, as long as their thread waits for this.
    if (wanted !== undefined) await this.#loading.get(wanted.listId);
    if (this.#campaignOf.has(productId)) return 'behind_door';
    if (this.#wanted.has(campaignId)) throw new Error('who may enter this campaign cannot be read just now');
    return 'closed';
  }

  get #isComplete(): boolean {
    return this.#hasLooked && [...this.#wanted.keys()].every((campaignId) => this.#told.has(campaignId));
  }

  async #lookUntilKnown(): Promise<void> {
    await this.#lookAgain();
    while (this.#loading.size > 0) await Promise.all(this.#loading.values());
  }

  async #lookAgain(): Promise<void> {
    const { clock, timers, logger } = this.#ports;
    const began = clock.monotonic();
    try {
      await this.look();
      this.#isAway = false;
    } catch (error) {
      if (!this.#isAway && !this.#isStopped)
        logger.warn({ err: error }, 'who may enter campaigns cannot be read: what was known last counts');
      this.#isAway = true;
    }
    if (this.#isStopped) return;
    const { periodMs, restsPerLook } = DOOR_KEEPER_LIMITS;
    const restMs = Math.max(periodMs, (clock.monotonic() - began) * restsPerLook);
    this.#cancel = timers.after(restMs, () => void this.#lookAgain());
  }

  async #look(): Promise<void> {
    const { reads, clock } = this.#ports;
    const { doorsMax, keptAfterEndMs } = DOOR_KEEPER_LIMITS;
    const marks = await reads.marks(clock.now() - keptAfterEndMs, doorsMax);
    const others = marks.filter(({ campaignId, stamp, listId }) => {
      const told = this.#told.get(campaignId);
      return told === undefined || told.door.stamp !== stamp || told.listId !== listId;
    });
    const bare = await reads.doors(others.map(({ campaignId }) => campaignId));
    if (this.#isStopped) return;
    const wasComplete = this.#isComplete;
    this.#hasLooked = true;
    const present = new Set(marks.map(({ campaignId }) => campaignId));
    const gone = [...this.#told.keys()].filter((campaignId) => !present.has(campaignId));
    for (const campaignId of gone) this.#forget(campaignId);
    for (const campaignId of this.#wanted.keys()) if (!present.has(campaignId)) this.#settle(campaignId);
    const doors: Door[] = [];
    for (const door of bare) {
      const ready = this.#ready(door);
      if (ready !== undefined) doors.push(ready);
    }
    this.#forgetLists();
    this.#tell(doors, gone, wasComplete);
  }

  /** @returns undefined while its list is on its way: then it is told later */
  #ready({ listId, ...bare }: BareDoor): Door | undefined {
    const { campaignId } = bare;
    const keys = listId === undefined ? undefined : this.#lists.get(listId);
    if (listId !== undefined && keys === undefined) {
      this.#want(campaignId, listId);
      return undefined;
    }
    this.#settle(campaignId);
    const door: Door = { ...bare, keys };
    this.#forget(campaignId);
    this.#told.set(campaignId, { door, listId });
    for (const productId of door.productIds) this.#campaignOf.set(productId, campaignId);
    return door;
  }

  /** From the first moment that the door is known to be another, whatever lists follow. */
  #want(campaignId: string, listId: string): void {
    const { timers } = this.#ports;
    const wanted = this.#wanted.get(campaignId);
    const cancel =
      wanted?.cancel ?? timers.after(DOOR_KEEPER_LIMITS.listMsMax, () => this.#withdraw(campaignId));
    this.#wanted.set(campaignId, { listId, cancel });
    if (this.#loading.has(listId)) return;
    this.#loading.set(
      listId,
      this.#load(listId).finally(() => this.#loading.delete(listId)),
    );
  }

  async #load(listId: string): Promise<void> {
    let keys: CustomerKeys | undefined;
    try {
      keys = await this.#ports.lists.load(listId);
      if (keys !== undefined) this.#assertRoomFor(keys);
    } catch (error) {
      this.#unreadable.tell(`${listId}: ${messageOf(error)}`);
      for (const [campaignId, wanted] of this.#wanted)
        if (wanted.listId === listId) this.#withdraw(campaignId);
      return;
    }
    if (keys !== undefined) this.#lists.set(listId, keys);
    if (this.#isStopped) return;
    // Without keys another list is in force by now, and the look finds it.
    const hasLooked = await this.look().then(
      () => true,
      () => false,
    );
    const isStillWanted = [...this.#wanted.values()].some((wanted) => wanted.listId === listId);
    if (hasLooked && isStillWanted) this.#unreadable.tell(`${listId}: some of it is missing`);
  }

  #assertRoomFor({ bytes }: CustomerKeys): void {
    const { listBytesMax } = DOOR_KEEPER_LIMITS;
    const kept = [...this.#lists.values()].reduce(
      (sum, keys) => sum + keys.bytes.byteLength,
      bytes.byteLength,
    );
    if (kept > listBytesMax)
      throw new Error(`all lists together would have ${kept} bytes, and a node keeps ${listBytesMax}`);
  }

  /** What threads know of it is over, and what came instead is not known. */
  #withdraw(campaignId: string): void {
    if (this.#isStopped || !this.#told.has(campaignId)) return;
    const wasComplete = this.#isComplete;
    this.#forget(campaignId);
    this.#tell([], [campaignId], wasComplete);
  }

  #tell(doors: readonly Door[], gone: readonly string[], wasComplete: boolean): void {
    const isComplete = this.#isComplete;
    if (doors.length === 0 && gone.length === 0 && isComplete === wasComplete) return;
    this.#ports.tell({ isWhole: false, doors, gone, isComplete });
  }

  #settle(campaignId: string): void {
    this.#wanted.get(campaignId)?.cancel();
    this.#wanted.delete(campaignId);
  }

  #forget(campaignId: string): void {
    for (const productId of this.#told.get(campaignId)?.door.productIds ?? [])
      this.#campaignOf.delete(productId);
    this.#told.delete(campaignId);
  }

  #forgetLists(): void {
    const used = new Set([...this.#told.values()].map(({ listId }) => listId));
    for (const { listId } of this.#wanted.values()) used.add(listId);
    for (const listId of this.#lists.keys()) if (!used.has(listId)) this.#lists.delete(listId);
  }

  #remember(productId: string): void {
    this.#outside.add(productId);
    for (const oldest of this.#outside) {
      if (this.#outside.size <= DOOR_KEEPER_LIMITS.outsideMax) return;
      this.#outside.delete(oldest);
    }
  }
}
