// One product with its stock: what the actor counts, and units added and withdrawn. Each form carries a name of its own, so that
// pressing its button twice counts once.

import type { Context, Hono } from 'hono';
import { CATALOGUE_LIMITS } from '../../persistence/index.ts';
import type { HttpContext } from '../context.ts';
import {
  productHref,
  productPage,
  stockNotice,
  type FieldError,
  type StockView,
} from '../pages/cms/index.ts';
import { engineAnswer } from './engine-answer.ts';
import { readForm } from './form.ts';
import { editorOf, errorsOf, lookOf, noProduct, productOf, requireChange } from './look.ts';
import { picturesOf, uploadsOf } from './product-pictures.ts';
import { requireRole } from './signed-in.ts';
import { readWhole } from './typed-text.ts';

const REQUEST_ID_BYTES = 12;
const NOTHING_TYPED: StockView['typed'] = { add: '', withdraw: '' };

export function stockRoutes(cms: Hono, context: HttpContext): void {
  const { catalogue } = context.cms!;

  const show = async (
    c: Context,
    typed: StockView['typed'] = NOTHING_TYPED,
    errors: readonly FieldError[] = [],
  ): Promise<Response> => {
    const { campaign, product } = await productOf(c, context);
    const imageIds = product.images.map(({ imageId }) => imageId);
    const isSent = campaign.status !== 'draft';
    const [pictures, uploads, counts, changes] = await Promise.all([
      picturesOf(context, imageIds),
      uploadsOf(context, imageIds),
      isSent ? countsOf(context, product.id) : undefined,
      isSent ? catalogue.stockChanges(product.id) : [],
    ]);
    const bytes = Buffer.from(context.random.characters(REQUEST_ID_BYTES), 'latin1');
    const stock = { counts, requestId: bytes.toString('hex'), typed };
    const asked = c.req.query('stock');
    const change = changes.find(({ requestId }) => requestId === asked);
    const look = change === undefined ? lookOf(c, context) : lookOf(c, context, stockNotice(change));
    const view = { campaign, product, pictures, uploads, stock: isSent ? stock : undefined, changes, errors };
    return c.html(productPage(look, view), errors.length === 0 ? 200 : 422);
  };

  cms.get('/cms/products/:id', (c) => show(c));

  cms.post('/cms/products/:id/stock', async (c) => {
    requireRole(c, 'publisher');
    const form = await readForm(c);
    const { id } = (await productOf(c, context)).product;
    const way = form.fields('way') === 'withdraw' ? 'withdraw' : 'add';
    const text = form.fields(way);
    const refuse = (errors: readonly FieldError[]): Promise<Response> =>
      show(c, { ...NOTHING_TYPED, [way]: text }, errors);
    const read = readWhole(text, 1, CATALOGUE_LIMITS.quantityMax);
    const label = way === 'add' ? 'Units to add' : 'Units to withdraw';
    if ('problem' in read) return refuse([{ field: way, message: `${label} ${read.problem}.` }]);
    const requestId = form.fields('requestId');
    const units = way === 'add' ? read.value : -read.value;
    const saved = await catalogue.changeStock(editorOf(c), id, requestId, units);
    if (saved.outcome === 'not_found') throw noProduct();
    if (saved.outcome !== 'saved')
      return refuse(
        saved.outcome === 'refused'
          ? errorsOf(saved.findings).map((error) => ({ ...error, field: way }))
          : [],
      );
    await engineAnswer(context, [{ id }]);
    return c.redirect(`${productHref(id)}?stock=${encodeURIComponent(requestId)}`, 303);
  });

  cms.post('/cms/products/:id/send-again', async (c) => {
    requireRole(c, 'editor');
    await readForm(c);
    const { campaign, product } = await productOf(c, context);
    requireChange(c, campaign);
    await catalogue.sendAgain(editorOf(c), product.id);
    await engineAnswer(context, [product]);
    return c.redirect(`${productHref(product.id)}?done=sent-again`, 303);
  });
}

/** Undefined when the actor does not say. */
async function countsOf({ router }: HttpContext, productId: string): Promise<StockView['counts']> {
  const reply = await router.request({ kind: 'showStock', productId });
  return reply.outcome === 'stock' ? reply.stock : undefined;
}
