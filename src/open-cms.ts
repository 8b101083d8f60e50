// The CMS's part of one worker thread: what business users write, and what carries it to the engine and to the CDN. Opened when
// the thread begins to serve, and stopped before its pool ends.

import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { CmsContext } from './http/index.ts';
import { openAssets } from './open-assets.ts';
import {
  Catalogue,
  CustomerLists,
  Devices,
  EngineDispatcher,
  ListSweeper,
  PasswordHasher,
  Sessions,
  SignIn,
  Users,
} from './persistence/index.ts';
import type { Clock, Random, Router, Timers } from './runtime/index.ts';

export interface CmsPorts {
  readonly pool: Pool;
  readonly router: Router;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly config: Config;
  /** Of this node: what is done once for each node is done by the first. */
  readonly worker: number;
  readonly logger: Logger;
  /** Somebody may have changed who may enter a campaign, or what is in it. */
  readonly onChanged: () => void;
}

export interface Cms {
  readonly context: CmsContext;
  stop(): Promise<void>;
}

export function openCms(ports: CmsPorts): Cms {
  const { pool, router, clock, timers, random, config, worker, logger, onChanged } = ports;
  const assets = openAssets(ports);
  const accounts = { pool, clock, random, hasher: new PasswordHasher(random) };
  const sessions = new Sessions(accounts);
  const dispatcher = new EngineDispatcher({ pool, engine: router, clock, timers, random, logger });
  if (worker === 0) dispatcher.start();
  const lists = new CustomerLists(pool, clock, random, onChanged);
  const sweeper = new ListSweeper(lists, timers, (error) =>
    logger.warn({ err: error }, 'what loads of customer lists left could not be removed; it is tried again'),
  );
  if (worker === 0) sweeper.start();
  const context: CmsContext = {
    users: new Users(accounts),
    sessions,
    signIn: new SignIn(accounts, sessions, new Devices({ clock, random, secret: config.sessionSecret })),
    catalogue: new Catalogue(pool, clock, random, assets.library, onChanged),
    lists,
    dispatcher,
    assets: assets.library,
  };
  return {
    context,
    stop: async () => void (await Promise.all([dispatcher.stop(), sweeper.stop(), assets.stop()])),
  };
}
