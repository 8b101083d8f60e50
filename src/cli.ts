// The command line. Each command says what it did, or what is wrong and what to do; --json prints for programs.

import { Command, InvalidArgumentError } from 'commander';
import { ArchiveNeeded } from './archives-needed.ts';
import { commands } from './commands/index.ts';
import { ConfigError } from './config.ts';
import { CommandError } from './node-client.ts';
import {
  EmbeddedPostgresUnusable,
  PostgresOfAnotherJournal,
  PostgresUnfit,
  PostgresUnreachable,
  SchemaRefused,
} from './persistence/index.ts';
import {
  ArchiveRefused,
  ArchivingExcluded,
  ClusterUnavailable,
  DataFolderBusy,
  DataFolderUnusable,
  JetStreamMismatch,
  JournalMismatch,
  JournalUnavailable,
  NatsUnreachable,
  NodeIdTaken,
  ServerUnfit,
} from './runtime/index.ts';
import { StartError } from './start-error.ts';
import { version } from './version.ts';

/** What their users can mend; anything else is a fault of the program and is shown with its stack. */
const EXPECTED = [
  ArchiveNeeded,
  ArchiveRefused,
  ArchivingExcluded,
  ClusterUnavailable,
  CommandError,
  ConfigError,
  DataFolderBusy,
  DataFolderUnusable,
  EmbeddedPostgresUnusable,
  InvalidArgumentError,
  JetStreamMismatch,
  JournalMismatch,
  JournalUnavailable,
  NatsUnreachable,
  NodeIdTaken,
  PostgresOfAnotherJournal,
  PostgresUnfit,
  PostgresUnreachable,
  SchemaRefused,
  ServerUnfit,
  StartError,
];

const program = new Command('doorbuster')
  .description('A flash-sale engine: every unit is sold exactly once.')
  .version(version, '-v, --version')
  .enablePositionalOptions()
  .showHelpAfterError();
for (const add of commands) add(program);

try {
  await program.parseAsync();
} catch (error) {
  console.error(isExpected(error) ? error.message : error);
  process.exit(1);
}

function isExpected(error: unknown): error is Error {
  return EXPECTED.some((kind) => error instanceof kind);
}
