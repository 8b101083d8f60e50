// Every page and handler of the CMS, as one application. Loaded at the first request for one of them: a node that starts, and
// every thread of it, would pay for them before anybody works in the CMS, and most commands never do.

import { Hono } from 'hono';
import type { HttpContext } from '../context.ts';
import { abandonmentRoutes } from './abandonment-routes.ts';
import { boardRoutes } from './board-routes.ts';
import { campaignRoutes } from './campaign-routes.ts';
import { campaignStepRoutes } from './campaign-step-routes.ts';
import { CmsProblem } from './cms-problem.ts';
import { customerRoutes } from './customer-routes.ts';
import { entryRoutes } from './entry-routes.ts';
import { gate } from './gate.ts';
import { historyRoutes } from './history-routes.ts';
import { importRoutes } from './import-routes.ts';
import { productRoutes } from './product-routes.ts';
import { reviewRoutes } from './review-routes.ts';
import { signInRoutes } from './sign-in.ts';
import { signedIn } from './signed-in.ts';
import { stockRoutes } from './stock-routes.ts';

export function cmsPages(context: HttpContext, onError: (error: unknown) => void): Hono {
  const cms = new Hono();
  gate(cms, context, onError);
  signInRoutes(cms, context);
  signedIn(cms, context);
  // Each noun adds its routes here.
  campaignRoutes(cms, context);
  campaignStepRoutes(cms, context);
  productRoutes(cms, context);
  stockRoutes(cms, context);
  importRoutes(cms, context);
  entryRoutes(cms, context);
  reviewRoutes(cms, context);
  customerRoutes(cms, context);
  abandonmentRoutes(cms, context);
  historyRoutes(cms, context);
  boardRoutes(cms, context);
  cms.all('/cms/*', () => {
    throw new CmsProblem(
      404,
      'Nothing is here',
      'No page of the CMS has this address. It may have been removed, or a link may be wrong.',
    );
  });
  return cms;
}
