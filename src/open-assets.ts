// Pictures and product data of one worker thread: what takes them in, and on the first thread of a node what carries them to
// the CDN's store.

import { join } from 'node:path';
import type { CmsPorts } from './open-cms.ts';
import {
  AssetLibrary,
  AssetUploader,
  BucketStore,
  FolderStore,
  PictureDesk,
  PurgeHook,
  type AssetStore,
} from './persistence/index.ts';

export interface Assets {
  readonly library: AssetLibrary;
  stop(): Promise<void>;
}

/** Below DATA_DIR. */
const ASSETS_FOLDER = 'assets';

export function openAssets({
  pool,
  clock,
  timers,
  config,
  worker,
  logger,
}: Omit<CmsPorts, 'router' | 'random' | 'onChanged'>): Assets {
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
    secret: config.sessionSecret,
    ...(uploader && { onAdded: () => uploader.nudge() }),
  });
  return { library, stop: async () => void (await Promise.all([desk.stop(), uploader?.stop()])) };
}
