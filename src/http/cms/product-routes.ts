// Products: one of them, its form, its place among the others, and its removal.

import type { Context, Hono } from 'hono';
import {
  isProductEnding,
  productEnding,
  type Campaign,
  type CatalogueProduct,
} from '../../persistence/index.ts';
import type { HttpContext } from '../context.ts';
import {
  campaignHref,
  MORE_ROWS,
  SENT,
  productFormPage,
  productHref,
  removePage,
  type FieldError,
  type ProductFormView,
} from '../pages/cms/index.ts';
import { engineAnswer } from './engine-answer.ts';
import { readForm, type CmsForm } from './form.ts';
import { hourText } from './local-time.ts';
import {
  campaignOf,
  editorOf,
  errorsOf,
  lookOf,
  noCampaign,
  noProduct,
  productOf,
  versionOf,
  requireChange,
} from './look.ts';
import { productAsTyped, readProduct, typedProduct, type ProductTyped } from './product-form.ts';
import { leavePictures, picturesOf, takePictures } from './product-pictures.ts';
import { requireRole } from './signed-in.ts';

/** Of a product's form with the pictures that it brings. */
const PRODUCT_FORM_BYTES_MAX = 32 * 1024 * 1024;
const EMPTY_ROWS = 3;
const MORE_EMPTY_ROWS = 6;

type Filled = Pick<ProductFormView, 'typed' | 'errors'> & Partial<ProductFormView>;

export function productRoutes(cms: Hono, context: HttpContext): void {
  const { catalogue } = context.cms!;

  const show = async (
    c: Context,
    campaign: Campaign,
    product: CatalogueProduct | undefined,
    filled: Filled,
    status: 200 | 409 | 422,
  ): Promise<Response> => {
    const pictures = await picturesOf(
      context,
      filled.typed.images.map(({ imageId }) => imageId),
    );
    const view: ProductFormView = {
      campaign,
      product,
      pictures,
      newAlts: [],
      ending: productEnding(context.random),
      emptyAttributeRows: EMPTY_ROWS,
      isSent: product !== undefined && campaign.status !== 'draft',
      ...filled,
    };
    return c.html(productFormPage(lookOf(c, context), view), status);
  };

  /** What the form means, or the same form with what is wrong with it. */
  const readSent = async (
    c: Context,
    form: CmsForm,
    campaign: Campaign,
    product: CatalogueProduct | undefined,
  ) => {
    const version = versionOf(form.fields('version'));
    const ending = endingOf(form, context);
    // The form keeps the version that it was made from: a mistake in it does not make it newer.
    const same = product && { ...product, version };
    if (form.has(MORE_ROWS)) {
      const filled = {
        typed: typedProduct(form.fields),
        ...leavePictures(form),
        ending,
        emptyAttributeRows: MORE_EMPTY_ROWS,
        asksForMoreRows: true,
      };
      return { response: await show(c, campaign, same, filled, 200) };
    }
    const taken = await takePictures(context, form, typedProduct(form.fields));
    const { typed, errors } = whileDraft(campaign, product, form, taken);
    const { newAlts } = taken;
    // Large pictures take seconds.
    await c.get('lookAgain')();
    const read = readProduct(typed, campaign.timeZone);
    const all: FieldError[] = [...('errors' in read ? read.errors : []), ...errors];
    if (all.length > 0 || 'errors' in read)
      return { response: await show(c, campaign, same, { typed, ending, errors: all, newAlts }, 422) };
    return { typed, ending, draft: read.draft, version };
  };

  cms.get('/cms/campaigns/:id/products/new', async (c) => {
    const { campaign, products } = await campaignOf(c, context);
    requireChange(c, campaign);
    return show(c, campaign, undefined, { typed: newProduct(campaign, products.at(-1)), errors: [] }, 200);
  });

  cms.post('/cms/campaigns/:id/products/new', async (c) => {
    requireRole(c, 'editor');
    const form = await readForm(c, PRODUCT_FORM_BYTES_MAX);
    const { campaign, products } = await campaignOf(c, context);
    requireChange(c, campaign);
    const made = products.find(({ id }) => id.endsWith(`-${endingOf(form, context)}`));
    if (made !== undefined) return c.redirect(`${productHref(made.id)}?done=product-made-before`, 303);
    const sent = await readSent(c, form, campaign, undefined);
    if (sent.response !== undefined) return sent.response;
    const saved = await catalogue.addProduct(editorOf(c), campaign.id, sent.draft, sent.ending);
    if (saved.outcome === 'not_found') throw noCampaign();
    if (saved.outcome !== 'saved') {
      const errors = saved.outcome === 'refused' ? errorsOf(saved.findings) : [];
      const { typed, ending } = sent;
      return show(c, campaign, undefined, { typed, ending, errors }, 422);
    }
    await engineAnswer(context, [saved.value]);
    return c.redirect(`${productHref(saved.value.id)}?done=product-saved`, 303);
  });

  cms.get('/cms/products/:id/edit', async (c) => {
    const { campaign, product } = await productOf(c, context);
    requireChange(c, campaign);
    const typed = productAsTyped(product, campaign.timeZone);
    return show(c, campaign, product, { typed, errors: [] }, 200);
  });

  cms.post('/cms/products/:id/edit', async (c) => {
    requireRole(c, 'editor');
    const form = await readForm(c, PRODUCT_FORM_BYTES_MAX);
    const { campaign, product } = await productOf(c, context);
    requireChange(c, campaign);
    const sent = await readSent(c, form, campaign, product);
    if (sent.response !== undefined) return sent.response;
    const { typed, version } = sent;
    const isSent = campaign.status !== 'draft';
    const draft = isSent ? { ...sent.draft, quantity: undefined } : sent.draft;
    const saved = await catalogue.saveProduct(editorOf(c), product.id, version, draft);
    switch (saved.outcome) {
      case 'saved':
        await engineAnswer(context, [product]);
        return c.redirect(`${productHref(product.id)}?done=product-saved`, 303);
      case 'conflict': {
        const theirs = await theirSave(c, context, saved.current, campaign);
        return show(c, campaign, saved.current, { typed, errors: [], theirs }, 409);
      }
      case 'refused':
        return show(c, campaign, { ...product, version }, { typed, errors: errorsOf(saved.findings) }, 422);
      case 'not_found':
        throw noProduct();
    }
  });

  cms.post('/cms/products/:id/move', async (c) => {
    requireRole(c, 'editor');
    const form = await readForm(c);
    const { campaign, product } = await productOf(c, context);
    requireChange(c, campaign);
    await catalogue.moveProduct(editorOf(c), product.id, form.fields('by') === 'up' ? -1 : 1);
    return c.redirect(`${campaignHref(campaign.id)}#products`, 303);
  });

  cms.get('/cms/products/:id/remove', async (c) => {
    const { campaign, product } = await productOf(c, context);
    requireChange(c, campaign);
    return c.html(removePage(lookOf(c, context), campaign, product));
  });

  cms.post('/cms/products/:id/remove', async (c) => {
    requireRole(c, 'editor');
    const form = await readForm(c);
    const { campaign, product } = await productOf(c, context);
    requireChange(c, campaign);
    const version = versionOf(form.fields('version'));
    const removed = await catalogue.removeProduct(editorOf(c), product.id, version);
    if (removed.outcome === 'not_found') throw noProduct();
    if (removed.outcome === 'saved')
      return c.redirect(`${campaignHref(campaign.id)}?done=product-removed`, 303);
    const isOwn = await catalogue.isOwnSave(editorOf(c), product);
    const changed = `${isOwn ? 'You, in another window,' : product.updatedBy} changed the product meanwhile. Look at it again before you remove it.`;
    const errors =
      removed.outcome === 'refused' ? errorsOf(removed.findings) : [{ field: '', message: changed }];
    return c.html(removePage(lookOf(c, context), campaign, product, errors), 409);
  });
}

/** Another one when somebody wrote it by hand. */
function endingOf(form: CmsForm, { random }: HttpContext): string {
  const ending = form.fields('ending');
  return isProductEnding(ending) ? ending : productEnding(random);
}

/** Units typed while it was a draft are the engine's by now: that is told, and the form shows what is there. */
function whileDraft(
  campaign: Campaign,
  product: CatalogueProduct | undefined,
  form: CmsForm,
  { typed, errors }: { readonly typed: ProductTyped; readonly errors: readonly FieldError[] },
): { readonly typed: ProductTyped; readonly errors: readonly FieldError[] } {
  if (product === undefined || campaign.status === 'draft' || form.has(SENT)) return { typed, errors };
  const { quantity } = productAsTyped(product, campaign.timeZone);
  if (typed.quantity === quantity) return { typed, errors };
  const message =
    `The campaign was published while you were writing, and nothing is saved yet. ${typed.quantity || 'No'} units were typed; ` +
    `it is on sale with ${quantity}: add or withdraw units on the product’s page.`;
  return { typed: { ...typed, quantity }, errors: [...errors, { field: 'quantity', message }] };
}

const theirSave = async (
  c: Context,
  context: HttpContext,
  current: CatalogueProduct,
  { timeZone }: Campaign,
): Promise<NonNullable<ProductFormView['theirs']>> => ({
  typed: productAsTyped(current, timeZone),
  version: current.version,
  by: current.updatedBy,
  isOwn: await context.cms!.catalogue.isOwnSave(editorOf(c), current),
  at: current.updatedAt,
  timeZone,
});

/** The campaign's hours, and the currency of the product before. */
function newProduct(
  { startsAt, endsAt, timeZone }: Campaign,
  last: CatalogueProduct | undefined,
): ProductTyped {
  const hour = (at: number | undefined): string => (at === undefined ? '' : hourText(at, timeZone));
  return {
    name: '',
    sku: '',
    description: '',
    startsAt: hour(startsAt),
    endsAt: hour(endsAt),
    listAmount: '',
    amount: '',
    currency: last?.currency ?? 'EUR',
    quantity: '',
    perCustomerLimit: '1',
    holdSeconds: '300',
    attributes: [],
    images: [],
  };
}
