// A placement file held against those who are there: its mistakes, or where the shards belong by it.

import type { PlacementPlan } from './http/index.ts';
import {
  checkPlacement,
  parsePlacementFile,
  placementOf,
  type ClusterFacts,
  type Placement,
  type FileRemark,
} from './runtime/index.ts';

export type WantedPlacement =
  | { readonly outcome: 'wanted'; readonly placement: Placement; readonly notes: readonly FileRemark[] }
  | Extract<PlacementPlan, { outcome: 'refused' }>;

export function wantedBy(file: string, facts: ClusterFacts): WantedPlacement {
  const parsed = parsePlacementFile(file);
  const checked = parsed.kind === 'rules' ? checkPlacement(parsed.rules, facts) : parsed;
  if (parsed.kind !== 'rules' || checked.kind !== 'accepted') {
    const { mistakes, more } = checked.kind === 'refused' ? checked : { mistakes: [], more: 0 };
    return { outcome: 'refused', mistakes, more };
  }
  return { outcome: 'wanted', placement: placementOf(parsed.rules, facts), notes: checked.notes };
}
