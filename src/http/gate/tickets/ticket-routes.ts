// POST /v1/tickets: what a program says to get a purchase ticket, and what it is told.

import type { Hono } from 'hono';
import type { HttpContext } from '../../context.ts';
import { instant } from '../../instant.ts';
import { problemResponse } from '../../problem.ts';
import { readJson } from '../../request.ts';
import type { TicketDesk } from './ticket-desk.ts';
import { AskTicket } from './ticket-schemas.ts';

export const TICKETS_PATH = '/v1/tickets';

export function ticketRoutes(app: Hono, { auth, clock, limits }: HttpContext, desk: TicketDesk): void {
  app.post(TICKETS_PATH, async (c) => {
    const shopper = await auth.shopper(c);
    const wish = await readJson(c, AskTicket, limits.orderBytesMax);
    const told = await desk.ask(shopper, wish);
    switch (told.outcome) {
      case 'refused':
        return problemResponse(told.code);
      case 'issued':
        c.header('Cache-Control', 'no-store');
        return c.json(
          { productId: wish.productId, ticket: told.ticket, expiresAt: instant(told.expiresAt) },
          201,
        );
      case 'early': {
        const { ticketsFrom, startsAt, asOf } = told;
        const response = problemResponse('sale_not_started', {
          detail: 'Tickets for this sale cannot be had yet; see ticketsFrom.',
          ticketsFrom: instant(ticketsFrom),
          startsAt: instant(startsAt),
        });
        response.headers.set('Retry-After', String(Math.max(1, Math.ceil((ticketsFrom - asOf) / 1_000))));
        return response;
      }
      case 'work': {
        const { challenge, wait } = told.asked;
        const seconds = Math.max(0, Math.ceil((wait.goodFrom - clock.now()) / 1_000));
        const response = problemResponse('challenge_required', {
          ...(told.fault !== undefined && { fault: told.fault }),
          challenge,
          wait: {
            pass: wait.pass,
            goodFrom: instant(wait.goodFrom),
            goodUntil: instant(wait.goodUntil),
            seconds,
          },
        });
        if (told.fault === 'pass_early') response.headers.set('Retry-After', String(seconds));
        return response;
      }
    }
  });
}
