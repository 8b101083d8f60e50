// What the CMS's handlers have in hand beside the thread's own. Made by open-cms.ts.

import type { AssetLibrary } from '../../persistence/index.ts';

export interface CmsContext {
  readonly assets: AssetLibrary;
}
