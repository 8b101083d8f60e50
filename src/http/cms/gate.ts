// What stands in front of every page of the CMS: its headers, the refusal of what another site sends, and what becomes of errors.

import type { Context, Hono, MiddlewareHandler } from 'hono';
import { HasherBusy, NeedsPublisher } from '../../persistence/index.ts';
import { refusalPage } from '../pages/cms/index.ts';
import { Problem, PROBLEMS } from '../problem.ts';
import { changesNothing } from '../caller.ts';
import type { HttpContext } from '../context.ts';
import { pageHeaders, pagePolicy } from '../page-headers.ts';
import { CmsProblem } from './cms-problem.ts';
import { letGo } from './form.ts';

export function gate(cms: Hono, { assets, cms: own }: HttpContext, onError: (error: unknown) => void): void {
  const policy = pagePolicy(own!.assets.imageOrigins);
  cms.use('/cms/*', async (c, next) => {
    pageHeaders(c.header.bind(c), policy);
    try {
      await next();
    } finally {
      letGo(c);
    }
  });
  cms.use('/cms/*', ownForms);
  cms.onError((error, c) => {
    pageHeaders(c.header.bind(c), policy);
    const refusal = refusalOf(error);
    if (!FORESEEN.some((kind) => error instanceof kind)) onError(error);
    if (refusal.retryAfterSeconds !== undefined) c.header('Retry-After', `${refusal.retryAfterSeconds}`);
    // Undefined before the sign-in, whatever the type says.
    const session = c.get('cms') as typeof c.var.cms | undefined;
    const { title, message } = refusal;
    return c.html(refusalPage(assets, { title, text: message, session }), refusal.status);
  });
}

/** A browser says where a form comes from, and no page can make it say otherwise. */
const ownForms: MiddlewareHandler = async (c, next) => {
  if (changesNothing(c.req.method)) return next();
  const site = c.req.header('sec-fetch-site');
  const isOwn = site === undefined ? isOwnOrigin(c) : site === 'same-origin';
  if (!isOwn) {
    throw new CmsProblem(
      403,
      'This form is of another site',
      'The CMS takes what its own pages send and nothing else. Nothing was changed.',
    );
  }
  await next();
};

/** Of browsers that do not say more. Without any origin it is none; then the form's secret alone decides. */
function isOwnOrigin(c: Context): boolean {
  const origin = c.req.header('origin');
  return origin === undefined || URL.parse(origin)?.host === new URL(c.req.url).host;
}

const FORESEEN = [CmsProblem, Problem, HasherBusy, NeedsPublisher];

function refusalOf(error: unknown): CmsProblem {
  if (error instanceof CmsProblem) return error;
  if (error instanceof NeedsPublisher)
    return new CmsProblem(
      403,
      'Your role does not allow this any more',
      'This needs the role publisher: the campaign was published meanwhile, or your role was changed. Nothing was changed.',
    );
  if (error instanceof HasherBusy) return tooBusy();
  if (error instanceof Problem) {
    const { status, title, detail } = PROBLEMS[error.code];
    const told = error.extra?.['detail'];
    return new CmsProblem(status, title, `${typeof told === 'string' ? told : detail} Nothing was changed.`);
  }
  return new CmsProblem(
    503,
    'This did not work just now',
    'Something that this page needs did not answer, most likely Postgres. Sales go on without it. If you were saving, look at what is there before you repeat it.',
    2,
  );
}

export const tooBusy = (): CmsProblem =>
  new CmsProblem(503, 'Too busy', 'Too many people sign in at this moment. Try again in a few seconds.', 2);
