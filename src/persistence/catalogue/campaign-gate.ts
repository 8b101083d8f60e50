// What a campaign asks of whoever wants to buy. Most of it goes to the products' actors, who enforce it (src/actors/gate.ts); the
// rest is for whoever stands in front of them and finds it at the campaign's door.

import { isSameGate, OPEN_GATE, type Gate } from '../../actors/index.ts';

export interface CampaignGate extends Gate {
  /** Requests are limited, by customer and by address. */
  readonly limits: boolean;
  /** Each payment is judged before any money is taken. */
  readonly risk: boolean;
}

/** Of campaigns that were made before there was a gate, and of drafts that say nothing of it. */
export const OPEN_CAMPAIGN_GATE: CampaignGate = Object.freeze({ ...OPEN_GATE, limits: true, risk: true });

/** What somebody who makes a campaign is offered first. */
export const NEW_CAMPAIGN_GATE: CampaignGate = Object.freeze({
  limits: true,
  ticket: true,
  work: false,
  openHoldsMax: 3,
  coolDownSeconds: 60,
  attemptsMax: 20,
  shortestHoldSeconds: 60,
  risk: true,
});

/** The actors' part. Undefined: nothing is asked, and the configuration is the same as without any gate. */
export function engineGate(gate: CampaignGate): Gate | undefined {
  const { ticket, work, openHoldsMax, coolDownSeconds, attemptsMax, shortestHoldSeconds } = gate;
  const asked: Gate = { ticket, work, openHoldsMax, coolDownSeconds, attemptsMax, shortestHoldSeconds };
  return isSameGate(asked, OPEN_GATE) ? undefined : asked;
}

/** As it stands in a row: whatever is not there is open. */
export const keptGate = (kept: Partial<CampaignGate>): CampaignGate => ({ ...OPEN_CAMPAIGN_GATE, ...kept });

/** For people: one for each thing that is asked. */
export function gateWords(gate: CampaignGate): string[] {
  const units = (count: number, one: string, more: string): string | false =>
    count > 0 && `${count.toLocaleString('en')} ${count === 1 ? one : more}`;
  const words = [
    gate.limits && 'rate limits',
    gate.ticket && 'tickets',
    gate.work && 'proof of work',
    units(gate.openHoldsMax, 'open hold', 'open holds'),
    gate.coolDownSeconds > 0 && `cool-down of ${gate.coolDownSeconds.toLocaleString('en')} s`,
    units(gate.attemptsMax, 'unpaid attempt', 'unpaid attempts'),
    gate.shortestHoldSeconds > 0 && `holds down to ${gate.shortestHoldSeconds.toLocaleString('en')} s`,
    gate.risk && 'risk control',
  ].filter((word) => word !== false);
  return words.length > 0 ? words : ['nothing is asked'];
}
