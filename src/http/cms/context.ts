// What the CMS's handlers have in hand beside the thread's own. Made by open-cms.ts.

export interface CmsContext {}
