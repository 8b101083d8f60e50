// What a text may hold that everybody keeps: the journal, Postgres, and whoever computes keys of it.

/** Lone surrogates would be one and the same after UTF-8; a NUL could shift the parts of a key, and Postgres takes none. */
export function isPlainText(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are just what must not be there
  return text.isWellFormed() && !/[\u0000-\u001f\u007f]/.test(text);
}

/** The same, of more than one line. */
export const isPlainLines = (text: string): boolean => isPlainText(text.replaceAll(/[\t\n\r]/g, ' '));
