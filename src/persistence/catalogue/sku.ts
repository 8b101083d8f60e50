// When two SKUs are one to whoever reads them, however they were typed. Pure.

/** Nobody sees them: they would make two texts of what looks like one. */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Equal for SKUs that look alike: without regard to capitals, forms of width, and what nobody sees. */
export const skuKey = (sku: string): string =>
  /^[\u0021-\u007e]*$/.test(sku)
    ? sku.toLowerCase()
    : sku.normalize('NFKC').replaceAll(UNSEEN, '').toUpperCase().toLowerCase().normalize('NFKC').trim();

export const isSeen = (sku: string): boolean => sku.search(UNSEEN) === -1;

/** Some scripts and emoji are written with joiners and variants: these are let be. The others hide, or turn text around. */
const HIDDEN_IN_TEXT =
  /(?!\u200c|\u200d|\ufe0e|\ufe0f)[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Zl}\p{Zp}]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

export const hidesNothing = (text: string): boolean => !HIDDEN_IN_TEXT.test(text);
