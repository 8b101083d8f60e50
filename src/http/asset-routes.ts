// Pictures and product data as this node itself serves them: while the CDN lacks them, and where there is none. Whoever has a name
// gets the file; nothing lists them.

import type { Hono } from 'hono';
import { fileType, FilesBusy, isFileName } from '../persistence/index.ts';
import type { HttpContext } from './context.ts';
import { Problem, problemResponse } from './problem.ts';

/** The same name is the same bytes for ever, so nobody has to ask twice. */
const HEADERS = {
  'Cache-Control': 'public, max-age=31536000, immutable',
  'X-Content-Type-Options': 'nosniff',
  // Opened by itself it is a picture, or text, and nothing that runs.
  'Content-Security-Policy': "default-src 'none'; sandbox",
} as const;

export function assetRoutes(app: Hono, { cms }: HttpContext): void {
  if (cms === undefined) return;
  const { assets } = cms;
  app.get('/assets/:name', async (c) => {
    const name = c.req.param('name');
    const bytes = isFileName(name) ? await assets.file(name).catch(asProblem) : undefined;
    if (bytes === undefined) return notFound();
    const headers = { ...HEADERS, ETag: `"${name}"` };
    if (c.req.header('If-None-Match')?.includes(headers.ETag))
      return new Response(null, { status: 304, headers });
    return new Response(bytes, { headers: { ...headers, 'Content-Type': fileType(name) } });
  });
}

/** It may come to be a moment later. */
function notFound(): Response {
  const response = problemResponse('not_found');
  response.headers.set('Cache-Control', 'no-store');
  return response;
}

function asProblem(error: unknown): never {
  if (error instanceof FilesBusy) throw new Problem('overloaded');
  throw error;
}
