// The part of a campaign's form that says what is asked of whoever wants to buy: each check with what it stops and what it costs, in
// the order in which they are made.

import { html } from 'hono/html';
import { GATE_LABELS, type GateTyped } from '../../cms/gate-form.ts';
import type { Markup } from '../layout.ts';
import { theirsAt, type Difference } from './conflict.ts';
import { checkField, errorAt, field, type FieldError } from './field.ts';

type Name = keyof typeof GATE_LABELS;

const HINTS: Readonly<Record<Name, string>> = {
  limits:
    'Stops refresh storms and scripts that hammer: one customer and one address get so many requests a second and no more. Costs shoppers nothing; many behind one address share that address’s part.',
  ticket:
    'Stops scripts that order past the page, and shared or repeated orders: none is taken without a ticket, which is one customer’s own, works once, and cannot be had until shortly before the start. Costs one more request: the shop’s page makes it by itself, other clients must.',
  work: 'Makes many tickets dear for one machine: each costs its device a computation, the more the more is asked for. Costs a phone a moment and some battery; whoever cannot compute waits instead. It needs purchase tickets.',
  openHoldsMax: 'Of one customer, not paid yet. Stops taking the stock without paying. Empty or 0: no bound.',
  coolDownSeconds: 'After a hold ran out unpaid or was denied, before the next order. Empty or 0: none.',
  attemptsMax: 'Of one customer, whatever became of them. Stops endless tries. Empty or 0: no bound.',
  shortestHoldSeconds:
    'Below half of the units holds last half as long, below a fifth a quarter; never less than this. Empty or 0: they stay as they are.',
  risk: 'Stops payments that the shop’s rules refuse, before money is taken: each is allowed, kept until a person has reviewed it, or denied. Costs each payment a look into Postgres.',
};

export function gateFields(
  typed: GateTyped,
  errors: readonly FieldError[],
  differing: readonly Difference[],
): Markup {
  const common = (name: Name) => ({
    name,
    label: GATE_LABELS[name],
    hint: theirsAt(differing, name, HINTS[name]),
    error: errorAt(errors, name),
  });
  const check = (name: Name): Markup => checkField({ ...common(name), checked: typed[name] === 'yes' });
  const bound = (name: Name): Markup =>
    field({ ...common(name), value: typed[name], inputmode: 'numeric', autocomplete: 'off', width: 'short' });
  return html`<fieldset class="form-section" id="gate">
    <legend><h2>Gate</h2></legend>
    <p>
      What is asked of whoever wants to buy, the cheapest check first. All of it can change while the campaign
      runs; an order that was accepted stays accepted.
    </p>
    <div class="gate-checks">${check('limits')} ${check('ticket')} ${check('work')}</div>
    <div class="gate-bounds">
      <h3>Holds, for each product by itself</h3>
      <div class="gate-grid">
        ${bound('openHoldsMax')} ${bound('coolDownSeconds')} ${bound('attemptsMax')}
        ${bound('shortestHoldSeconds')}
      </div>
    </div>
    <div class="gate-checks">${check('risk')}</div>
  </fieldset>`;
}
