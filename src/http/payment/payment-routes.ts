// The provider's way in. Its signature says who it is; a 2xx says that what it told is durable here.

import type { Hono } from 'hono';
import { WEBHOOK_BYTES_MAX, WEBHOOK_PATH } from '../../payments/index.ts';
import type { HttpContext } from '../context.ts';
import { readBytes } from '../request.ts';

const SIGNED_HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];

export function paymentRoutes(app: Hono, { payments }: HttpContext): void {
  app.post(WEBHOOK_PATH, async (c) => {
    const body = new Uint8Array(await readBytes(c, WEBHOOK_BYTES_MAX));
    const headers = Object.fromEntries(SIGNED_HEADERS.map((name) => [name, c.req.header(name) ?? '']));
    await payments.webhook(body, headers);
    return c.body(null, 204);
  });
}
