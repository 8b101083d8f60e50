// All attacks, in the order in which --all runs them: those of one node first, which share it.

import type { Scenario } from '../scenario.ts';
import { algNone } from './alg-none.ts';
import { forgedTokens } from './forged-tokens.ts';
import { headerFloods } from './header-floods.ts';
import { oversized } from './oversized.ts';
import { refreshStorm } from './refresh-storm.ts';
import { reusedKeys } from './reused-keys.ts';
import { slowBodies } from './slow-bodies.ts';

export const SCENARIOS: readonly Scenario[] = [
  forgedTokens,
  algNone,
  reusedKeys,
  oversized,
  headerFloods,
  slowBodies,
  refreshStorm,
];
