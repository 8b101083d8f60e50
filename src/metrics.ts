// The figures of all threads as Prometheus text. Threads count in plain numbers; they are gathered when somebody asks.

import { collectDefaultMetrics, Counter, Gauge, Registry } from '@prometheus-io/client';
import { EXCHANGE_STATES, type ExchangeFigures } from './http/index.ts';
import { CACHE_STATES, type OpenPaymentsCounted, type ProjectionStats } from './persistence/index.ts';
import type { PoolFigures } from './worker-pool.ts';
import type { WorkerFigures } from './worker.ts';

export interface NodeFigures {
  readonly pool: PoolFigures;
  /** Undefined: requests are not limited. */
  readonly limits: ExchangeFigures | undefined;
  /** Orders that wait for a person; NaN when this node cannot say. */
  readonly openReviews: number;
  /** Undefined on a node that takes none. */
  readonly openPayments: OpenPaymentsCounted | undefined;
  /** Whose thread says nothing. */
  readonly silentShards: number;
  readonly hasLease: boolean;
  /** Undefined on a node that does not write to Postgres. */
  readonly projection: ProjectionStats | undefined;
  /** By how much Postgres is behind the journal; NaN when this node cannot say. */
  readonly projectionLag: { readonly seconds: number; readonly records: number };
}

const MESSAGE_RESULTS = ['sent', 'received', 'refused', 'dropped'] as const;

const PROJECTION_STATES = ['working', 'unavailable', 'incomplete'] as const;

export class Metrics {
  readonly #registry = new Registry();
  readonly #orders = this.#counter('doorbuster_orders_total', 'Purchase requests answered, by outcome', [
    'outcome',
  ]);
  readonly #payments = this.#counter(
    'doorbuster_payment_steps_total',
    'Steps made with payments, and judgements of them, by kind',
    ['step'],
  );
  readonly #applied = this.#counter('doorbuster_projection_records_total', 'Records written to Postgres');
  readonly #failures = this.#counter(
    'doorbuster_projection_failures_total',
    'Writes to Postgres that failed',
  );
  readonly #lag = this.#gauge('doorbuster_projection_lag_seconds', 'How far Postgres is behind the journal');
  readonly #lagRecords = this.#gauge(
    'doorbuster_projection_lag_records',
    'Records of the journal that are not in Postgres',
  );
  readonly #state = this.#gauge('doorbuster_projection_state', 'What the projection is: the state with 1', [
    'state',
  ]);
  readonly #setAside = this.#gauge(
    'doorbuster_projection_set_aside',
    'Shards that do not reach Postgres any more: the record at which each stands',
    ['shard'],
  );
  readonly #inFlight = this.#gauge(
    'doorbuster_projection_records_in_flight',
    'Records prefetched from the feed',
  );
  readonly #pending = this.#gauge('doorbuster_commands_pending', 'Commands whose answer is awaited');
  readonly #streams = this.#gauge('doorbuster_event_streams', 'Open event streams');
  readonly #mailbox = this.#gauge('doorbuster_mailbox_depth', 'Commands waiting in front of all shards');
  readonly #ahead = this.#gauge(
    'doorbuster_shard_time_ahead_seconds',
    'Most that a shard’s journal is ahead of the clock',
  );
  readonly #shards = this.#gauge('doorbuster_shards', 'Shards of this node, by phase', ['phase']);

  readonly #threads = this.#gauge('doorbuster_worker_threads', 'Worker threads, by whether they answer', [
    'state',
  ]);
  readonly #deaths = this.#counter('doorbuster_worker_deaths_total', 'Worker threads that died, by reason', [
    'reason',
  ]);
  readonly #takeovers = this.#counter(
    'doorbuster_worker_takeovers_total',
    'Times that the shards of a dead worker thread were opened by others',
  );

  readonly #repeated = this.#counter(
    'doorbuster_commands_repeated_total',
    'Commands sent again because the worker thread that had them died',
  );
  readonly #fenced = this.#counter(
    'doorbuster_fenced_appends_total',
    'Appends that were refused because another owner had claimed the shard: nothing came of them',
  );
  readonly #lease = this.#gauge(
    'doorbuster_lease_valid',
    '1 while this node may answer for its shards without asking the journal',
  );
  readonly #messages = this.#counter(
    'doorbuster_node_messages_total',
    'Messages to and from other nodes, by what became of them',
    ['result'],
  );

  readonly #cacheReads = this.#counter(
    'doorbuster_cache_reads_total',
    'Reads of the cache, by what was read and how it went',
    ['kind', 'result'],
  );
  readonly #cacheState = this.#gauge('doorbuster_cache_state', 'How many worker threads see the cache so', [
    'state',
  ]);

  readonly #gate = this.#counter(
    'doorbuster_gate_total',
    'What the checks in front of a sale did, by check',
    ['check', 'outcome'],
  );
  readonly #openReviews = this.#gauge(
    'doorbuster_risk_reviews_open',
    'Orders that wait for a person’s decision, counted up to 1000',
  );
  readonly #openPayments = this.#gauge(
    'doorbuster_payments_open',
    'Payments that are not closed, counted up to 10000: followed, or troubled, which cannot be gone on with',
    ['state'],
  );
  readonly #limits = this.#gauge(
    'doorbuster_rate_limits_state',
    'Whether rate limits are shared over nodes: the state with 1',
    ['state'],
  );
  readonly #limitsTold = this.#counter(
    'doorbuster_rate_limits_told_total',
    'Buckets of customers and addresses that other nodes were told of',
  );
  readonly #limitsEvicted = this.#counter(
    'doorbuster_rate_limits_evicted_total',
    'Buckets that made room for others before they were full again',
  );

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  async render({
    pool,
    limits,
    openReviews,
    openPayments,
    silentShards,
    hasLease,
    projection,
    projectionLag,
  }: NodeFigures): Promise<string> {
    const workers = [...pool.answered.values()];
    this.#renderThreads(pool);
    this.#renderGate(pool, limits);
    this.#openReviews.set(openReviews);
    this.#openPayments.reset();
    if (openPayments !== undefined) {
      const { followed, troubled } = openPayments;
      this.#openPayments.set({ state: 'followed' }, followed);
      this.#openPayments.set({ state: 'troubled' }, troubled);
    }
    this.#shards.reset();
    for (const { phase } of workers.flatMap(({ shards }) => shards)) this.#shards.inc({ phase });
    if (silentShards > 0) this.#shards.set({ phase: 'silent' }, silentShards);
    const total = (of: (figures: WorkerFigures) => number) =>
      workers.reduce((sum, figures) => sum + of(figures), 0);
    this.#pending.set(total(({ pending }) => pending));
    this.#streams.set(total(({ streams }) => streams));
    this.#mailbox.set(total(({ shards }) => shards.reduce((sum, { mailboxDepth }) => sum + mailboxDepth, 0)));
    this.#ahead.set(
      Math.max(0, ...workers.flatMap(({ shards }) => shards.map(({ aheadMs }) => aheadMs))) / 1_000,
    );
    this.#lease.set(hasLease ? 1 : 0);
    this.#messages.reset();
    for (const result of MESSAGE_RESULTS)
      this.#messages.inc(
        { result },
        total(({ messages }) => messages[result]),
      );
    this.#renderCache(pool, workers);
    if (projection !== undefined) this.#renderProjection(projection);
    this.#lag.set(projectionLag.seconds);
    this.#lagRecords.set(projectionLag.records);
    return this.#registry.metrics();
  }

  #renderGate({ gate }: PoolFigures, limits: ExchangeFigures | undefined): void {
    this.#gate.reset();
    for (const [name, count] of gate) {
      const [check, outcome] = name.split('/');
      this.#gate.inc({ check: check!, outcome: outcome! }, count);
    }
    this.#limits.reset();
    this.#limitsTold.reset();
    this.#limitsEvicted.reset();
    if (limits === undefined) return;
    for (const state of EXCHANGE_STATES) this.#limits.set({ state }, limits.state === state ? 1 : 0);
    this.#limitsTold.inc(limits.told);
    this.#limitsEvicted.inc(limits.evicted);
  }

  #renderCache({ cacheReads }: PoolFigures, workers: readonly WorkerFigures[]): void {
    this.#cacheReads.reset();
    for (const [name, count] of cacheReads) {
      const [kind, result] = name.split('/');
      this.#cacheReads.inc({ kind: kind!, result: result! }, count);
    }
    for (const state of CACHE_STATES)
      this.#cacheState.set({ state }, workers.filter(({ cache }) => cache?.state === state).length);
  }

  #renderProjection(projection: ProjectionStats): void {
    this.#applied.reset();
    this.#applied.inc(projection.applied);
    this.#failures.reset();
    this.#failures.inc(projection.failures);
    for (const state of PROJECTION_STATES) this.#state.set({ state }, projection.state === state ? 1 : 0);
    this.#setAside.reset();
    for (const { shard, sequence } of projection.setAside)
      this.#setAside.set({ shard: String(shard) }, sequence);
    this.#inFlight.set(projection.inFlight);
  }

  #renderThreads({
    answered,
    silent,
    orders,
    payments,
    repeated,
    fenced,
    deaths,
    takeovers,
  }: PoolFigures): void {
    this.#orders.reset();
    for (const [outcome, count] of orders) this.#orders.inc({ outcome }, count);
    this.#payments.reset();
    for (const [step, count] of payments) this.#payments.inc({ step }, count);
    this.#threads.set({ state: 'answering' }, answered.size);
    this.#threads.set({ state: 'silent' }, silent.length);
    this.#deaths.reset();
    for (const [reason, count] of deaths) this.#deaths.inc({ reason }, count);
    this.#takeovers.reset();
    this.#takeovers.inc(takeovers);
    this.#repeated.reset();
    this.#repeated.inc(repeated);
    this.#fenced.reset();
    this.#fenced.inc(fenced);
  }

  #counter<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  #gauge<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> {
    return new Gauge({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }
}
