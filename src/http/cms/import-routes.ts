// Products of a campaign in and out as CSV. Of a file with a mistake nothing is applied.

import type { Context, Hono } from 'hono';
import { seenOf, type Finding } from '../../persistence/index.ts';
import type { HttpContext } from '../context.ts';
import { campaignHref, importPage, type FieldError, type ImportView } from '../pages/cms/index.ts';
import { CSV_BYTES_MAX } from './csv-records.ts';
import { engineAnswer } from './engine-answer.ts';
import { FORM_BYTES_MAX, readForm } from './form.ts';
import {
  campaignOf,
  editorOf,
  lookOf,
  noCampaign,
  versionOf,
  type CampaignAndProducts,
  requireChange,
} from './look.ts';
import {
  changesOf,
  CSV_MISTAKES_MAX,
  productCsv,
  readProductCsvInTurns,
  type CsvMistake,
} from './product-csv.ts';
import { requireRole } from './signed-in.ts';

const MEBIBYTE = 1024 * 1024;
const CHANGED =
  'Somebody changed the campaign or its products since this page was made, and nothing was imported. Look at them, then choose the file again.';

export function importRoutes(cms: Hono, context: HttpContext): void {
  const { catalogue } = context.cms!;

  const show = (
    c: Context,
    { campaign, products }: CampaignAndProducts,
    told: Partial<Pick<ImportView, 'errors' | 'report'>> = {},
    status: 200 | 409 | 422 = 200,
  ) => {
    const view = { campaign, products, errors: [], report: undefined, ...told };
    return c.html(importPage(lookOf(c, context), view), status);
  };
  const atFile = (message: string): { errors: FieldError[] } => ({ errors: [{ field: 'file', message }] });

  cms.get('/cms/campaigns/:id/import', async (c) => show(c, await campaignOf(c, context)));

  cms.post('/cms/campaigns/:id/import', async (c) => {
    requireRole(c, 'editor');
    const form = await readForm(c, CSV_BYTES_MAX + FORM_BYTES_MAX);
    // Now, and not before: an upload takes its time, and others save meanwhile.
    const found = await campaignOf(c, context);
    const { campaign, products } = found;
    requireChange(c, campaign);
    const version = versionOf(form.fields('version'));
    const seen = form.fields('seen');
    const isChanged = campaign.version !== version || seenOf(products) !== seen;
    if (isChanged) return show(c, found, atFile(CHANGED), 409);
    const file = form.file('file');
    if (file === undefined) return show(c, found, atFile('Choose a CSV file.'), 422);
    if (file.bytes.length > CSV_BYTES_MAX)
      return show(
        c,
        found,
        atFile(`The file must have at most ${CSV_BYTES_MAX / MEBIBYTE} MiB. Split it.`),
        422,
      );
    const read = await readProductCsvInTurns(file.bytes, products, campaign.timeZone);
    if ('mistakes' in read) return show(c, found, { report: read }, 422);
    const lines = changesOf(read.products, products);
    if (lines.length === 0) return c.redirect(`${campaignHref(campaign.id)}?imported=0-0`, 303);
    const saved = await catalogue.importProducts(editorOf(c), campaign.id, version, lines, seen);
    switch (saved.outcome) {
      case 'saved':
        await engineAnswer(context, products);
        return c.redirect(
          `${campaignHref(campaign.id)}?imported=${saved.value.added}-${saved.value.changed}`,
          303,
        );
      case 'conflict':
        return show(c, await campaignOf(c, context), atFile(CHANGED), 409);
      case 'refused': {
        const mistakes = mistakesOf(saved.findings);
        return show(
          c,
          found,
          { report: { mistakes: mistakes.slice(0, CSV_MISTAKES_MAX), count: mistakes.length } },
          422,
        );
      }
      case 'not_found':
        throw noCampaign();
    }
  });

  cms.get('/cms/campaigns/:id/products.csv', async (c) => {
    const { campaign, products } = await campaignOf(c, context);
    c.header('Content-Type', 'text/csv; charset=utf-8');
    c.header('Content-Disposition', `attachment; filename="${campaign.slug}.csv"`);
    return c.body(productCsv(products, campaign.timeZone));
  });
}

const mistakesOf = (findings: readonly Finding[]): CsvMistake[] =>
  findings.map(({ line = 1, message }) => ({ line, message }));
