// What each handler of campaigns needs of a request: who asks, what was done just before, and the campaign or product that the
// address names.

import type { Context } from 'hono';
import type { Campaign, CatalogueProduct, Editor, Finding } from '../../persistence/index.ts';
import type { HttpContext } from '../context.ts';
import type { FieldError, Look, Notice } from '../pages/cms/index.ts';
import { CmsProblem } from './cms-problem.ts';
import { roleToChange } from './may-change.ts';
import { requireRole } from './signed-in.ts';

/** Words of the address after a redirect; the address itself says no text, so that nobody can put words in the CMS's mouth. */
const DONE: Readonly<Record<string, string>> = {
  'campaign-saved': 'The campaign is saved.',
  'product-saved': 'The product is saved.',
  'product-made-before':
    'This form was sent before and made this product. What was sent again is not saved: change it here.',
  'product-removed': 'The product is removed.',
  'sent-again': 'The product is on its way to the engine again.',
  'list-removed': 'The list is removed. Nobody enters a campaign for a list that has none.',
  'review-paid': 'The payment is approved, and the money is taken.',
  'review-pending': 'The payment is approved. The bank has not answered yet; it is asked until it does.',
  'review-declined':
    'The payment is approved, and the bank declined it. The customer can try again while the hold lasts.',
  'review-denied': 'The payment is denied, and its units can be bought again.',
  'status-saved': 'The status is set. All nodes know it within seconds.',
  'status-unchanged': 'That is the status already: nothing was changed.',
  cloned: 'This is the clone: a draft with products of its own.',
  publish: 'The campaign is published.',
  pause: 'The campaign is paused.',
  resume: 'The campaign goes on.',
  cancel: 'The campaign is cancelled.',
};

export function lookOf(
  c: Context,
  { assets, clock }: HttpContext,
  notice: Notice | undefined = doneOf(c),
): Look {
  return { assets, session: c.get('cms'), now: clock.now(), notice };
}

function doneOf(c: Context): Notice | undefined {
  const imported = /^(\d{1,4})-(\d{1,4})$/.exec(c.req.query('imported') ?? '');
  if (imported !== null)
    return { kind: 'good', text: `Imported: ${imported[1]} added, ${imported[2]} changed.` };
  const done = c.req.query('done') ?? '';
  return Object.hasOwn(DONE, done) ? { kind: 'good', text: DONE[done]! } : undefined;
}

export const editorOf = (c: Context): Editor => {
  const { id, name, role } = c.get('cms').user;
  return { id, name, role };
};

export interface CampaignAndProducts {
  readonly campaign: Campaign;
  readonly products: readonly CatalogueProduct[];
}

/** Of the address. @throws CmsProblem */
export async function campaignOf(c: Context, { cms }: HttpContext): Promise<CampaignAndProducts> {
  const id = c.req.param('id') ?? '';
  const found = isPlainId(id) ? await cms!.catalogue.campaign(id) : undefined;
  if (found === undefined) throw noCampaign();
  return found;
}

/** Of the address. @throws CmsProblem */
export async function productOf(
  c: Context,
  { cms }: HttpContext,
): Promise<{ readonly product: CatalogueProduct; readonly campaign: Campaign }> {
  const id = c.req.param('id') ?? '';
  const found = isPlainId(id) ? await cms!.catalogue.product(id) : undefined;
  if (found === undefined) throw noProduct();
  return found;
}

/** Nothing else was ever an id; Postgres would not even take a \0 to look for. */
export const isPlainId = (id: string): boolean => /^[\w.-]{1,100}$/.test(id);

/** @throws CmsProblem that says which role is needed, or that nothing changes any more */
export function requireChange(c: Context, campaign: Pick<Campaign, 'status'>): void {
  requireRole(c, roleToChange(campaign));
  if (campaign.status === 'cancelled')
    throw new CmsProblem(
      409,
      'This campaign was cancelled',
      'Nothing of it changes any more. Clone it to go on. Nothing was changed.',
    );
}

export const noCampaign = (): CmsProblem =>
  new CmsProblem(404, 'No such campaign', 'No campaign has this address. Look for it among the campaigns.');

export const noProduct = (): CmsProblem =>
  new CmsProblem(404, 'No such product', 'No product has this address. It may have been removed meanwhile.');

/** What was refused, at the fields of its form. */
export const errorsOf = (findings: readonly Finding[]): FieldError[] =>
  findings.map(({ field, message }) => ({ field: FORMLESS.includes(field) ? '' : field, message }));

/** They have no field of their own. */
const FORMLESS = ['status', 'products', 'position', 'requestId'];

/** The version that the form was made from; one that is none conflicts with any. */
export function versionOf(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}
