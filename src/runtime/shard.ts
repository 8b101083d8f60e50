// A shard: a group of actors with one mailbox, one chain of records and one owner, and this is the owner's side of it.
//
//   mailbox ──▶ decide + evolve ──▶ gathering ──▶ in flight ──▶ answers
//               (memory, at once)   (next batch)  (one append)  (only when durable)
//
// Nothing leaves before what it rests on is durable. When an append's result is unknown the shard drops its memory,
// claims anew, and reads back whether the append landed: it never guesses. Stopped by drain().

import { encodeRecord, refuse, type Product } from '../actors/index.ts';
import { backOff, type BackOffLimits } from './back-off.ts';
import { Batch } from './batch.ts';
import { claim, readBeforehand, type UnknownAppend } from './claim.ts';
import { LateCheck } from './late-check.ts';
import type { RuntimeLimits } from './limits.ts';
import { Mailbox, type Entry } from './mailbox.ts';
import { JournalUnavailable, type AppendResult, type ShardPorts, type ShardReply } from './ports.ts';
import { ShardState } from './shard-state.ts';
import type { ShardPhase, ShardStatus } from './shard-status.ts';
import { Upkeep } from './upkeep.ts';

const OVERLOADED: ShardReply = refuse('overloaded').reply;
const OUTCOME_UNKNOWN: ShardReply = refuse('outcome_unknown').reply;
/** Surely not decided here. */
const MOVED: ShardReply = { outcome: 'moved' };

/** In one turn of the thread's loop, while an append is under way: nothing waits for the rest of the batch then. */
const DECIDED_PER_TURN = 500;

const RECOVERY: BackOffLimits = { firstMs: 40, mostMs: 1_000 };

/** The batch whose append is under way, and the record by which a claim recognises it. */
interface Flight extends UnknownAppend {
  readonly batch: Batch;
  readonly epoch: number;
}

export class Shard {
  readonly shard: number;
  readonly #ports: ShardPorts;
  readonly #limits: RuntimeLimits;
  /** Of the placement document under which the shard was claimed. */
  #revision = 0;
  readonly #onPhase: (status: ShardStatus) => void;
  readonly #mailbox: Mailbox;
  #state: ShardState;
  #phase: ShardPhase = 'opening';
  #reason: string | null = null;
  #gathering = new Batch();
  #flight: Flight | undefined;
  #pumpScheduled = false;
  #draining = false;
  /** Since the last append that landed. */
  #recoveries = 0;
  #begun: ShardState | undefined;
  #whenDrained: (() => void)[] = [];
  #fenced = 0;
  readonly #upkeep: Upkeep;
  readonly #lateCheck: LateCheck;

  /** @param onPhase hears of every change of phase */
  constructor(
    shard: number,
    ports: ShardPorts,
    limits: RuntimeLimits,
    onPhase: (status: ShardStatus) => void = () => undefined,
  ) {
    this.shard = shard;
    this.#onPhase = onPhase;
    this.#ports = ports;
    this.#limits = limits;
    this.#mailbox = new Mailbox(limits.mailboxEntriesMax);
    this.#lateCheck = new LateCheck(this.#mailbox, ports, (late) => late.answer(OVERLOADED));
    this.#state = new ShardState(shard);
    this.#upkeep = new Upkeep(ports, limits, () => this.#schedulePump());
  }

  get phase(): ShardPhase {
    return this.#phase;
  }

  /** Of the placement document, as it was known when the shard was claimed. */
  get claimedUnder(): number {
    return this.#revision;
  }

  /** Appends that came too late: somebody else owned the shard by then. */
  get fenced(): number {
    return this.#fenced;
  }

  status(): ShardStatus {
    const { epoch, head } = this.#state.position;
    return {
      shard: this.shard,
      phase: this.#phase,
      epoch,
      sequence: head,
      mailboxDepth: this.#mailbox.depth,
      aheadMs: Math.max(0, this.#state.at - this.#ports.clock.now()),
      products: this.#state.products.size,
      bytes: this.#state.bytes,
      reason: this.#reason,
    };
  }

  /** The live products, only when nothing is staged or in flight: then they are exactly the journal up to `sequence`. */
  durableProducts(): ReadonlyMap<string, Product> | undefined {
    const quiet = this.#flight === undefined && this.#gathering.events.length === 0;
    return quiet && this.#phase === 'open' ? this.#state.products : undefined;
  }

  /** Reads the shard while another owner still has it, so that `open` has little left to read. */
  async prewarm(): Promise<void> {
    try {
      this.#begun = await readBeforehand(this.shard, this.#ports);
    } catch {
      // `open` meets the same and says what it is.
    }
  }

  /** Claims the shard and rebuilds its memory, however often it takes. Resolves when it is open, refused or lost. */
  open(): Promise<void> {
    this.#revision = this.#ports.ownership?.revision ?? 0;
    return this.#claim();
  }

  /** Always under the document that gave the shard to this owner: a later one may have given it to somebody else. */
  async #claim(): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        const begun = this.#begun;
        this.#begun = undefined;
        const claimed = await claim(this.shard, this.#revision, this.#ports, begun, this.#flight, () =>
          this.#foundLanded(),
        );
        // Whether an append of before landed can be read by the new owner alone.
        return claimed === undefined ? this.#lose(OUTCOME_UNKNOWN) : this.#opened(claimed);
      } catch (error) {
        if (!(error instanceof JournalUnavailable)) return this.#refuse(error);
        this.#enter('recovering', error.message);
        await backOff(this.#ports.timers, tries, RECOVERY);
      }
    }
  }

  offer(entry: Entry): void {
    if (this.#phase === 'lost' || this.#phase === 'drained' || this.#draining) return entry.answer(MOVED);
    if (this.#phase === 'refused' || !this.#mailbox.offer(entry)) return entry.answer(OVERLOADED);
    this.#schedulePump();
    this.#lateCheck.arm();
  }

  /** Takes nothing more, decides what waits, and resolves when all of it is durable and answered. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#upkeep.stop();
    await new Promise<void>((resolve) => {
      this.#whenDrained.push(resolve);
      this.#pump();
    });
  }

  #schedulePump(): void {
    if (this.#pumpScheduled || this.#phase !== 'open') return;
    this.#pumpScheduled = true;
    this.#ports.timers.soon(() => {
      this.#pumpScheduled = false;
      this.#pump();
    });
  }

  /** Decides what waits, as far as the next batch has room, and sends it when no append is in flight. */
  #pump(): void {
    if (this.#phase === 'open') {
      try {
        this.#decideWaiting();
      } catch (error) {
        // Decisions that were never appended were never made.
        this.#refuse(error);
      }
    }
    if (this.#phase === 'open' && this.#flight === undefined) this.#flush();
    if (this.#draining) this.#finishDraining();
  }

  #decideWaiting(): void {
    const { clock } = this.#ports;
    const monotonic = clock.monotonic();
    const now = Math.max(clock.now(), this.#state.at);
    if (this.#upkeep.isDue) this.#upkeep.decide(this.#state, this.#gathering, now);
    let room = this.#flight === undefined ? Infinity : DECIDED_PER_TURN;
    while (!this.#gathering.isFull(this.#limits)) {
      if (room-- === 0) return this.#schedulePump();
      const entry = this.#mailbox.take();
      if (entry === undefined) return;
      if (entry.deadline <= monotonic) entry.answer(OVERLOADED);
      else this.#decide(entry, now);
    }
  }

  #decide(entry: Entry, now: number): void {
    try {
      const decision = this.#state.decide(entry.command, now);
      if (decision.event !== undefined) {
        const product = this.#state.evolve(decision.event);
        this.#upkeep.happened(decision.event, product);
      }
      this.#gathering.add(decision, entry);
    } catch (error) {
      // It was taken from the mailbox and is in no batch: nobody else would answer it.
      entry.answer(OVERLOADED);
      throw error;
    }
  }

  /**
   * Appends the gathered batch. What needs no append rests on what is durable already, as long as nobody else can have taken
   * the shard over; after a stall, an append without events finds that out.
   */
  #flush(): void {
    const batch = this.#gathering;
    if (this.#ports.ownership?.holds(this.shard, this.#revision) ?? true) batch.answerSettled();
    if (batch.isEmpty) return;
    const { epoch, owner, number, head } = this.#state.position;
    const flight: Flight = { batch, epoch, owner, number: number + 1, head };
    const header = {
      shard: this.shard,
      epoch,
      owner,
      number: flight.number,
      previous: head,
      revision: this.#revision,
      at: batch.events[0]?.at ?? this.#ports.clock.now(),
    };
    this.#gathering = new Batch();
    this.#flight = flight;
    const bytes = encodeRecord(header, batch.events);
    batch.close();
    // The journal takes the bytes over.
    const { length } = bytes;
    void this.#ports.journal
      .append(this.shard, bytes, head)
      .then((result) => this.#landed(flight, result, length));
  }

  #landed(flight: Flight, result: AppendResult, bytes: number): void {
    if (result.kind === 'fenced') {
      this.#fenced++;
      return this.#lose(MOVED);
    }
    if (result.kind === 'unknown') return this.#recover(result.cause);
    this.#state.follow(flight, result.sequence, bytes);
    this.#recoveries = 0;
    this.#flight = undefined;
    // The next append is on its way before the answers of this one take the thread's time.
    this.#pump();
    flight.batch.answerAll();
  }

  #opened(state: ShardState): void {
    this.#state = state;
    this.#enter('open', null);
    this.#upkeep.start(state);
    this.#settleFlight();
    this.#pump();
  }

  /** Keeps the flight, whose fate the next claim reveals; everything else was never sent and is decided again. */
  #recover(cause: string): void {
    if (this.#phase === 'refused') return;
    this.#enter('recovering', cause);
    this.#mailbox.putBack(this.#gathering.entries);
    this.#gathering = new Batch();
    this.#upkeep.stop();
    this.#lateCheck.arm();
    // A journal that takes claims and refuses batches would otherwise be claimed without a pause.
    void backOff(this.#ports.timers, this.#recoveries++, RECOVERY).then(() => this.#claim());
  }

  /** Told by a claim that met the flight's record. */
  #foundLanded(): void {
    const flight = this.#flight;
    this.#flight = undefined;
    flight?.batch.answerAll();
  }

  /** After a claim, an append that was not read back can never land: its commands are decided again. */
  #settleFlight(): void {
    const flight = this.#flight;
    this.#flight = undefined;
    if (flight !== undefined) this.#mailbox.putBack(flight.batch.entries);
  }

  /** Somebody else owns the shard: nothing that waits here was decided. @param ofFlight what its commands are told */
  #lose(ofFlight: ShardReply): void {
    const inFlight = this.#flight?.batch.entries ?? [];
    this.#flight = undefined;
    this.#enter('lost', 'another owner claimed this shard');
    for (const entry of inFlight) entry.answer(ofFlight);
    this.#dropEverything(MOVED);
    if (this.#draining) this.#finishDraining();
  }

  #refuse(error: unknown): void {
    this.#enter('refused', error instanceof Error ? error.message : String(error));
    this.#dropEverything(OVERLOADED);
    if (this.#draining) this.#finishDraining();
  }

  #enter(phase: ShardPhase, reason: string | null): void {
    const isNew = phase !== this.#phase;
    this.#phase = phase;
    this.#reason = reason;
    if (isNew) this.#onPhase(this.status());
  }

  /** What was only gathered or waits was never sent. A flight under way still answers by itself when it lands. */
  #dropEverything(reply: ShardReply): void {
    this.#upkeep.stop();
    const dropped = this.#gathering.entries;
    this.#gathering = new Batch();
    for (let entry = this.#mailbox.take(); entry !== undefined; entry = this.#mailbox.take()) {
      dropped.push(entry);
    }
    for (const entry of dropped) entry.answer(reply);
  }

  #finishDraining(): void {
    const canProceed = this.#phase === 'open' || this.#phase === 'recovering';
    const isBusy = this.#flight !== undefined || this.#mailbox.depth > 0 || !this.#gathering.isEmpty;
    if (canProceed && isBusy) return;
    if (this.#phase === 'open') this.#enter('drained', null);
    for (const resolve of this.#whenDrained.splice(0)) resolve();
  }
}
