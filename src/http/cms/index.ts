// The CMS: pages for business users, under /cms.

import type { Hono } from 'hono';
import type { HttpContext } from '../context.ts';

export type { CmsContext } from './context.ts';

export function cmsRoutes(_app: Hono, _context: HttpContext): void {}
