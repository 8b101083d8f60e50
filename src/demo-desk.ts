// The demonstration's own desk at the catalogue: what somebody at the CMS has in hand, on the main thread and for a while only.
// Opened behind a node's start; whoever opened it stops it before the node.

import { pino } from 'pino';
import type { Config } from './config.ts';
import { DemoCampaigns, type SampleMade } from './demo-campaigns.ts';
import { openAssets } from './open-assets.ts';
import { Catalogue, CustomerLists, openPool, type PostgresConnection } from './persistence/index.ts';
import { systemClock as clock, systemRandom as random, systemTimers as timers } from './runtime/index.ts';
import { sampleCampaigns } from './sample-campaigns.ts';
import { messageOf } from './start-error.ts';

export interface DemoDesk {
  /** Published; resolves when the node at the address shows them. @throws StartError */
  make(url: string): Promise<SampleMade[]>;
  /** Resolves when they have their pictures, or cannot have them now: the next start tries it again. */
  illustrate(made: readonly SampleMade[]): Promise<void>;
  stop(): Promise<void>;
}

/** The first thread of a node is 0 and carries pictures to the CDN's store; this is none of them. */
const NO_WORKER = -1;
/** For the engine to be told of them, and for the node to know their doors: each looks once a second. */
const SHOWN_MS_MAX = 5_000;
const LOOK_AGAIN_MS = 50;

export function openDemoDesk(config: Config, connection: PostgresConnection): DemoDesk {
  const logger = pino({ level: config.logLevel });
  const pool = openPool(connection, 1, 'doorbuster samples');
  const assets = openAssets({ pool, clock, timers, config, worker: NO_WORKER, logger });
  const campaigns = new DemoCampaigns(
    {
      catalogue: new Catalogue(pool, clock, random, assets.library),
      lists: new CustomerLists(pool, clock, random),
      assets: assets.library,
      clock,
      ordersKeptMs: config.limits.ordersKeptMs,
    },
    sampleCampaigns,
  );
  let work: Promise<unknown> = Promise.resolve();
  let stopped: Promise<void> | undefined;
  const underWay = <T>(started: Promise<T>): Promise<T> => {
    work = started.catch(() => undefined);
    return started;
  };
  const stop = async (): Promise<void> => {
    campaigns.stop();
    await assets.stop();
    await work;
    await pool.end();
  };
  return {
    make: async (url) => {
      const made = await underWay(campaigns.make());
      await underWay(untilShown(campaigns, url, made, () => stopped !== undefined));
      return made;
    },
    illustrate: async (made) => {
      try {
        await underWay(campaigns.illustrate(made));
      } catch (error) {
        if (stopped !== undefined) return;
        logger.warn({ reason: messageOf(error) }, 'the sample campaigns do not have all of their pictures');
      }
    },
    stop: () => (stopped ??= stop()),
  };
}

/** All are in the engine, and those for everyone can be seen by anybody: the others' doors come with theirs. */
async function untilShown(
  campaigns: DemoCampaigns,
  url: string,
  made: readonly SampleMade[],
  hasStopped: () => boolean,
): Promise<void> {
  const deadline = clock.monotonic() + SHOWN_MS_MAX;
  const open = made.filter(({ entry }) => entry.kind === 'everyone').flatMap(({ productIds }) => productIds);
  const areShown = async (): Promise<boolean> => {
    if (!(await campaigns.areConfirmed(made))) return false;
    const answers = await Promise.all(open.map((productId) => fetch(`${url}/v1/products/${productId}`)));
    await Promise.all(answers.map((answer) => answer.arrayBuffer()));
    return answers.every(({ ok }) => ok);
  };
  while (!hasStopped() && !(await areShown()) && clock.monotonic() < deadline) {
    const { promise, resolve } = Promise.withResolvers<void>();
    timers.after(LOOK_AGAIN_MS, resolve);
    await promise;
  }
}
