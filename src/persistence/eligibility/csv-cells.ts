// The cells of one line of CSV. Quotes stand around a cell, with each quote in it doubled.

const SEPARATORS = [',', ';', '\t'];
const QUOTES_WRONG =
  'has quotes that do not fit: they stand around a whole cell, with each quote in it doubled';

/** The one that stands in it outside of quotes; spreadsheets of some languages write semicolons. */
export function separatorOf(text: string): string {
  const outside = (text.includes('"') ? text.replaceAll(/"[^"]*"/g, '') : text).trim();
  return SEPARATORS.find((separator) => outside.includes(separator)) ?? ',';
}

/** Without spaces around them, unless in quotes. @returns what is wrong with it, when it has no cells */
export function cellsOf(text: string, separator: string): readonly string[] | string {
  if (!text.includes('"')) return text.split(separator).map((cell) => cell.trim());
  const cells: string[] = [];
  for (let at = 0; ;) {
    while (text[at] === ' ') at++;
    if (text[at] !== '"') {
      const end = text.indexOf(separator, at);
      const cell = end < 0 ? text.slice(at) : text.slice(at, end);
      if (cell.includes('"')) return QUOTES_WRONG;
      cells.push(cell.trim());
      if (end < 0) return cells;
      at = end + 1;
      continue;
    }
    let cell = '';
    for (let from = at + 1; ;) {
      const quote = text.indexOf('"', from);
      if (quote < 0) return QUOTES_WRONG;
      cell += text.slice(from, quote);
      at = quote + 1;
      if (text[at] !== '"') break;
      cell += '"';
      from = at + 1;
    }
    cells.push(cell);
    while (text[at] === ' ') at++;
    if (at === text.length) return cells;
    if (text[at] !== separator) return QUOTES_WRONG;
    at++;
  }
}
