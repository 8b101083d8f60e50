// The buttons that hold a sale up and let it go on, for a page that is kept current.

import { html } from 'hono/html';
import type { Campaign, CampaignPhase } from '../../../persistence/index.ts';
import type { Markup } from '../layout.ts';
import { campaignHref } from './frame.ts';

/** Each is there for its phases; the script shows the one of the phase that has come meanwhile. */
const SWITCHES = [
  { part: 'pause', text: 'Pause', kind: 'quiet', phases: ['scheduled', 'live'] },
  { part: 'resume', text: 'Resume', kind: 'primary', phases: ['paused'] },
] as const;

export function phaseSwitches(campaign: Campaign, phase: CampaignPhase): Markup[] {
  return SWITCHES.map(
    ({ part, text, kind, phases }) =>
      html`<a
        class="button button-${kind}"
        href="${campaignHref(campaign.id, part)}"
        data-phases="${phases.join(' ')}"
        ${phases.some((each) => each === phase) ? '' : html`hidden`}
        >${text}</a
      >`,
  );
}
