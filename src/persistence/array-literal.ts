// Columns of a batch as Postgres array literals: one parameter a column, whatever the number of rows.
//
// The client would build the same text from an array, but looks at every element in turn; here most columns need no
// quoting at all, and a product's name is quoted once for a thousand rows.

const SPECIAL = /["\\]/;
const SPECIALS = /["\\]/g;

/** A text as an element of an array literal. NUL cannot be stored in Postgres and is refused at the edge. */
export function quoted(text: string): string {
  return SPECIAL.test(text) ? `"${text.replace(SPECIALS, '\\$&')}"` : `"${text}"`;
}

/** @param elements quoted texts, or numbers */
export const arrayLiteral = (elements: readonly (string | number | boolean)[]): string =>
  `{${elements.join(',')}}`;
