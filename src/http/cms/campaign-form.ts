// A campaign's form: what was typed, and the draft that it means or what is wrong with it. What was typed is kept as it is, so
// that a form with mistakes comes back as it was sent.

import {
  CATALOGUE_LIMITS as LIMITS,
  OPEN_CAMPAIGN_GATE,
  slugOf,
  type CampaignDraft,
  type Entry,
} from '../../persistence/index.ts';
import type { FieldError } from '../problem.ts';
import { GATE_LABELS, gateAsTyped, readGate, typedGate } from './gate-form.ts';
import { hourText, isTimeZone, readHour } from './local-time.ts';
import { lineProblem, linesProblem, withLineFeeds, type FieldOf } from './typed-text.ts';

export const CAMPAIGN_LABELS = {
  title: 'Title',
  slug: 'Address',
  description: 'Description',
  timeZone: 'Time zone',
  startsAt: 'Start',
  endsAt: 'End',
  entry: 'Who may enter',
  claimName: 'Name of the claim',
  claimValue: 'Value of the claim',
  ...GATE_LABELS,
} as const;

export type CampaignTyped = { readonly [Name in keyof typeof CAMPAIGN_LABELS]: string };
export const CAMPAIGN_FIELDS = Object.keys(CAMPAIGN_LABELS) as readonly (keyof CampaignTyped)[];

export const ENTRY_LABELS: Readonly<Record<Entry['kind'], string>> = {
  everyone: 'Everyone',
  list: 'Customers on the campaign’s list',
  claim: 'Customers whose token has a claim',
  invitation: 'Customers with an invitation',
};

export type FormRead<T> = { readonly draft: T } | { readonly errors: readonly FieldError[] };

export const typedCampaign = (field: FieldOf): CampaignTyped => ({
  title: field('title').trim(),
  slug: field('slug').trim(),
  description: withLineFeeds(field('description')).trim(),
  timeZone: field('timeZone').trim(),
  startsAt: field('startsAt').trim(),
  endsAt: field('endsAt').trim(),
  entry: field('entry'),
  claimName: field('claimName').trim(),
  claimValue: field('claimValue').trim(),
  ...typedGate(field),
});

/** As somebody would have typed what is kept. */
export function campaignAsTyped(campaign: CampaignDraft): CampaignTyped {
  const { title, slug, description, timeZone, entry } = campaign;
  const hour = (epochMs: number | undefined): string =>
    epochMs === undefined ? '' : hourText(epochMs, timeZone);
  return {
    title,
    slug,
    description,
    timeZone,
    startsAt: hour(campaign.startsAt),
    endsAt: hour(campaign.endsAt),
    entry: entry.kind,
    claimName: entry.kind === 'claim' ? entry.name : '',
    claimValue: entry.kind === 'claim' ? entry.value : '',
    ...gateAsTyped(campaign.gate ?? OPEN_CAMPAIGN_GATE),
  };
}

export function readCampaign(typed: CampaignTyped): FormRead<CampaignDraft> {
  const errors: FieldError[] = [];
  const wrong = (field: keyof CampaignTyped, problem: string | undefined): void => {
    if (problem !== undefined) errors.push({ field, message: `${CAMPAIGN_LABELS[field]} ${problem}.` });
  };
  const slug = typed.slug === '' ? slugOfTitle(typed.title) : typed.slug;

  wrong('title', titleProblem(typed.title));
  wrong('slug', typed.slug === '' && typed.title === '' ? undefined : slugProblem(slug));
  wrong('description', linesProblem(typed.description, LIMITS.descriptionCharactersMax));
  const zoneIsKnown = isTimeZone(typed.timeZone);
  if (!zoneIsKnown) wrong('timeZone', 'must be the name of a time zone, such as Europe/Berlin');
  const hour = (field: 'startsAt' | 'endsAt'): number | undefined => {
    if (typed[field] === '' || !zoneIsKnown) return undefined;
    const read = readHour(typed[field], typed.timeZone);
    if ('value' in read) return read.value;
    wrong(field, read.problem);
    return undefined;
  };
  const startsAt = hour('startsAt');
  const endsAt = hour('endsAt');
  if (startsAt !== undefined && endsAt !== undefined && endsAt <= startsAt)
    wrong('endsAt', 'must be later than the start');
  const entry = readEntry(typed, wrong);
  const gate = readGate(typed, wrong);

  if (errors.length > 0 || entry === undefined || gate === undefined) return { errors };
  const { title, description, timeZone } = typed;
  return { draft: { title, slug, description, startsAt, endsAt, timeZone, entry, gate } };
}

function titleProblem(title: string): string | undefined {
  return title === '' ? 'must not be empty' : lineProblem(title, LIMITS.titleCharactersMax);
}

export function slugProblem(slug: string): string | undefined {
  if (slug.length <= LIMITS.slugCharactersMax && /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(slug)) return undefined;
  return `must be 1 to ${LIMITS.slugCharactersMax} lower-case letters, digits and single dashes, such as summer-drop`;
}

/** Empty when nothing of the title can stand in an address. */
export const slugOfTitle = (title: string): string =>
  slugOf(title).slice(0, LIMITS.slugCharactersMax).replace(/-$/, '');

type Wrong = (field: keyof CampaignTyped, problem: string | undefined) => void;

function readEntry(typed: CampaignTyped, wrong: Wrong): Entry | undefined {
  switch (typed.entry) {
    case 'everyone':
    case 'list':
    case 'invitation':
      return { kind: typed.entry };
    case 'claim':
      wrong('claimName', claimProblem(typed.claimName, LIMITS.claimNameCharactersMax));
      wrong('claimValue', claimProblem(typed.claimValue, LIMITS.claimValueCharactersMax));
      return { kind: 'claim', name: typed.claimName, value: typed.claimValue };
    default:
      wrong('entry', 'must be one of the four choices');
      return undefined;
  }
}

const claimProblem = (text: string, charactersMax: number): string | undefined =>
  text === '' ? 'must not be empty' : lineProblem(text, charactersMax);
