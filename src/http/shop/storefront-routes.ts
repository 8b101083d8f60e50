// The shop's own page: campaigns for whoever looks, and the products in no campaign, which can be bought here too.

import type { Context, Hono } from 'hono';
import { phaseOf, type Door } from '../../persistence/index.ts';
import type { Visitor } from '../auth.ts';
import type { HttpContext } from '../context.ts';
import { pageHeaders, pagePolicy } from '../page-headers.ts';
import {
  storefrontPage,
  type CampaignCardView,
  type ProductView,
  type Texts,
  type TicketRefusal,
} from '../pages/index.ts';
import { Problem, type ProblemCode } from '../problem.ts';
import { ProductId } from '../schemas.ts';
import { ShopWindow } from '../shop-window.ts';
import type { ShopParts } from './campaign-routes.ts';
import { formPurchase, refusalText } from './form-purchase.ts';
import { newWishKey, pageVisit, type PageVisit } from './page-visit.ts';

/** What can be bought comes first. */
const STATES_SHOWN = ['on_sale', 'upcoming', 'paused', 'sold_out', 'ended'];
/** The next ones to open. */
export const CAMPAIGNS_SHOWN_MAX = 24;

type Refused = Pick<TicketRefusal, 'productId' | 'quantity'> & { readonly code: ProblemCode };

export function storefrontRoutes(app: Hono, context: HttpContext, parts: ShopParts): void {
  const { products, cache, assets, clock, doors, cms, demo: isDemo } = context;
  const { contents, readings } = parts;
  const shopWindow = new ShopWindow(products, cache);
  const policy = pagePolicy(cms?.assets.imageOrigins);

  const show = async (c: Context, visit: PageVisit, key: string, refused?: Refused) => {
    const shown = doors.openTo(visit.visitor).slice(0, CAMPAIGNS_SHOWN_MAX);
    const wished = refused && (await isOpenAndLoose(refused.productId, visit.visitor)) && refused.productId;
    const [campaigns, views] = await Promise.all([
      Promise.all(shown.map(cardOf)),
      productViews(wished || undefined, refused !== undefined),
    ]);
    pageHeaders(c.header.bind(c), policy);
    const { shown: visitor, signInHref, locale } = visit;
    const refusal = refused && refusalOf(refused, views, locale.texts);
    const view = { campaigns, products: views, visitor, signInHref, key, isDemo, now: clock.now(), refusal };
    return storefrontPage(assets, view, locale);
  };

  app.get('/', async (c) => {
    const visit = await pageVisit(c, context, '/');
    return c.html(await show(c, visit, newWishKey(context)));
  });

  app.post('/orders', async (c) => {
    const bought = await formPurchase(c, context, parts).catch((error: unknown) => {
      if (error instanceof Problem && error.code === 'unauthenticated') return undefined;
      throw error;
    });
    const visit = await pageVisit(c, context, '/');
    if (bought === undefined) return c.redirect(visit.signInHref, 303);
    if (bought.outcome === 'ordered') return c.redirect(`/orders/${bought.orderId}`, 303);
    if (bought.outcome === 'waits') return c.redirect(bought.address, 303);
    const { productId, quantity, key, code, status, retryAfter } = bought;
    if (retryAfter !== undefined) c.header('Retry-After', retryAfter);
    return c.html(await show(c, visit, key, { productId, code, quantity }), status as 409);
  });

  async function cardOf(door: Door): Promise<CampaignCardView> {
    const { title, timeZone, offers } = await contents.of(door);
    const image = offers.find(({ pictures }) => pictures.length > 0)?.pictures[0]?.image;
    const { slug, startsAt, endsAt } = door;
    return { slug, title, phase: phaseOf(door, clock.now()), startsAt, endsAt, timeZone, image };
  }

  /** Nobody is shown what they may not see; when nobody can say, it is not shown. */
  async function isOpenAndLoose(productId: string, visitor: Visitor): Promise<boolean> {
    if (!ProductId.safeParse(productId).success) return false;
    try {
      return (await doors.openFor(productId, visitor)) && doors.campaignOf(productId) === undefined;
    } catch {
      return false;
    }
  }

  /** @param wished what somebody sent a form of: it stays for them, also when others have taken its place in the window */
  async function productViews(wished: string | undefined, isAnswer: boolean): Promise<ProductView[]> {
    const inWindow = await shopWindow.productIds().catch((error: unknown) => {
      // What came of their form is told all the same.
      if (!isAnswer) throw error;
      return [];
    });
    const productIds = wished === undefined ? inWindow : [...new Set([...inWindow, wished])];
    await readings.refresh(productIds);
    const views = productIds.flatMap((productId) => readings.of(productId) ?? []);
    return views.toSorted(
      (one, other) => STATES_SHOWN.indexOf(one.sale.state) - STATES_SHOWN.indexOf(other.sale.state),
    );
  }
}

/** Without the ticket there is no button to press again: what is in doubt is found out by sending the form again. */
function refusalOf(
  { productId, quantity, code }: Refused,
  views: readonly ProductView[],
  texts: Texts,
): TicketRefusal {
  const isShown = views.some(({ id }) => id === productId);
  const text = code === 'outcome_unknown' && !isShown ? texts.trouble.inDoubt : refusalText(code, texts);
  return { productId, quantity, text };
}
