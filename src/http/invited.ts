// Who is invited, as somebody typed or uploaded it, and the links as a file for spreadsheets and mailings. Pure.

import { isCustomerId } from '../actors/index.ts';

const HEADER = /^customer[ _-]?(id)?$/i;

export type Invited =
  | { readonly ids: readonly string[] }
  /** Of the field that it is in. */
  | { readonly field: 'customerIds' | 'invited'; readonly fault: string };

/** One id a line, in quotes or not; blank lines and a line that names the column are no ids. */
export function invitedIds(typed: string, file: string): Invited {
  const ids: string[] = [];
  for (const [field, text] of [
    ['customerIds', typed],
    ['invited', file.replace(/^\uFEFF/, '')],
  ] as const) {
    for (const [at, line] of text.split(/\r\n|\n|\r/).entries()) {
      const id = line.trim().replace(/^"([^"]*)"$/, '$1');
      if (id === '' || (at === 0 && HEADER.test(id))) continue;
      if (!isCustomerId(id) || id.includes('"') || id.includes('\uFFFD'))
        return {
          field,
          fault: `Line ${at + 1} is no customer id: 1 to 128 characters, no control characters and no quotes.`,
        };
      ids.push(id);
    }
  }
  return { ids };
}

export interface InvitationLink {
  readonly customerId: string;
  readonly path: string;
}

export const INVITATIONS_HEADER = 'customerId,link';

/** @param origin that the links lead to, as https://shop.example */
export const invitationsCsv = (origin: string, invitations: readonly InvitationLink[]): string =>
  [INVITATIONS_HEADER, ...invitations.map((link) => invitationLine(origin, link)), ''].join('\r\n');

/** One line of it, without its end. */
export const invitationLine = (origin: string, { customerId, path }: InvitationLink): string =>
  `${cell(customerId)},${origin}${path}`;

/** A cell that a spreadsheet would take for a formula begins with a quote mark, as spreadsheets want it. */
function cell(text: string): string {
  const safe = /^[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",;]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
