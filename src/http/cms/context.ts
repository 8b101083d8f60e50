// What the CMS's handlers have in hand beside the thread's own. Made by open-cms.ts.

import type { Sessions, SignIn, Users } from '../../persistence/index.ts';

export interface CmsContext {
  readonly users: Users;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  /** Origins that pictures are shown from beside the node's own. */
  readonly imageOrigins: readonly string[];
}
