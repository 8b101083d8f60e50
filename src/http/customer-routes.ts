// Who may enter a campaign, for whoever has the admin token: its list of customers, and invitations to it.

import type { Context, Hono } from 'hono';
import type * as z from 'zod';
import { LIST_LIMITS, type Campaign, type CustomerList, type Editor } from '../persistence/index.ts';
import type { CmsContext } from './cms/index.ts';
import type { HttpContext } from './context.ts';
import {
  CampaignSlug,
  LoadCustomers,
  MakeInvitations,
  type CustomerListView,
  type CustomersLoaded,
  type InvitationLinks,
} from './customer-schemas.ts';
import { makeInvitations } from './made-invitations.ts';
import { invalid, Problem } from './problem.ts';
import { parse, readJson } from './request.ts';

/** As the trail names whoever has the token. */
const ADMIN: Editor = { id: 'admin-token', name: 'Admin API', role: 'publisher' };
/** Of a request for invitations: as many ids as one may have, in JSON. */
const INVITATIONS_BYTES_MAX = 4 * 1024 * 1024;

/** Behind the admin token: admin-routes.ts checks it for all of /v1/admin. */
export function customerRoutes(app: Hono, context: HttpContext): void {
  app.put('/v1/admin/campaigns/:slug/customers', async (c) => {
    const skipBad = parse(LoadCustomers, c.req.query(), 'skipBad').skipBad === 'true';
    const declared = Number(c.req.header('content-length') ?? 0);
    if (declared > LIST_LIMITS.bytesMax)
      throw new Problem('payload_too_large', {
        detail: `A list may have ${LIST_LIMITS.bytesMax / 1024 / 1024} MiB at most.`,
      });
    const { lists } = cmsOf(context);
    const { id, entry } = await campaignOf(c, context);
    const outcome = await lists.replace(ADMIN, id, bodyOf(c), { skipBad });
    switch (outcome.outcome) {
      case 'loaded': {
        const { count, told } = outcome.badLines;
        const view: z.input<typeof CustomersLoaded> = {
          ...viewOf(outcome.list, entry),
          repeated: outcome.repeated,
          badLines: { count, lines: [...told] },
        };
        return c.json(view);
      }
      case 'refused': {
        const { count, told } = outcome.badLines;
        throw new Problem('bad_lines', {
          detail:
            `${count} ${count === 1 ? 'line names' : 'lines name'} no customer, and nothing was changed. ` +
            (outcome.customers === 0
              ? 'No other line names one: mend them.'
              : 'Mend them, or leave them out with ?skipBad=true.'),
          customers: outcome.customers,
          badLines: { count, lines: told },
        });
      }
      case 'unusable':
        throw new Problem('invalid_request', { detail: outcome.reason });
      case 'conflict':
        throw new Problem('list_changed', {
          current: outcome.current === undefined ? null : viewOf(outcome.current, entry),
        });
      case 'not_found':
        throw noCampaign();
      case 'busy':
        throw new Problem('overloaded');
    }
  });

  app.get('/v1/admin/campaigns/:slug/customers', async (c) => {
    const { lists } = cmsOf(context);
    const { id, slug, entry } = await campaignOf(c, context);
    const list = await lists.current(id);
    if (list === undefined)
      throw new Problem('not_found', { detail: `The campaign "${slug}" has no list of customers.` });
    return c.json(viewOf(list, entry));
  });

  app.delete('/v1/admin/campaigns/:slug/customers', async (c) => {
    const { lists } = cmsOf(context);
    const { id } = await campaignOf(c, context);
    const removed = await lists.remove(ADMIN, id);
    if (removed === 'not_found') throw noCampaign();
    if (removed === 'cancelled')
      throw new Problem('invalid_request', {
        detail: 'The campaign was cancelled, and nothing of it changes any more.',
      });
    return c.json({ removed: removed === 'removed' });
  });

  app.post('/v1/admin/campaigns/:slug/invitations', async (c) => {
    const wish = await readJson(c, MakeInvitations, INVITATIONS_BYTES_MAX);
    const campaign = await campaignOf(c, context);
    const expiresAt = wish.expiresAt === undefined ? undefined : Date.parse(wish.expiresAt);
    const made = await makeInvitations(context, campaign, wish.customerIds, expiresAt);
    if ('fault' in made) throw invalid('expiresAt', made.fault);
    const view: z.input<typeof InvitationLinks> = {
      expiresAt: new Date(made.expiresAt).toISOString(),
      entry: campaign.entry.kind,
      origin: context.signIn.publicOrigin ?? null,
      invitations: [...made.invitations],
    };
    return c.json(view);
  });
}

const viewOf = (
  { customers, madeAt, madeBy }: CustomerList,
  entry: Campaign['entry'],
): z.input<typeof CustomerListView> => ({
  customers,
  madeAt: new Date(madeAt).toISOString(),
  madeBy,
  entry: entry.kind,
});

function cmsOf({ cms }: HttpContext): CmsContext {
  if (cms === undefined) throw new Problem('unavailable');
  return cms;
}

async function campaignOf(c: Context, context: HttpContext): Promise<Campaign> {
  const slug = parse(CampaignSlug, c.req.param('slug'), 'slug');
  const campaign = await cmsOf(context).catalogue.campaignOfSlug(slug);
  if (campaign === undefined) throw noCampaign();
  return campaign;
}

const noCampaign = (): Problem =>
  new Problem('not_found', { detail: 'No campaign has this address. It is what stands behind /c/.' });

/** The body as it arrives. @throws Problem when it is cut off */
async function* bodyOf(c: Context): AsyncGenerator<Uint8Array> {
  const { body } = c.req.raw;
  if (body === null) return;
  try {
    yield* body;
  } catch {
    // The connection ended in mid-body: usual at the edge of the internet, and nobody's bug.
    throw invalid('body', 'did not arrive whole; send all of it. Nothing was changed');
  }
}
