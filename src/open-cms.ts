// The CMS's part of one worker thread: what business users write, and what carries it to the engine and to the CDN. Opened when
// the thread begins to serve, and stopped before its pool ends.

import { join } from 'node:path';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { CmsContext } from './http/index.ts';
import {
  AssetLibrary,
  AssetUploader,
  BucketStore,
  Catalogue,
  EngineDispatcher,
  FolderStore,
  PasswordHasher,
  PictureDesk,
  PurgeHook,
  Sessions,
  SignIn,
  Users,
  type AssetStore,
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
}

export interface Cms {
  readonly context: CmsContext;
  stop(): Promise<void>;
}

export function openCms(ports: CmsPorts): Cms {
  const { pool, router, clock, timers, random, worker, logger } = ports;
  const accounts = { pool, clock, random, hasher: new PasswordHasher(random) };
  const sessions = new Sessions(accounts);
  const assets = openAssets(ports);
  const dispatcher = new EngineDispatcher({ pool, engine: router, clock, timers, random, logger });
  if (worker === 0) dispatcher.start();
  const context: CmsContext = {
    users: new Users(accounts),
    sessions,
    signIn: new SignIn(accounts, sessions),
    imageOrigins: assets.library.imageOrigins,
    assets: assets.library,
    catalogue: new Catalogue(pool, clock, random, assets.library),
    dispatcher,
  };
  return { context, stop: async () => void (await Promise.all([dispatcher.stop(), assets.stop()])) };
}

/** Below DATA_DIR. */
const ASSETS_FOLDER = 'assets';

function openAssets({ pool, clock, timers, config, worker, logger }: CmsPorts): {
  library: AssetLibrary;
  stop(): Promise<void>;
} {
  const { cdnUrl, bucket, purge } = config.assets;
  const desk = new PictureDesk((what) => logger.warn({ what }, 'a picture could not be worked on'));
  const store: AssetStore =
    bucket === undefined ? new FolderStore(join(config.dataDir, ASSETS_FOLDER)) : new BucketStore(bucket);
  const uploader =
    worker === 0
      ? new AssetUploader({
          pool,
          clock,
          timers,
          store,
          owner: config.nodeId,
          purge: purge && new PurgeHook({ ...purge, cdnUrl: cdnUrl! }),
          onTrouble: (reason) =>
            logger.warn(
              { reason },
              'pictures and product data do not reach their store: pages take them from this node, and they are tried again',
            ),
          onMended: () => logger.info('pictures and product data reach their store again'),
        })
      : undefined;
  uploader?.start();
  const library = new AssetLibrary({
    pool,
    clock,
    desk,
    store,
    cdnUrl,
    secret: config.authSecret,
    ...(uploader && { onAdded: () => uploader.nudge() }),
  });
  return { library, stop: async () => void (await Promise.all([desk.stop(), uploader?.stop()])) };
}
