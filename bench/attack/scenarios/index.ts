// All attacks, in the order in which --all runs them.

import type { Scenario } from '../scenario.ts';
import { algNone } from './alg-none.ts';
import { backDoor } from './back-door.ts';
import { forgedTokens } from './forged-tokens.ts';
import { greedyNeighbour } from './greedy-neighbour.ts';
import { headerFloods } from './header-floods.ts';
import { holdEverything } from './hold-everything.ts';
import { hundredAddresses } from './hundred-addresses.ts';
import { hundredCustomers } from './hundred-customers.ts';
import { launchSpike } from './launch-spike.ts';
import { oversized } from './oversized.ts';
import { refreshStorm } from './refresh-storm.ts';
import { reusedKeys } from './reused-keys.ts';
import { slowBodies } from './slow-bodies.ts';
import { ticketReplay } from './ticket-replay.ts';
import { ticketSharing } from './ticket-sharing.ts';
import { webhooks } from './webhooks.ts';

export const SCENARIOS: readonly Scenario[] = [
  launchSpike,
  refreshStorm,
  hundredAddresses,
  hundredCustomers,
  greedyNeighbour,
  ticketSharing,
  ticketReplay,
  backDoor,
  holdEverything,
  webhooks,
  forgedTokens,
  algNone,
  reusedKeys,
  slowBodies,
  headerFloods,
  oversized,
];
