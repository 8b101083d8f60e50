// How a command reaches a running node: by its address, or through the file that it leaves in its DATA_DIR.

import { readFileSync } from 'node:fs';
import type { NodeFile } from './main.ts';
import { ExpectedError } from './runtime/expected-error.ts';
import { dataFiles, isDataFolderLocked } from './runtime/data-folder.ts';

export interface NodeAddress {
  readonly url: string;
  readonly adminToken: string;
}

export interface Reach {
  readonly url?: string | undefined;
  readonly adminToken?: string | undefined;
  readonly dataDir: string;
}

/** A command failed in a way that its user can mend. */
export class CommandError extends ExpectedError {
  override readonly name = 'CommandError';
}

/** @returns undefined when no node runs on this DATA_DIR and no address was given */
export function findNode({ url, adminToken, dataDir }: Reach): NodeAddress | undefined {
  const file = readNodeFile(dataDir);
  const address = url === undefined ? file?.url : addressOf(url);
  if (address === undefined) return undefined;
  const token = adminToken ?? (address === file?.url ? file.adminToken : undefined);
  if (token === undefined) throw new CommandError('Name the admin token: --admin-token or ADMIN_TOKEN.');
  return { url: address, adminToken: token };
}

/** @throws CommandError, which shows no password */
export function addressOf(text: string): string {
  const url = URL.parse(text);
  const isAddress = url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '';
  if (!isAddress)
    throw new CommandError(
      `--url is the address of a node, as http://host:3000, not ${JSON.stringify(text.replace(/^.*@/s, '…@'))}.`,
    );
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new CommandError(
      '--url is the address of a node without a user, ? or #, as http://host:3000; the token goes to --admin-token or ADMIN_TOKEN.',
    );
  return text.replace(/\/$/, '');
}

/** Of the node that runs on this DATA_DIR and is ready. */
export const announcedUrl = (dataDir: string): string | undefined => readNodeFile(dataDir)?.url;

export function requireNode(reach: Reach): NodeAddress {
  const node = findNode(reach);
  if (node !== undefined) return node;
  throw new CommandError(
    `No node runs on DATA_DIR ${reach.dataDir}. Start one (npx doorbuster start), or name another: --url http://host:3000`,
  );
}

export async function callNode<T>(
  node: NodeAddress,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<T> {
  const headers: Record<string, string> = { Authorization: `Bearer ${node.adminToken}` };
  if (options.idempotencyKey !== undefined) headers['Idempotency-Key'] = options.idempotencyKey;
  let response: Response;
  try {
    const body = options.body === undefined ? null : JSON.stringify(options.body);
    response = await fetch(node.url + path, { method, headers, body });
  } catch (error) {
    throw new CommandError(`No answer from ${node.url}: ${whyOf((error as Error).cause ?? error)}`, {
      cause: error,
    });
  }
  const text = await response.text();
  if (response.ok) return JSON.parse(text) as T;
  throw new CommandError(`${node.url} answered ${response.status}: ${problemOf(text)}`);
}

interface CallOptions {
  readonly body?: unknown;
  readonly idempotencyKey?: string;
}

function problemOf(text: string): string {
  try {
    const { code, detail } = JSON.parse(text) as { code: string; detail: string };
    return `${code}: ${detail}`;
  } catch {
    return text.slice(0, 200);
  }
}

/** A node that was killed leaves its file behind, and a copied folder has that of its original: only a held folder counts. */
function readNodeFile(dataDir: string): NodeFile | undefined {
  try {
    if (!isDataFolderLocked(dataDir)) return undefined;
    return JSON.parse(readFileSync(dataFiles(dataDir).nodeFile, 'utf8')) as NodeFile;
  } catch {
    return undefined;
  }
}

/** Of a connection that failed; when none of several addresses answered, the error has a code alone. */
export function whyOf(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  return message || code || String(error);
}
