// The page of a campaign, and the purchase by its form. Whoever may not enter learns nothing: somebody who is signed in gets the page of
// an address where nothing is, and everybody else is asked to sign in, whatever the address says.

import type { Context, Hono } from 'hono';
import type { HttpContext } from '../context.ts';
import { pageHeaders, pagePolicy } from '../page-headers.ts';
import { campaignPath } from '../pages/index.ts';
import { Problem, PROBLEMS } from '../problem.ts';
import { acceptInvitation, invitedVisitor } from '../session/index.ts';
import type { CampaignContents } from './campaign-contents.ts';
import { CampaignLook } from './campaign-look.ts';
import { CampaignPages, type Page, type Reader } from './campaign-pages.ts';
import { formPurchase, refusalText, type FormPurchaseParts } from './form-purchase.ts';
import { newWishKey, pageVisit, type PageVisit } from './page-visit.ts';
import type { ProductReadings } from './product-readings.ts';

export interface ShopParts extends FormPurchaseParts {
  readonly contents: CampaignContents;
  readonly readings: ProductReadings;
}

/** @returns the way of pages that are ready, past the app */
export function campaignRoutes(app: Hono, context: HttpContext, parts: ShopParts): CampaignLook {
  const { assets, clock, doors, cms } = context;
  const { contents, readings } = parts;
  const pages = new CampaignPages({ assets, clock, contents, readings });
  // Made once: a Headers object for each page costs more than the page.
  const headers: Record<string, string> = { 'Content-Type': 'text/html; charset=UTF-8' };
  pageHeaders((name, value) => (headers[name] = value), pagePolicy(cms?.assets.imageOrigins));

  /** Not waited for when everything is known: a crowd asks for nothing else in the minute before a sale. */
  const show = (c: Context, slug: string, visit: PageVisit): Response | Promise<Response> => {
    const door = doors.bySlug(slug, visit.visitor);
    if (door === undefined) return nothingFor(c, visit);
    const page = pages.html(door, readerOf(visit, newWishKey(context)));
    return page instanceof Promise ? page.then(answer) : answer(page);
  };
  const answer = (page: Page): Response => new Response(page, { headers });

  app.get('/c/:slug', (c): Response | Promise<Response> => {
    if (c.req.query('invitation') !== undefined) return invited(c, c.req.param('slug'));
    const enter = (visit: PageVisit): Response | Promise<Response> => show(c, c.req.param('slug'), visit);
    const visit = pageVisit(c, context, nextOf(c));
    return visit instanceof Promise ? visit.then(enter) : enter(visit);
  });

  /** Somebody looks at the address of the form. */
  app.get('/c/:slug/orders', (c) => c.redirect(campaignPath(encodeURIComponent(c.req.param('slug'))), 303));

  app.post('/c/:slug/orders', async (c) => {
    const slug = c.req.param('slug');
    const bought = await formPurchase(c, context, parts).catch((error: unknown) => {
      if (error instanceof Problem && error.code === 'unauthenticated') return undefined;
      throw error;
    });
    const visit = await pageVisit(c, context, campaignPath(encodeURIComponent(slug)));
    if (bought === undefined) return c.redirect(visit.signInHref, 303);
    if (bought.outcome === 'ordered') return c.redirect(`/orders/${bought.orderId}`, 303);
    if (bought.outcome === 'waits') return c.redirect(bought.address, 303);
    const { productId, quantity, key, code, status, retryAfter } = bought;
    const door = doors.bySlug(slug, visit.visitor);
    if (door === undefined || !door.productIds.includes(productId)) {
      // The door closed meanwhile. What became of the order, if it is not known, is no matter of doors.
      if (status === PROBLEMS.outcome_unknown.status) throw new Problem(code);
      return nothingFor(c, visit);
    }
    const text = refusalText(code, visit.locale.texts);
    const page = await pages.html(door, { ...readerOf(visit, key), refused: { productId, text, quantity } });
    const more = retryAfter === undefined ? headers : { ...headers, 'Retry-After': retryAfter };
    return new Response(page, { status, headers: more });
  });

  /** Whoever comes with an invitation has it in their session, and an address without it. */
  async function invited(c: Context, slug: string): Promise<Response> {
    const visit = await pageVisit(c, context, nextOf(c));
    const door = doors.bySlug(slug, await invitedVisitor(c, context));
    if (door === undefined) return nothingFor(c, visit);
    return (await acceptInvitation(c, context, door)) ?? show(c, slug, visit);
  }

  return new CampaignLook(context, pages, headers);

  function nothingFor(c: Context, visit: PageVisit): Response | Promise<Response> {
    if (visit.visitor !== undefined) return c.notFound();
    c.header('Cache-Control', 'no-store');
    return c.redirect(visit.signInHref, 303);
  }
}

const readerOf = ({ shown, locale }: PageVisit, key: string): Reader => ({ visitor: shown, locale, key });

/** With an invitation, which is looked at once somebody is signed in. */
function nextOf(c: Context): string {
  const path = campaignPath(encodeURIComponent(c.req.param('slug') ?? ''));
  const invitation = c.req.query('invitation');
  return invitation === undefined ? path : `${path}?invitation=${encodeURIComponent(invitation)}`;
}
