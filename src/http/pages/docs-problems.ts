// The errors of the interface in one table, each with an anchor: a problem's `type` leads here.

import { html } from 'hono/html';
import type { Markup } from './layout.ts';
import { withCode } from './prose.ts';

export type ProblemEntry = {
  code: string;
  status: number;
  title: string;
  detail: string;
  retry: string;
};

const RETRY: Readonly<Record<string, string>> = {
  same_key: 'Repeat it with the same key.',
  later: 'It can work later.',
  never: 'Only a different request can work.',
};

export function problemSection(problems: readonly ProblemEntry[]): Markup {
  if (problems.length === 0) return html``;
  return html`<section aria-labelledby="problems">
    <h2 id="problems">Problems</h2>
    <p>
      Every error is a problem document with one of these codes. They are stable; titles and details may
      change.
    </p>
    <article class="operation" aria-label="Problems">
      <table>
        <thead>
          <tr>
            <th scope="col">Code</th>
            <th scope="col">Status</th>
            <th scope="col">Meaning</th>
            <th scope="col">Again?</th>
          </tr>
        </thead>
        <tbody>
          ${problems.map(
            ({ code, status, detail, retry }) =>
              html`<tr id="${code}">
                <th scope="row"><code>${code}</code></th>
                <td data-label="Status">${status}</td>
                <td data-label="Meaning">${withCode(detail)}</td>
                <td data-label="Again?">${RETRY[retry] ?? retry}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </article>
  </section>`;
}
