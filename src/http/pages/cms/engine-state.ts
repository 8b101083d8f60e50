// What the engine has said of a product, in words: whether what shoppers meet is what stands here.

import { html } from 'hono/html';
import type { CatalogueProduct } from '../../../persistence/index.ts';
import type { Markup } from '../layout.ts';
import { zonedMoment } from './frame.ts';

export function engineBadge({ engine }: Pick<CatalogueProduct, 'engine'>): Markup {
  if (engine.refusal !== undefined)
    return html`<span class="badge badge-refused">Refused by the engine</span>`;
  if (engine.waiting > 0)
    return html`<span class="badge badge-waiting">${engine.waiting} waiting for the engine</span>`;
  if (engine.confirmedAt === undefined)
    return html`<span class="badge badge-draft">Not sent to the engine</span>`;
  return engine.isCurrent
    ? html`<span class="badge badge-confirmed">Confirmed by the engine</span>`
    : html`<span class="badge badge-waiting">Being sent to the engine</span>`;
}

/** In one or two sentences. */
export function engineText({ engine }: Pick<CatalogueProduct, 'engine'>, timeZone: string): Markup {
  const { refusal, waiting, confirmedAt } = engine;
  const confirmed =
    confirmedAt === undefined ? '' : html`Confirmed by the engine at ${zonedMoment(confirmedAt, timeZone)}. `;
  if (refusal !== undefined) return html`Refused by the engine: ${refusal} ${confirmed}`;
  if (waiting > 0) {
    const what = waiting === 1 ? 'One change waits' : `${waiting} changes wait`;
    return html`${what} for the engine’s answer and is sent again until it comes. ${confirmed}`;
  }
  return confirmedAt === undefined
    ? html`Not sent yet: the engine hears of a product when its campaign is published.`
    : html`${confirmed}`;
}
