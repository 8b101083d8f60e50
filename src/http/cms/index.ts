// The CMS: pages for business users, under /cms.

import { Hono } from 'hono';
import { html } from 'hono/html';
import type { HttpContext } from '../context.ts';
import { cmsPage } from '../pages/index.ts';
import { CmsProblem } from './cms-problem.ts';
import { gate } from './gate.ts';
import { signInRoutes } from './sign-in.ts';
import { signedIn } from './signed-in.ts';

export type { CmsContext } from './context.ts';

/** @param onError told of what no handler foresaw */
export function cmsRoutes(app: Hono, context: HttpContext, onError: (error: unknown) => void): void {
  if (context.cms === undefined) return;
  const cms = new Hono();
  gate(cms, context, onError);
  signInRoutes(cms, context);
  signedIn(cms, context);
  // Pages of the CMS: each noun adds its routes here.
  cms.get('/cms', (c) =>
    c.html(
      cmsPage(context.assets, {
        title: 'Campaigns',
        session: c.get('cms'),
        current: 'campaigns',
        main: html`<h1>Campaigns</h1>`,
      }),
    ),
  );
  cms.all('/cms/*', () => {
    throw new CmsProblem(
      404,
      'Nothing is here',
      'No page of the CMS has this address. It may have been removed, or a link may be wrong.',
    );
  });
  app.route('/', cms);
}
