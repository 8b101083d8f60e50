// What the CMS's handlers have in hand beside the thread's own. Made by open-cms.ts.

import type {
  AssetLibrary,
  Catalogue,
  CustomerLists,
  EngineDispatcher,
  Sessions,
  SignIn,
  Users,
} from '../../persistence/index.ts';

export interface CmsContext {
  readonly users: Users;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  readonly catalogue: Catalogue;
  readonly lists: CustomerLists;
  /** A page that saved something asks it for the engine's answer: `settle`. */
  readonly dispatcher: Pick<EngineDispatcher, 'settle'>;
  readonly assets: AssetLibrary;
}
