// cache: what a read costs, by where it is answered. One thread asks, with 1, 8 and 64 questions under way: an order of its actor (on
// the same thread, on another one, on another node), an order of a closed sale of Redis (with auto-pipelining and without) and of
// Postgres, and the list of the shop window of both. And the two paths of a look at an order: Redis before the actor, as it was, and
// the actor before Redis, as it is.
//
// CPU time is that of all who take part: the asker, the owner's thread, the servers; `askerMicros…` is that of the asking thread
// alone. All take turns in one run, and the first round does not count. A wrong answer is a violation.

import { CacheActors, WAYS } from './cache-actors.ts';
import { ORDERS } from './cache-orders.ts';
import { cacheSides, type CacheSide } from './cache-sides.ts';
import { CacheStores } from './cache-stores.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const CONCURRENCIES = [1, 8, 64];
const ROUNDS = 4;
/** The kernel counts the CPU time of servers in ticks of 10 ms. */
const TURN_MS_MIN = 200;
/** Its customers come after those of the actors. */
const CLOSED_FROM = WAYS.length * ORDERS;
const MODE = 'one thread asks; Redis without a disk, Postgres and NATS of the run’s own, all on this machine';

export const cache: Scenario = { modes: { sqlite: MODE }, run };

interface Took {
  readonly reads: number;
  readonly wrong: number;
  readonly elapsedMs: number;
  readonly askerMicros: number;
  readonly othersMicros: number;
}

async function run({ seconds, connections = CONCURRENCIES, say }: ScenarioOptions): Promise<ScenarioResult> {
  const actors = await CacheActors.start();
  let stores: CacheStores | undefined;
  let violations = 0;
  const sums = new Map<string, Took>();
  try {
    stores = await CacheStores.start(CLOSED_FROM);
    const sides = cacheSides(actors, stores);
    const turnMs = Math.max(TURN_MS_MIN, (seconds * 1_000) / (ROUNDS * connections.length * sides.length));
    for (let turn = 0; turn <= ROUNDS; turn++) {
      for (const concurrency of connections)
        for (const side of sides) {
          const took = await turnOf(side, concurrency, turnMs);
          const name = `${side.name}${concurrency}`;
          if (turn > 0) sums.set(name, plus(sums.get(name), took));
          violations += took.wrong;
        }
      say(`  round ${turn} of ${ROUNDS}${turn === 0 ? ', which does not count' : ''}`);
    }
  } finally {
    await stores?.stop();
    violations += await actors.stop();
  }
  return { ...figuresOf(sums, connections), violations };
}

async function turnOf(side: CacheSide, concurrency: number, turnMs: number): Promise<Took> {
  let [reads, wrong] = [0, 0];
  const othersBefore = await side.othersCpuMicros();
  const before = process.threadCpuUsage();
  const startedAt = performance.now();
  const until = startedAt + turnMs;
  const ask = async (): Promise<void> => {
    while (performance.now() < until) if (!(await side.read(reads++))) wrong++;
  };
  await Promise.all(Array.from({ length: concurrency }, ask));
  const elapsedMs = performance.now() - startedAt;
  const { user, system } = process.threadCpuUsage(before);
  const othersMicros = (await side.othersCpuMicros()) - othersBefore;
  return { reads, wrong, elapsedMs, askerMicros: user + system, othersMicros };
}

const plus = (one: Took | undefined, other: Took): Took => ({
  reads: (one?.reads ?? 0) + other.reads,
  wrong: (one?.wrong ?? 0) + other.wrong,
  elapsedMs: (one?.elapsedMs ?? 0) + other.elapsedMs,
  askerMicros: (one?.askerMicros ?? 0) + other.askerMicros,
  othersMicros: (one?.othersMicros ?? 0) + other.othersMicros,
});

function figuresOf(sums: ReadonlyMap<string, Took>, connections: readonly number[]) {
  const figures: Record<string, number> = {};
  for (const [name, { reads, elapsedMs, askerMicros, othersMicros }] of sums) {
    figures[`perSecond.${name}`] = Math.round(reads / (elapsedMs / 1_000));
    figures[`askerMicros.${name}`] = round(askerMicros / reads);
    figures[`micros.${name}`] = round((askerMicros + othersMicros) / reads);
  }
  const toRedis = (name: string, at: number): number =>
    round(figures[`micros.${name}${at}`]! / figures[`micros.redis${at}`]!);
  for (const at of connections) {
    for (const name of ['actorSameThread', 'actorOtherThread', 'actorOtherNode', 'redisUnpiped', 'postgres'])
      figures[`toRedis.${name}${at}`] = toRedis(name, at);
    figures[`pathToBefore.live${at}`] = round(
      figures[`micros.actorOtherThread${at}`]! / figures[`micros.liveRedisFirst${at}`]!,
    );
    figures[`pathToBefore.closed${at}`] = toRedis('closedActorFirst', at);
    figures[`list.redisToPostgres${at}`] = round(
      figures[`micros.listRedis${at}`]! / figures[`micros.listPostgres${at}`]!,
    );
  }
  const most = connections.at(-1)!;
  return { ratio: toRedis('postgres', most), ...figures };
}
