// The options of every command that works with a node or with its folder.

import type { Command } from 'commander';
import type { Reach } from '../node-client.ts';

export interface ReachOptions {
  readonly url?: string;
  readonly adminToken?: string;
  readonly dataDir?: string;
  readonly json?: boolean;
}

export function reaching(command: Command): Command {
  return withFolder(
    command
      .option('--url <address>', 'of a running node')
      .option('--admin-token <token>', 'its admin token; ADMIN_TOKEN by default'),
    'find the node through its folder',
  );
}

export function withFolder(command: Command, purpose: string): Command {
  return command
    .option('--data-dir <folder>', purpose, process.env['DATA_DIR'] || './data')
    .option('--json', 'print JSON');
}

export function reachOf({ url, adminToken, dataDir }: ReachOptions): Reach {
  return { url, adminToken: adminToken ?? process.env['ADMIN_TOKEN'], dataDir: dataDir ?? './data' };
}
