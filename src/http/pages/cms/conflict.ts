// Two people edited the same thing at once. The second keeps everything that they typed, sees what the first saved beside it, and
// decides: save over it, or take theirs.

import { html } from 'hono/html';
import type { Markup } from '../layout.ts';
import { zonedMoment } from './frame.ts';

export interface TheirSave {
  /** Of what they saved: the next save names it. */
  readonly version: number;
  readonly by: string;
  /** The same person, in another window. */
  readonly isOwn: boolean;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly timeZone: string;
}

export interface Difference {
  readonly field: string;
  readonly label: string;
  readonly mine: string;
  readonly theirs: string;
}

export function differences<Field extends string>(
  fields: readonly Field[],
  labels: Readonly<Record<Field, string>>,
  mine: Readonly<Record<Field, string>>,
  theirs: Readonly<Record<Field, string>>,
): Difference[] {
  return fields
    .filter((field) => mine[field] !== theirs[field])
    .map((field) => ({ field, label: labels[field], mine: mine[field], theirs: theirs[field] }));
}

/** @param takeTheirs address that shows what they saved */
export function conflictPanel(
  theirs: TheirSave,
  differing: readonly Difference[],
  takeTheirs: string,
): Markup {
  return html`<section
    class="error-summary"
    role="alert"
    aria-labelledby="conflict-title"
    tabindex="-1"
    autofocus
  >
    <h2 id="conflict-title">
      ${theirs.isOwn ? 'You saved this in another window meanwhile' : `${theirs.by} saved this while you were writing`}
    </h2>
    <p>
      At ${zonedMoment(theirs.at, theirs.timeZone)}. Nothing of yours is lost: it stands in the form below,
      and is not saved yet. ${differing.length === 0 ? 'It does not differ from theirs.' : 'This differs:'}
    </p>
    ${differing.length === 0 ? '' : table(differing)}
    <p class="row">
      <span>Change the form as you like and save it over theirs, or</span>
      <a class="button button-quiet button-small" href="${takeTheirs}">Take theirs</a>
    </p>
  </section>`;
}

function table(differing: readonly Difference[]): Markup {
  return html`<div class="table-frame">
    <table class="table table-compact">
      <caption class="visually-hidden">
        Fields that differ
      </caption>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Yours, not saved</th>
          <th scope="col">Theirs, saved</th>
        </tr>
      </thead>
      <tbody>
        ${differing.map(
          ({ field, label, mine, theirs }) =>
            html`<tr>
              <th scope="row"><a href="#${field}">${label}</a></th>
              <td data-label="Yours" class="long-text">${said(mine)}</td>
              <td data-label="Theirs" class="long-text">${said(theirs)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

const said = (text: string): Markup => (text === '' ? html`<span class="muted">empty</span>` : html`${text}`);

/** The hint of a field, with their value when it differs. */
export function theirsAt(
  differing: readonly Difference[],
  field: string,
  hint: string | undefined,
): string | Markup | undefined {
  const difference = differing.find((each) => each.field === field);
  if (difference === undefined) return hint;
  const theirs = difference.theirs === '' ? 'empty' : `“${difference.theirs}”`;
  return html`${hint === undefined ? '' : `${hint} `}<strong class="theirs">Theirs: ${theirs}</strong>`;
}
