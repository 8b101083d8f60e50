// Where the shards live, by the operators' file: planned, carried out, and how far that is. With the admin token.

import type { Context, Hono } from 'hono';
import type { HttpContext } from './context.ts';
import { instant } from './instant.ts';
import type { PlacementApplied, PlacementPlan, PlacementStatus } from './node-control.ts';
import { Problem } from './problem.ts';
import { readJson } from './request.ts';
import { ApplyPlacement, PlanPlacement } from './schemas.ts';

/** A file of the largest size, with every character escaped. */
const PLACEMENT_BYTES_MAX = 8 * 1024 * 1024;

export function placementRoutes(app: Hono, { node }: HttpContext): void {
  app.get('/v1/admin/placement', async (c) => c.json(statusView(await node.placement())));

  app.post('/v1/admin/placement/plan', async (c) => {
    const plan = accepted(await node.planPlacement(await readJson(c, PlanPlacement, PLACEMENT_BYTES_MAX)));
    const { revision, moves, notes } = plan;
    return c.json({ revision, moves, notes });
  });

  app.post('/v1/admin/placement', async (c) => {
    const request = await readJson(c, ApplyPlacement, PLACEMENT_BYTES_MAX);
    if (node.phase === 'stopping') throw new Problem('shutting_down');
    return started(c, accepted(await node.applyPlacement(request)));
  });
}

function started(c: Context, applied: Exclude<PlacementApplied, { outcome: 'refused' }>): Response {
  if (applied.outcome === 'busy') throw new Problem('resharding_running');
  if (applied.outcome === 'stale') {
    const detail =
      `The plan is not of the present revision, ${applied.revision}: another file was applied since, or a node came or ` +
      'went. Plan again, look at the moves, and apply that.';
    throw new Problem('version_conflict', { detail });
  }
  return c.json(statusView(applied.status), 202);
}

/** @throws Problem invalid_request, with every mistake and its line */
function accepted<T extends PlacementPlan | PlacementApplied>(answer: T): Exclude<T, { outcome: 'refused' }> {
  if (answer.outcome !== 'refused') return answer as Exclude<T, { outcome: 'refused' }>;
  const { mistakes, more } = answer;
  const lines = mistakes.map(({ line, message }) => `line ${line}: ${message}`);
  if (more > 0) lines.push(`and ${more} more`);
  throw new Problem('invalid_request', {
    detail: lines.join('\n'),
    errors: mistakes.map(({ line, message }) => ({ field: `line ${line}`, message })),
  });
}

const statusView = ({ appliedAt, ...status }: PlacementStatus) => ({
  ...status,
  appliedAt: appliedAt === null ? null : instant(appliedAt),
});
