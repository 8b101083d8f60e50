// Who may enter a campaign: its list of customers, looked into, put in force and removed, and invitations to it.

import type { Context, Hono } from 'hono';
import { isCustomerId } from '../../actors/index.ts';
import { LIST_LIMITS } from '../../persistence/index.ts';
import { INVITATIONS_PER_CALL_MAX } from '../customer-schemas.ts';
import type { HttpContext } from '../context.ts';
import { invitedIds, invitationsCsv } from '../invited.ts';
import { makeInvitations } from '../made-invitations.ts';
import { campaignHref, entryPage, type EntryView, type FieldError } from '../pages/cms/index.ts';
import { CmsProblem } from './cms-problem.ts';
import { readFileForm } from './file-form.ts';
import { readForm } from './form.ts';
import { campaignOf, editorOf, lookOf, noCampaign, requireChange } from './look.ts';
import { requireRole } from './signed-in.ts';

/** Of the form of invitations. */
const INVITED_BYTES_MAX = 2 * 1024 * 1024;

export function entryRoutes(cms: Hono, context: HttpContext): void {
  const { lists } = context.cms!;

  const show = async (
    c: Context,
    told: Partial<Pick<EntryView, 'errors' | 'badLines' | 'lookUp' | 'invited'>> = {},
    status: 200 | 409 | 413 | 422 = 200,
  ): Promise<Response> => {
    const { campaign } = await campaignOf(c, context);
    const list = await lists.current(campaign.id);
    const address = `${originOf(c, context)}/c/${campaign.slug}`;
    const loaded = /^(\d{1,8})-(\d{1,8})-(\d{1,8})$/.exec(c.req.query('loaded') ?? '');
    const look = loaded === null ? lookOf(c, context) : lookOf(c, context, loadedNotice(loaded));
    return c.html(entryPage(look, { campaign, list, address, errors: [], ...told }), status);
  };
  const at = (field: string, message: string): { errors: FieldError[] } => ({ errors: [{ field, message }] });

  cms.get('/cms/campaigns/:id/entry', async (c) => {
    const customerId = c.req.query('customer')?.trim() ?? '';
    if (customerId === '') return show(c);
    if (!isCustomerId(customerId))
      return show(c, at('customer', 'An id has 1 to 128 characters, and no control characters.'), 422);
    const { campaign } = await campaignOf(c, context);
    const isOn = (await lists.has(campaign.id, customerId)) ?? false;
    return show(c, { lookUp: { customerId, isOn } });
  });

  cms.post('/cms/campaigns/:id/entry/list', async (c) => {
    requireRole(c, 'editor');
    const form = await readFileForm(c);
    const { campaign } = await campaignOf(c, context);
    requireChange(c, campaign);
    if (form.file === undefined) return show(c, at('list', 'Choose a CSV file.'), 422);
    const skipBad = form.fields('skipBad') === 'yes';
    const outcome = await lists.replace(editorOf(c), campaign.id, form.file, { skipBad });
    switch (outcome.outcome) {
      case 'loaded': {
        const { list, repeated, badLines } = outcome;
        const loaded = `${list.customers}-${repeated}-${badLines.count}`;
        return c.redirect(`${campaignHref(campaign.id, 'entry')}?loaded=${loaded}`, 303);
      }
      case 'refused':
        return show(c, { badLines: outcome.badLines }, 422);
      case 'unusable':
        return show(c, at('list', outcome.reason), 422);
      case 'conflict':
        return show(
          c,
          at(
            'list',
            'While your file arrived, somebody else put another list in force, or removed it. Nothing of yours was taken: look at ' +
              'theirs, then choose the file again.',
          ),
          409,
        );
      case 'busy':
        throw new CmsProblem(
          503,
          'Too busy',
          `At most ${LIST_LIMITS.loadsMax} lists are taken in at once. Send it again in a few seconds. Nothing was changed.`,
          2,
        );
      case 'not_found':
        throw noCampaign();
    }
  });

  cms.post('/cms/campaigns/:id/entry/remove-list', async (c) => {
    requireRole(c, 'editor');
    await readForm(c);
    const { campaign } = await campaignOf(c, context);
    requireChange(c, campaign);
    await lists.remove(editorOf(c), campaign.id);
    return c.redirect(`${campaignHref(campaign.id, 'entry')}?done=list-removed`, 303);
  });

  cms.post('/cms/campaigns/:id/entry/invitations', async (c) => {
    requireRole(c, 'editor');
    const form = await readForm(c, INVITED_BYTES_MAX);
    const { campaign } = await campaignOf(c, context);
    requireChange(c, campaign);
    const invited = form.fields('customerIds');
    const file = form.file('invited');
    const read = invitedIds(invited, file?.bytes.toString('utf8') ?? '');
    const refuse = (field: string, message: string) => show(c, { ...at(field, message), invited }, 422);
    if ('fault' in read) return refuse(read.field, read.fault);
    if (read.ids.length === 0)
      return refuse('customerIds', 'Write at least one customer id, or choose a file.');
    if (read.ids.length > INVITATIONS_PER_CALL_MAX)
      return refuse(
        'customerIds',
        `At most ${INVITATIONS_PER_CALL_MAX.toLocaleString('en')} at once: split them, or use the command doorbuster invitations.`,
      );
    const made = await makeInvitations(context, campaign, read.ids, undefined);
    if ('fault' in made)
      return refuse('customerIds', 'The campaign has no end that lies ahead: invitations hold until then.');
    c.header('Content-Type', 'text/csv; charset=utf-8');
    c.header('Content-Disposition', `attachment; filename="${campaign.slug}-invitations.csv"`);
    return c.body(invitationsCsv(originOf(c, context), made.invitations));
  });
}

/** Where shoppers see this server, or else as this browser sees it: behind a proxy that ends TLS, only its forms tell. */
function originOf(c: Context, { signIn }: HttpContext): string {
  if (signIn.publicOrigin !== undefined) return signIn.publicOrigin;
  const { host, origin } = new URL(c.req.url);
  const said = c.req.header('origin');
  return said !== undefined && URL.parse(said)?.host === host ? said : origin;
}

function loadedNotice([, customers, repeated, bad]: RegExpExecArray): { kind: 'good'; text: string } {
  const count = (digits: string | undefined): string => Number(digits).toLocaleString('en');
  return {
    kind: 'good',
    text: `The list is in force: ${count(customers)} customers. Repeated ${count(repeated)}, left out ${count(bad)}.`,
  };
}
