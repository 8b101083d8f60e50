// `doorbuster customers`: the list of customers who may enter a campaign, and `doorbuster invitations`: links that let one
// customer in each.

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { INVITATIONS_HEADER, invitationLine, invitedIds, type InvitationLink } from '../http/invited.ts';
import { callNode, CommandError, requireNode } from '../node-client.ts';
import { BAD_LINES_SHOWN } from './bad-lines.ts';
import { addCustomerStatus } from './customer-status.ts';
import { Progress } from './progress.ts';
import { reaching, reachOf, type ReachOptions } from './reach.ts';
import { sendFile } from './sent-file.ts';

interface CampaignOptions extends ReachOptions {
  readonly campaign: string;
}

interface LoadOptions extends CampaignOptions {
  readonly file: string;
  readonly skipBad?: boolean;
}

interface InvitationOptions extends CampaignOptions {
  readonly file: string;
  readonly expiresAt?: string;
}

interface BadLines {
  readonly count: number;
  readonly lines: readonly { readonly line: number; readonly problem: string; readonly text: string }[];
}

type Entry = 'everyone' | 'list' | 'claim' | 'invitation';

interface Loaded {
  readonly entry: Entry;
  readonly customers: number;
  readonly repeated: number;
  readonly badLines: BadLines;
}

interface Invited {
  readonly entry: Entry;
  /** As shoppers see the server, where a setting says it. */
  readonly origin: string | null;
  readonly invitations: readonly InvitationLink[];
}

const PROGRESS_LINE_MS = 2_000;
/** One call takes as many. */
const INVITATIONS_PER_CALL = 5_000;

export function addCustomers(program: Command): void {
  const customers = program
    .command('customers')
    .description('who may enter a campaign, and what is known of customers');
  ofCampaign(customers.command('load'))
    .description('put a list in force: one customer id in each line; it takes the place of the one before')
    .requiredOption('--file <csv>', 'one id a line, or columns of which the first line names one customerId')
    .option('--skip-bad', 'take the other lines when some are wrong')
    .action(load);
  ofCampaign(customers.command('show')).description('how many there are, since when, by whom').action(show);
  ofCampaign(customers.command('clear')).description('remove the list: nobody enters then').action(clear);
  addCustomerStatus(customers);
  ofCampaign(program.command('invitations'))
    .description('make invitations, each for one customer; prints CSV')
    .requiredOption('--file <csv>', 'one customer id a line')
    .option('--expires-at <time>', 'such as 2030-01-31T18:00:00Z; by itself the end of the campaign')
    .action(invite);
}

const ofCampaign = (command: Command): Command =>
  reaching(command).requiredOption('--campaign <slug>', 'its address name: what stands behind /c/');

const pathOf = (slug: string, what: 'customers' | 'invitations'): string =>
  `/v1/admin/campaigns/${encodeURIComponent(slug)}/${what}`;

async function load({ campaign, file, skipBad = false, json = false, ...reach }: LoadOptions): Promise<void> {
  const node = requireNode(reachOf(reach));
  const progress = new Progress(process.stderr, PROGRESS_LINE_MS);
  progress.show(`Sending ${file}`, 0);
  const path = `${pathOf(campaign, 'customers')}${skipBad ? '?skipBad=true' : ''}`;
  const { status, body } = await sendFile(node, path, file, (share) =>
    share < 1 ? progress.show(`Sending ${file}`, share) : progress.show('Putting the list in force', 0),
  ).finally(() => progress.end());
  const answer = body as Partial<Loaded> & { readonly code?: string; readonly detail?: string };
  const isBad = status === 422 && answer.code === 'bad_lines';
  if (status !== 200 && !isBad)
    throw new CommandError(
      `${node.url} answered ${status}${answer?.code === undefined ? '' : ` ${answer.code}: ${answer.detail ?? ''}`}`,
    );
  const { customers = 0, repeated = 0, badLines, entry } = answer;
  if (json) console.log(JSON.stringify({ campaign, loaded: status === 200, customers, repeated, badLines }));
  else {
    printBad(badLines!);
    if (isBad)
      console.error(
        `Nothing was changed: ${badLines!.count} bad lines. Mend them, or --skip-bad takes the others.`,
      );
    else
      console.log(
        `${customers} customers are on the list of ${campaign} now; repeated ${repeated}, bad ${badLines!.count}.`,
      );
    if (!isBad && entry !== 'list') console.error(notCounting('the list counts', 'list', entry!));
  }
  if (isBad) process.exitCode = 1;
}

/** Made ready for later, or for the wrong campaign: whoever made it is told. */
const notCounting = (what: string, asked: Entry, entry: Entry): string =>
  `Note: ${what} when “Who may enter” of the campaign is ${RULES[asked]}. Now it is ${RULES[entry]}.`;

const RULES = {
  everyone: 'everyone',
  list: 'customers on the list',
  claim: 'customers with a claim',
  invitation: 'customers with an invitation',
} as const satisfies Record<Entry, string>;

function printBad({ count, lines }: BadLines): void {
  const shown = lines.slice(0, BAD_LINES_SHOWN);
  for (const { line, problem, text } of shown) console.error(`line ${line}: ${problem}\n    ${text}`);
  if (count > shown.length) console.error(`and ${count - shown.length} more bad lines`);
}

async function show({ campaign, json, ...reach }: CampaignOptions): Promise<void> {
  const path = pathOf(campaign, 'customers');
  const list = await callNode<{ customers: number; madeAt: string; madeBy: string }>(
    requireNode(reachOf(reach)),
    'GET',
    path,
  );
  if (json) console.log(JSON.stringify(list));
  else console.log(`${campaign}: ${list.customers} customers, since ${list.madeAt}, by ${list.madeBy}`);
}

async function clear({ campaign, json, ...reach }: CampaignOptions): Promise<void> {
  const path = pathOf(campaign, 'customers');
  const answer = await callNode<{ removed: boolean }>(requireNode(reachOf(reach)), 'DELETE', path);
  if (json) console.log(JSON.stringify(answer));
  else console.log(answer.removed ? `${campaign} has no list now.` : `${campaign} had no list.`);
}

/** Many calls, one after the other; none is kept by the node, so that whoever starts anew has lost nothing. */
async function invite({ campaign, file, expiresAt, json, ...reach }: InvitationOptions): Promise<void> {
  const node = requireNode(reachOf(reach));
  const customerIds = readIds(file);
  if (!json) console.log(INVITATIONS_HEADER);
  for (let at = 0; at < customerIds.length; at += INVITATIONS_PER_CALL) {
    const some = customerIds.slice(at, at + INVITATIONS_PER_CALL);
    const body = { customerIds: some, ...(expiresAt !== undefined && { expiresAt }) };
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { invitations, entry, origin } = await callNode<Invited>(
      node,
      'POST',
      pathOf(campaign, 'invitations'),
      { body },
    );
    if (at === 0 && entry !== 'invitation')
      console.error(notCounting('these links count', 'invitation', entry));
    const before = origin ?? node.url;
    for (const link of invitations)
      console.log(
        json
          ? JSON.stringify({ customerId: link.customerId, link: before + link.path })
          : invitationLine(before, link),
      );
  }
}

/** @throws CommandError that names the first line that is wrong */
function readIds(file: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const read = invitedIds('', text);
  if ('fault' in read) throw new CommandError(`${file}: ${read.fault}`);
  if (read.ids.length === 0) throw new CommandError(`${file} has no customers.`);
  return read.ids;
}
