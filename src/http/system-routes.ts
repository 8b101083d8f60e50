// The node about itself: alive, ready, metrics, time; and in demo mode, tokens for everybody.

import type { Hono } from 'hono';
import type { HttpContext } from './context.ts';
import { sampleClaimsOf } from './pages/index.ts';
import { problemResponse } from './problem.ts';
import { readJson } from './request.ts';
import { MakeToken } from './schemas.ts';

export function systemRoutes(app: Hono, context: HttpContext): void {
  const { node, clock, auth, limits } = context;

  app.get('/livez', (c) => c.text('ok\n'));

  app.get('/readyz', (c) => {
    c.header('Cache-Control', 'no-store');
    return c.text(`${node.phase}\n`, node.phase === 'ready' ? 200 : 503);
  });

  app.get('/metrics', async (c) =>
    c.body(await node.metrics(), 200, { 'Content-Type': 'text/plain; version=0.0.4' }),
  );

  app.get('/v1/time', (c) => {
    const epochMs = clock.now();
    c.header('Cache-Control', 'no-store');
    return c.json({ now: new Date(epochMs).toISOString(), epochMs });
  });

  app.post('/v1/dev/tokens', async (c) => {
    if (!context.demo) return problemResponse('not_found');
    const { customerId } = await readJson(c, MakeToken, limits.orderBytesMax);
    return c.json({ token: auth.sign(customerId, sampleClaimsOf(customerId)) });
  });
}
