// What the CMS's handlers have in hand beside the thread's own. Made by open-cms.ts.

import type { Catalogue, EngineDispatcher } from '../../persistence/index.ts';

export interface CmsContext {
  readonly catalogue: Catalogue;
  /** A page that saved something asks it for the engine's answer: `settle`. */
  readonly dispatcher: Pick<EngineDispatcher, 'settle'>;
}
