// What the shop's operator is told of a profile that was asked for.

import type { ProfileOutcome } from './node-control.ts';
import { problemResponse } from './problem.ts';

export function profileAnswer(result: ProfileOutcome): Response {
  switch (result.outcome) {
    case 'taken':
      return new Response(result.json, { headers: { 'Content-Type': 'application/json' } });
    case 'unknown_worker': {
      const known = result.workers === 1 ? 'only worker 0' : `workers 0 to ${result.workers - 1}`;
      return problemResponse('not_found', { detail: `This node has ${known}.` });
    }
    case 'busy':
      return problemResponse('profile_running');
    case 'thread_ended':
      return problemResponse('unavailable', {
        detail: 'The worker thread ended before its profile did. Another takes its place; ask again.',
      });
    case 'too_large':
      return problemResponse('unavailable', {
        detail: 'The profile is larger than a node sends. Ask for fewer seconds.',
      });
  }
}
