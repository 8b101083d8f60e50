// A product's form: what was typed, and the draft that it means or what is wrong with it. A line of a CSV file is typed text too,
// and is read by the same rules.

import {
  CATALOGUE_LIMITS as LIMITS,
  moneyText,
  type Attribute,
  type ProductDraft,
} from '../../persistence/index.ts';
import type { FieldError } from '../problem.ts';
import type { FormRead } from './campaign-form.ts';
import { hourText, readHour } from './local-time.ts';
import { CURRENCIES, readMoney } from './money-text.ts';
import {
  lineProblem,
  linesProblem,
  readWhole,
  withLineFeeds,
  type FieldOf,
  type Read,
} from './typed-text.ts';

export const ATTRIBUTES_MAX = LIMITS.attributesPerProduct;
export const IMAGES_MAX = LIMITS.imagesPerProduct;

export const PRODUCT_LABELS = {
  name: 'Name',
  sku: 'SKU',
  description: 'Description',
  startsAt: 'On sale from',
  endsAt: 'On sale until',
  listAmount: 'List price',
  amount: 'Sale price',
  currency: 'Currency',
  quantity: 'Quantity',
  perCustomerLimit: 'Limit per customer',
  holdSeconds: 'Hold time in seconds',
} as const;

export type ProductField = keyof typeof PRODUCT_LABELS;
export const PRODUCT_FIELDS = Object.keys(PRODUCT_LABELS) as readonly ProductField[];

/** A picture that the product has, as its row of the form was sent. */
export interface ImageTyped {
  readonly imageId: string;
  readonly alt: string;
  /** Smaller numbers stand first. */
  readonly place: string;
  readonly isRemoved: boolean;
}

export type ProductTyped = { readonly [Name in ProductField]: string } & {
  readonly attributes: readonly Attribute[];
  readonly images: readonly ImageTyped[];
};

export const attributeField = (row: number, part: 'name' | 'value'): string => `attribute-${row}-${part}`;
export const imageField = (row: number, part: 'id' | 'alt' | 'place' | 'remove'): string =>
  `image-${row}-${part}`;

export function typedProduct(field: FieldOf): ProductTyped {
  const lines = Object.fromEntries(PRODUCT_FIELDS.map((name) => [name, field(name).trim()]));
  const rows = Array.from({ length: ATTRIBUTES_MAX }, (_, row) => ({
    name: field(attributeField(row, 'name')).trim(),
    value: field(attributeField(row, 'value')).trim(),
  }));
  const images = Array.from({ length: IMAGES_MAX }, (_, row) => ({
    imageId: field(imageField(row, 'id')),
    alt: field(imageField(row, 'alt')).trim(),
    place: field(imageField(row, 'place')).trim(),
    isRemoved: field(imageField(row, 'remove')) !== '',
  }));
  return {
    ...(lines as { [Name in ProductField]: string }),
    description: withLineFeeds(field('description')).trim(),
    attributes: rows.filter(({ name, value }) => name !== '' || value !== ''),
    images: images.filter(({ imageId }) => imageId !== ''),
  };
}

/** As somebody would have typed what is kept. @param zone the campaign's */
export function productAsTyped(product: ProductDraft, zone: string): ProductTyped {
  const { currency } = product;
  const hour = (epochMs: number | undefined): string =>
    epochMs === undefined ? '' : hourText(epochMs, zone);
  const money = (amount: number | undefined): string =>
    amount === undefined ? '' : moneyText(amount, currency);
  return {
    name: product.name,
    sku: product.sku,
    description: product.description,
    startsAt: hour(product.startsAt),
    endsAt: hour(product.endsAt),
    listAmount: money(product.listAmount),
    amount: money(product.amount),
    currency,
    quantity: product.quantity === undefined ? '' : String(product.quantity),
    perCustomerLimit: String(product.perCustomerLimit),
    holdSeconds: String(product.holdSeconds),
    attributes: product.attributes,
    images: product.images.map(({ imageId, alt }, row) => ({
      imageId,
      alt,
      place: String(row + 1),
      isRemoved: false,
    })),
  };
}

/** @param zone the campaign's */
export function readProduct(typed: ProductTyped, zone: string): FormRead<ProductDraft> {
  const errors: FieldError[] = [];
  const wrong = (field: ProductField, problem: string | undefined): void => {
    if (problem !== undefined) errors.push({ field, message: `${PRODUCT_LABELS[field]} ${problem}.` });
  };
  const valueOf = (field: ProductField, read: Read<number>): number | undefined => {
    if ('value' in read) return read.value;
    wrong(field, read.problem);
    return undefined;
  };
  const optional = (field: ProductField, read: (text: string) => Read<number>): number | undefined =>
    typed[field] === '' ? undefined : valueOf(field, read(typed[field]));

  wrong('name', typed.name === '' ? 'must not be empty' : lineProblem(typed.name, LIMITS.nameCharactersMax));
  wrong('sku', lineProblem(typed.sku, LIMITS.skuCharactersMax));
  wrong('description', linesProblem(typed.description, LIMITS.descriptionCharactersMax));
  const startsAt = optional('startsAt', (text) => readHour(text, zone));
  const endsAt = optional('endsAt', (text) => readHour(text, zone));
  if (startsAt !== undefined && endsAt !== undefined && endsAt <= startsAt)
    wrong('endsAt', `must be later than “${PRODUCT_LABELS.startsAt}”`);
  const { currency } = typed;
  const isCurrency = CURRENCIES.includes(currency);
  if (!isCurrency) wrong('currency', 'must be an ISO 4217 code such as EUR');
  const money = (field: 'listAmount' | 'amount'): number | undefined =>
    isCurrency ? optional(field, (text) => readMoney(text, currency)) : undefined;
  const listAmount = money('listAmount');
  const amount = money('amount');
  const quantity = optional('quantity', (text) => readWhole(text, 0, LIMITS.quantityMax));
  const limit = readWhole(typed.perCustomerLimit, 1, LIMITS.perCustomerLimitMax);
  const perCustomerLimit = valueOf('perCustomerLimit', limit);
  const hold = readWhole(typed.holdSeconds, 0, LIMITS.holdSecondsMax);
  const holdSeconds = valueOf('holdSeconds', hold);
  errors.push(...attributeErrors(typed.attributes), ...imageErrors(typed.images));

  if (errors.length > 0 || perCustomerLimit === undefined || holdSeconds === undefined) return { errors };
  const { name, description, sku, attributes } = typed;
  return {
    draft: {
      name,
      description,
      sku,
      startsAt,
      endsAt,
      listAmount,
      amount,
      currency,
      quantity,
      perCustomerLimit,
      holdSeconds,
      attributes,
      images: imagesInOrder(typed.images).map(({ imageId, alt }) => ({ imageId, alt })),
    },
  };
}

function attributeErrors(attributes: readonly Attribute[]): FieldError[] {
  const seen = new Set<string>();
  return attributes.flatMap(({ name, value }, row): FieldError[] => {
    const said = `Attribute ${row + 1}`;
    const wrong = (part: 'name' | 'value', problem: string): FieldError[] => [
      { field: attributeField(row, part), message: `${said}: its ${part} ${problem}.` },
    ];
    if (name === '') return wrong('name', `must not be empty, as its value is ${value}`);
    if (name.includes(':')) return wrong('name', 'must have no colon: in CSV files it ends the name');
    const nameProblem = lineProblem(name, LIMITS.attributeNameCharactersMax);
    if (nameProblem !== undefined) return wrong('name', nameProblem);
    if (value === '') return wrong('value', 'must not be empty; empty both to leave it out');
    const valueProblem = lineProblem(value, LIMITS.attributeValueCharactersMax);
    if (valueProblem !== undefined) return wrong('value', valueProblem);
    const key = name.toLowerCase();
    if (seen.has(key)) return wrong('name', `must be another one: “${name}” stands above already`);
    seen.add(key);
    return [];
  });
}

function imageErrors(images: readonly ImageTyped[]): FieldError[] {
  return images.flatMap(({ alt, isRemoved }, row): FieldError[] => {
    if (isRemoved) return [];
    const problem =
      alt === ''
        ? 'must not be empty: say what the picture shows, for those who cannot see it'
        : lineProblem(alt, LIMITS.altCharactersMax);
    if (problem === undefined) return [];
    return [{ field: imageField(row, 'alt'), message: `Alternative text of picture ${row + 1} ${problem}.` }];
  });
}

/** Without the removed ones. A place that is no number comes last; equal places keep their order. */
export function imagesInOrder(images: readonly ImageTyped[]): ImageTyped[] {
  const placeOf = ({ place }: ImageTyped): number => (/^\d{1,4}$/.test(place) ? Number(place) : 10_000);
  const kept = images.filter(({ isRemoved }) => !isRemoved);
  return kept.toSorted((one, other) => placeOf(one) - placeOf(other));
}
