// What the CMS's handlers have in hand beside the thread's own. Made by open-cms.ts.

export interface CmsContext {
  /** Origins that pictures are shown from beside the node's own. */
  readonly imageOrigins: readonly string[];
}
