// What may be kept of a draft at all: shapes and bounds, each in words that say what would be right. Pure. Whether it can be
// published is publish-check.ts's affair.

import { isPlainLines, isPlainText } from '../../actors/index.ts';
import type { Campaign, CampaignDraft, Entry } from './campaign.ts';
import type { CampaignGate } from './campaign-gate.ts';
import type { ProductDraft } from './catalogue-product.ts';
import { hourAndZone, isTimeZone } from './hours.ts';
import { CATALOGUE_LIMITS as LIMITS } from './limits.ts';
import type { Finding } from './outcome.ts';
import { hidesNothing, isSeen } from './sku.ts';

/** Texts without blanks around them. */
export const tidyCampaign = (draft: CampaignDraft): CampaignDraft => ({
  title: draft.title.trim(),
  slug: draft.slug.trim(),
  description: draft.description.trim(),
  startsAt: draft.startsAt,
  endsAt: draft.endsAt,
  timeZone: draft.timeZone.trim(),
  entry: tidyEntry(draft.entry),
  ...(draft.gate && { gate: draft.gate }),
});

const tidyEntry = (entry: Entry): Entry =>
  entry.kind === 'claim'
    ? { kind: entry.kind, name: entry.name.trim(), value: entry.value.trim() }
    : { kind: entry.kind };

export const tidyProduct = (draft: ProductDraft): ProductDraft => ({
  name: draft.name.trim(),
  description: draft.description.trim(),
  sku: draft.sku.trim(),
  startsAt: draft.startsAt,
  endsAt: draft.endsAt,
  listAmount: draft.listAmount,
  amount: draft.amount,
  currency: draft.currency.trim(),
  quantity: draft.quantity,
  perCustomerLimit: draft.perCustomerLimit,
  holdSeconds: draft.holdSeconds,
  attributes: draft.attributes.map(({ name, value }) => ({ name: name.trim(), value: value.trim() })),
  images: draft.images.map(({ imageId, alt }) => ({ imageId, alt: alt.trim() })),
});

export function campaignFaults(draft: CampaignDraft): Finding[] {
  const faults = new Faults(undefined);
  faults.text('title', draft.title, LIMITS.titleCharactersMax, 'a title', isPlainText);
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(draft.slug) || draft.slug.length > LIMITS.slugCharactersMax)
    faults.add(
      'slug',
      `The address is ${LIMITS.slugCharactersMax} lower-case letters, digits and single dashes at most, such as summer-sale.`,
    );
  faults.optionalText('description', draft.description, LIMITS.descriptionCharactersMax, isPlainLines);
  if (!isTimeZone(draft.timeZone))
    faults.add('timeZone', `"${draft.timeZone}" is no time zone. One is named such as Europe/Berlin or UTC.`);
  faults.window(draft);
  entryFaults(draft.entry, faults);
  if (draft.gate !== undefined) gateFaults(draft.gate, faults);
  return faults.all;
}

function entryFaults(entry: Entry, faults: Faults): void {
  if (entry.kind !== 'claim') return;
  faults.text('entry', entry.name, LIMITS.claimNameCharactersMax, 'the name of the claim', isPlainText);
  faults.text('entry', entry.value, LIMITS.claimValueCharactersMax, 'the value of the claim', isPlainText);
}

/** What the actors would not take, and what would never have an effect. */
function gateFaults(gate: CampaignGate, faults: Faults): void {
  faults.integer('openHoldsMax', gate.openHoldsMax, 0, LIMITS.openHoldsMax, 'open holds');
  faults.integer('coolDownSeconds', gate.coolDownSeconds, 0, LIMITS.coolDownSecondsMax, 'seconds');
  faults.integer('attemptsMax', gate.attemptsMax, 0, LIMITS.attemptsMax, 'attempts');
  faults.integer('shortestHoldSeconds', gate.shortestHoldSeconds, 0, LIMITS.holdSecondsMax, 'seconds');
  if (gate.work && !gate.ticket)
    faults.add(
      'work',
      'The proof of work is what a ticket costs, and no tickets are asked for: ask for tickets, or for no work.',
    );
  if (gate.attemptsMax > 0 && gate.openHoldsMax > gate.attemptsMax)
    faults.add(
      'openHoldsMax',
      `Nobody gets to ${gate.openHoldsMax} open holds with ${gate.attemptsMax} attempts: allow as many attempts, or fewer holds.`,
    );
}

const isShownText = (text: string): boolean => isPlainText(text) && hidesNothing(text);

/** @param campaign that it is or will be of */
export function productFaults(
  draft: ProductDraft,
  campaign: Pick<Campaign, 'startsAt' | 'endsAt' | 'timeZone'>,
  productId: string | undefined,
): Finding[] {
  const faults = new Faults(productId);
  faults.text('name', draft.name, LIMITS.nameCharactersMax, 'a name', isShownText);
  faults.optionalText('description', draft.description, LIMITS.descriptionCharactersMax, isPlainLines);
  faults.optionalText('sku', draft.sku, LIMITS.skuCharactersMax, (sku) => isPlainText(sku) && isSeen(sku));
  faults.window(draft);
  for (const message of outsideOf(campaign, draft)) faults.add(message.field, message.message);
  faults.amount('amount', draft.amount);
  faults.amount('listAmount', draft.listAmount);
  if (!/^[A-Z]{3}$/.test(draft.currency))
    faults.add('currency', 'The currency is its code of three capital letters, such as EUR.');
  if (draft.quantity !== undefined)
    faults.integer('quantity', draft.quantity, 0, LIMITS.quantityMax, 'units');
  faults.integer('perCustomerLimit', draft.perCustomerLimit, 1, LIMITS.perCustomerLimitMax, 'units');
  faults.integer('holdSeconds', draft.holdSeconds, 0, LIMITS.holdSecondsMax, 'seconds');
  attributeFaults(draft, faults);
  imageFaults(draft, faults);
  return faults.all;
}

function attributeFaults({ attributes }: ProductDraft, faults: Faults): void {
  if (attributes.length > LIMITS.attributesPerProduct)
    faults.add('attributes', `A product has ${LIMITS.attributesPerProduct} attributes at most.`);
  const seen = new Set<string>();
  for (const { name, value } of attributes.slice(0, LIMITS.attributesPerProduct)) {
    if (seen.has(name)) faults.add('attributes', `The attribute "${name}" is there twice.`);
    seen.add(name);
    faults.text(
      'attributes',
      name,
      LIMITS.attributeNameCharactersMax,
      'the name of an attribute',
      isPlainText,
    );
    faults.text(
      'attributes',
      value,
      LIMITS.attributeValueCharactersMax,
      `a value for "${name}"`,
      isPlainText,
    );
  }
}

function imageFaults({ images }: ProductDraft, faults: Faults): void {
  if (images.length > LIMITS.imagesPerProduct)
    faults.add('images', `A product has ${LIMITS.imagesPerProduct} pictures at most.`);
  if (new Set(images.map(({ imageId }) => imageId)).size < images.length)
    faults.add('images', 'The same picture is there twice.');
  for (const { alt } of images) faults.optionalText('images', alt, LIMITS.altCharactersMax, isPlainText);
}

/** Each end of a window that lies outside of the campaign's. */
export function outsideOf(
  { startsAt, endsAt, timeZone }: Pick<Campaign, 'startsAt' | 'endsAt' | 'timeZone'>,
  product: Pick<ProductDraft, 'startsAt' | 'endsAt'>,
): { field: 'startsAt' | 'endsAt'; message: string }[] {
  const told: { field: 'startsAt' | 'endsAt'; message: string }[] = [];
  const tell = (field: 'startsAt' | 'endsAt', what: string, word: string, bound: number): number =>
    told.push({
      field,
      message: `It ${what} ${word} the campaign, at ${hourAndZone(bound, timeZone)}. A product’s hours lie inside the campaign’s.`,
    });
  for (const [field, what] of [
    ['startsAt', 'starts'],
    ['endsAt', 'ends'],
  ] as const) {
    const at = product[field];
    if (at === undefined) continue;
    if (startsAt !== undefined && (at < startsAt || (field === 'endsAt' && at === startsAt)))
      tell(field, what, field === 'startsAt' ? 'before the start of' : 'at or before the start of', startsAt);
    if (endsAt !== undefined && (at > endsAt || (field === 'startsAt' && at === endsAt)))
      tell(field, what, field === 'startsAt' ? 'at or after the end of' : 'after the end of', endsAt);
  }
  return told;
}

class Faults {
  readonly all: Finding[] = [];
  readonly #productId: string | undefined;

  constructor(productId: string | undefined) {
    this.#productId = productId;
  }

  add(field: string, message: string): void {
    this.all.push({ productId: this.#productId, field, message, severity: 'error' });
  }

  text(field: string, text: string, max: number, what: string, isAllowed: (text: string) => boolean): void {
    if (text === '') this.add(field, `It needs ${what}.`);
    else this.optionalText(field, text, max, isAllowed);
  }

  optionalText(field: string, text: string, max: number, isAllowed: (text: string) => boolean): void {
    if (text.length > max) this.add(field, `This text has ${text.length} characters; ${max} are the most.`);
    else if (!isAllowed(text))
      this.add(field, 'This text holds characters that cannot be shown: remove them.');
  }

  amount(field: string, amount: number | undefined): void {
    if (amount === undefined) return;
    if (!Number.isSafeInteger(amount) || amount < 0 || amount > LIMITS.amountMax)
      this.add(
        field,
        `A price is 0 to ${LIMITS.amountMax} in the currency’s smallest unit, without fractions of it.`,
      );
  }

  integer(field: string, value: number, min: number, max: number, unit: string): void {
    if (!Number.isSafeInteger(value) || value < min || value > max)
      this.add(field, `It is a whole number from ${min} to ${max} (${unit}).`);
  }

  window({ startsAt, endsAt }: Pick<ProductDraft, 'startsAt' | 'endsAt'>): void {
    for (const [field, at] of [
      ['startsAt', startsAt],
      ['endsAt', endsAt],
    ] as const) {
      if (at !== undefined && (!Number.isSafeInteger(at) || at < 0 || at >= LIMITS.instantMax))
        this.add(field, 'The hour must lie in the years 1970 to 9999.');
    }
    if (startsAt !== undefined && endsAt !== undefined && endsAt <= startsAt)
      this.add('endsAt', 'The end must be later than the start.');
  }
}
