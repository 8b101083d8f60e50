// Names that are made here: of campaigns, and of products as the engine knows them.

import type { Random } from '../../runtime/ports.ts';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ID_CHARACTERS = 10;
export const MADE_HERE = new RegExp(`-[${ALPHABET}]{${ID_CHARACTERS}}$`);
/** Of the engine's names of products. */
const PRODUCT_ID_CHARACTERS_MAX = 64;

export const campaignId = (random: Random): string => randomName(random, 16);

/** What tells two products of one name apart; a form draws it ahead, so that sending it twice makes one product. */
export const productEnding = (random: Random): string => randomName(random, ID_CHARACTERS);

export const isProductEnding = (text: string): boolean =>
  text.length === ID_CHARACTERS && Array.from(text).every((each) => ALPHABET.includes(each));

/**
 * Tells people what it is, and nobody can guess it. All that the catalogue makes has this form, so that a product of another
 * form is known to be in no campaign, whoever is away: see http/doors.ts.
 */
export function productId(name: string, random: Random, ending: string = productEnding(random)): string {
  const slug = slugOf(name).slice(0, PRODUCT_ID_CHARACTERS_MAX - ID_CHARACTERS - 1);
  return `${slug.replace(/-+$/, '') || 'product'}-${ending}`;
}

/** `Café crème` → `cafe-creme`. */
export const slugOf = (text: string): string =>
  text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');

export const mayBeProductId = (id: string): boolean => MADE_HERE.test(id);

/** Which nobody can guess. */
export const randomName = (random: Random, characters: number): string =>
  Array.from(random.characters(characters), (each) => ALPHABET[each.charCodeAt(0) % 32]).join('');
