// A campaign's gate as it is typed into its form, and what it means.

import { CATALOGUE_LIMITS as LIMITS, type CampaignGate } from '../../persistence/index.ts';
import { readWhole, type FieldOf } from './typed-text.ts';

export const GATE_LABELS = {
  limits: 'Rate limits',
  ticket: 'Purchase tickets',
  work: 'Proof of work',
  openHoldsMax: 'Open holds',
  coolDownSeconds: 'Cool-down in seconds',
  attemptsMax: 'Unpaid attempts',
  shortestHoldSeconds: 'Shortest hold in seconds',
  risk: 'Risk control',
} as const satisfies Record<keyof CampaignGate, string>;

export type GateTyped = { readonly [Name in keyof CampaignGate]: string };

const SWITCHES = ['limits', 'ticket', 'work', 'risk'] as const;
const BOUNDS = {
  openHoldsMax: LIMITS.openHoldsMax,
  coolDownSeconds: LIMITS.coolDownSecondsMax,
  attemptsMax: LIMITS.attemptsMax,
  shortestHoldSeconds: LIMITS.holdSecondsMax,
} as const;
type Bound = keyof typeof BOUNDS;
const BOUND_NAMES = Object.keys(BOUNDS) as readonly Bound[];

/** A switch says `yes` or `no`: it stands in a comparison of two saves as it is. */
export function typedGate(field: FieldOf): GateTyped {
  const switches = SWITCHES.map((name) => [name, field(name) === 'yes' ? 'yes' : 'no'] as const);
  const bounds = BOUND_NAMES.map((name) => [name, field(name).trim()] as const);
  return Object.fromEntries([...switches, ...bounds]) as unknown as GateTyped;
}

export function gateAsTyped(gate: CampaignGate): GateTyped {
  const switches = SWITCHES.map((name) => [name, gate[name] ? 'yes' : 'no'] as const);
  const bounds = BOUND_NAMES.map((name) => [name, String(gate[name])] as const);
  return Object.fromEntries([...switches, ...bounds]) as unknown as GateTyped;
}

/** An empty bound is none. @param wrong told what is wrong, in words that follow the field's label */
export function readGate(
  typed: GateTyped,
  wrong: (field: Bound, problem: string) => void,
): CampaignGate | undefined {
  const bounds = new Map<Bound, number>();
  for (const name of BOUND_NAMES) {
    const read = readWhole(typed[name] || '0', 0, BOUNDS[name]);
    if ('value' in read) bounds.set(name, read.value);
    else wrong(name, read.problem);
  }
  if (bounds.size < BOUND_NAMES.length) return undefined;
  return {
    limits: typed.limits === 'yes',
    ticket: typed.ticket === 'yes',
    work: typed.work === 'yes',
    openHoldsMax: bounds.get('openHoldsMax')!,
    coolDownSeconds: bounds.get('coolDownSeconds')!,
    attemptsMax: bounds.get('attemptsMax')!,
    shortestHoldSeconds: bounds.get('shortestHoldSeconds')!,
    risk: typed.risk === 'yes',
  };
}
