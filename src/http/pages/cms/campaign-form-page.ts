// The form of a campaign, empty or filled: as it was typed, with what is wrong with it, or with what somebody else saved
// meanwhile beside it.

import { html } from 'hono/html';
import type { Campaign } from '../../../persistence/index.ts';
import {
  CAMPAIGN_FIELDS,
  CAMPAIGN_LABELS,
  ENTRY_LABELS,
  type CampaignTyped,
} from '../../cms/campaign-form.ts';
import { TIME_ZONES } from '../../cms/local-time.ts';
import type { Markup } from '../layout.ts';
import { conflictPanel, differences, theirsAt, type Difference, type TheirSave } from './conflict.ts';
import {
  checkField,
  choiceField,
  csrfField,
  errorAt,
  errorSummary,
  field,
  selectField,
  textAreaField,
  type FieldError,
} from './field.ts';
import { gateFields } from './gate-fields.ts';
import { CAMPAIGNS, campaignCrumb, campaignHref, linkButton, lookPage, type Look } from './frame.ts';
import { pageHeader } from './page-header.ts';

/** The products' hours move along with the campaign's. */
export const MOVE_PRODUCTS = 'moveProducts';

export interface CampaignFormView {
  readonly typed: CampaignTyped;
  readonly errors: readonly FieldError[];
  /** Undefined: a new one. */
  readonly campaign: Campaign | undefined;
  /** As it was checked, when the form came back. */
  readonly movesProducts?: boolean;
  /** What somebody else saved while this was typed. */
  readonly theirs?: (TheirSave & { readonly typed: CampaignTyped }) | undefined;
}

export function campaignFormPage(look: Look, view: CampaignFormView): Markup {
  const { typed, errors, campaign, theirs } = view;
  const title = campaign === undefined ? 'New campaign' : 'Edit campaign';
  const back = campaign === undefined ? '/cms' : campaignHref(campaign.id);
  const differing =
    theirs === undefined ? [] : differences(CAMPAIGN_FIELDS, CAMPAIGN_LABELS, typed, theirs.typed);
  return lookPage(look, {
    title: campaign === undefined ? title : `${title}: ${campaign.title}`,
    breadcrumb: campaign === undefined ? [CAMPAIGNS] : [CAMPAIGNS, campaignCrumb(campaign)],
    hasErrors: errors.length > 0 || theirs !== undefined,
    main: html`
      ${pageHeader({ title, lead: campaign === undefined ? NEW_LEAD : undefined })} ${errorSummary(errors)}
      ${theirs === undefined ? '' : conflictPanel(theirs, differing, campaignHref(campaign!.id, 'edit'))}
      <form
        class="form"
        method="post"
        action="${campaign === undefined ? '/cms/campaigns/new' : campaignHref(campaign.id, 'edit')}"
      >
        ${csrfField(look.session)}
        ${
          campaign === undefined
            ? ''
            : html`<input type="hidden" name="version" value="${theirs?.version ?? campaign.version}" />`
        }
        ${what(typed, errors, differing)}
        ${when(typed, errors, differing, campaign === undefined ? '' : moveCheck(view.movesProducts))}
        ${who(typed, errors, differing)} ${gateFields(typed, errors, differing)}
        <div class="form-actions">
          <button class="button button-primary" type="submit">
            ${theirs === undefined ? 'Save campaign' : 'Save mine over theirs'}
          </button>
          ${linkButton(back, 'Cancel', 'plain')}
        </div>
      </form>
    `,
  });
}

const NEW_LEAD = 'It is a draft until you publish it. Hours and products can come later.';

const moveCheck = (checked = false): Markup =>
  checkField({
    name: MOVE_PRODUCTS,
    label: 'Move the products’ hours along',
    hint: 'When start and end move by as much, all products do. When one end moves, those that start or end with the campaign still do.',
    checked,
  });

type Part = (
  typed: CampaignTyped,
  errors: readonly FieldError[],
  differing: readonly Difference[],
  more?: Markup | '',
) => Markup;

const what: Part = (typed, errors, differing) => {
  const common = (name: 'title' | 'slug' | 'description') => ({
    name,
    label: CAMPAIGN_LABELS[name],
    value: typed[name],
    error: errorAt(errors, name),
  });
  return html`<fieldset class="form-section">
    <legend><h2>What it is</h2></legend>
    ${field({ ...common('title'), hint: theirsAt(differing, 'title', 'Shoppers see it.'), maxlength: 200 })}
    ${field({
      ...common('slug'),
      hint: theirsAt(
        differing,
        'slug',
        'Lower-case letters, digits and dashes. Left empty, it is made of the title. The campaign’s page is at /c/ and this.',
      ),
      optional: true,
      before: '/c/',
      spellcheck: false,
      autocomplete: 'off',
    })}
    ${textAreaField({
      ...common('description'),
      hint: theirsAt(differing, 'description', undefined),
      optional: true,
      rows: 4,
    })}
  </fieldset>`;
};

const when: Part = (typed, errors, differing, more = '') => {
  const zones =
    TIME_ZONES.includes(typed.timeZone) || typed.timeZone === ''
      ? TIME_ZONES
      : [typed.timeZone, ...TIME_ZONES];
  const hour = (name: 'startsAt' | 'endsAt', hint: string): Markup =>
    field({
      name,
      label: CAMPAIGN_LABELS[name],
      value: typed[name],
      hint: theirsAt(differing, name, hint),
      error: errorAt(errors, name),
      ...hourInput(typed[name]),
      width: 'medium',
    });
  return html`<fieldset class="form-section">
    <legend><h2>When</h2></legend>
    ${selectField({
      name: 'timeZone',
      label: CAMPAIGN_LABELS.timeZone,
      hint: theirsAt(differing, 'timeZone', 'All hours of this campaign are those of this zone’s clocks.'),
      error: errorAt(errors, 'timeZone'),
      value: typed.timeZone,
      options: zones.map((zone) => ({ value: zone, text: zone.replaceAll('_', ' ') })),
      width: 'medium',
    })}
    <div class="field-group">
      ${hour('startsAt', 'The first second at which anybody can buy.')}
      ${hour('endsAt', 'From then on nobody can.')}
    </div>
    ${more}
  </fieldset>`;
};

/** A browser's own field of hours shows nothing of a text that is none; then it is plain text. */
export const hourInput = (value: string): { type: 'datetime-local' | 'text'; spellcheck: false } => ({
  type:
    value === '' || /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?$/.test(value)
      ? 'datetime-local'
      : 'text',
  spellcheck: false,
});

const ENTRY_HINT =
  'For everybody else the campaign does not exist: neither its page nor its products. The list and invitations are made at “Who may enter”.';

const who: Part = (typed, errors, differing) =>
  html`<div class="form-section">
    <h2>Shoppers</h2>
    ${choiceField({
      name: 'entry',
      label: CAMPAIGN_LABELS.entry,
      hint: theirsAt(differing, 'entry', ENTRY_HINT),
      error: errorAt(errors, 'entry'),
      value: typed.entry,
      options: Object.entries(ENTRY_LABELS).map(([value, text]) => ({ value, text })),
    })}
    <div class="field-group claim-fields">
      ${(['claimName', 'claimValue'] as const).map((name) =>
        field({
          name,
          label: CAMPAIGN_LABELS[name],
          value: typed[name],
          hint: theirsAt(differing, name, name === 'claimName' ? 'Such as tier.' : 'Such as gold.'),
          error: errorAt(errors, name),
          spellcheck: false,
          autocomplete: 'off',
          optional: typed.entry !== 'claim',
        }),
      )}
    </div>
  </div>`;
