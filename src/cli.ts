// The command line. Each command says what it did, or what is wrong and what to do; --json prints for programs.

import { Command, InvalidArgumentError } from 'commander';
import { COMMANDS } from './commands/index.ts';
import { ExpectedError } from './runtime/expected-error.ts';
import { version } from './version.ts';

const program = new Command('doorbuster')
  .description('A flash-sale engine: every unit is sold exactly once.')
  .version(version, '-v, --version')
  .enablePositionalOptions()
  .showHelpAfterError();

const [name = ''] = process.argv.slice(2);
// Whoever asks for help, or for what is not there, is shown all of them.
const wanted = Object.hasOwn(COMMANDS, name) ? [COMMANDS[name]!] : new Set(Object.values(COMMANDS));
for (const load of wanted) (await load())(program);

try {
  await program.parseAsync();
} catch (error) {
  const isExpected = error instanceof ExpectedError || error instanceof InvalidArgumentError;
  console.error(isExpected ? error.message : error);
  process.exit(1);
}
