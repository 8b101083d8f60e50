// The CMS: pages for business users, under /cms. Its door alone is loaded with a node.

import type { Hono } from 'hono';
import type { HttpContext } from '../context.ts';

export type { CmsContext } from './context.ts';

/** @param onError told of what no handler foresaw */
export function cmsRoutes(app: Hono, context: HttpContext, onError: (error: unknown) => void): void {
  if (context.cms === undefined) return;
  let pages: Promise<Hono> | undefined;
  app.all('/cms/*', async (c) => {
    pages ??= import('./pages.ts').then(({ cmsPages }) => cmsPages(context, onError));
    return (await pages).fetch(c.req.raw, c.env);
  });
}
