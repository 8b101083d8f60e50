// A password that comes from a file or from standard input, so that it stands on no command line.

import { readFileSync } from 'node:fs';
import { CommandError, whyOf } from '../node-client.ts';

const PASSWORD_FILE_BYTES_MAX = 4_096;
const STANDARD_INPUT = 0;

/** The one line that stands there. @param file `-` for standard input @throws CommandError */
export function readPassword(file: string): string {
  const name = file === '-' ? 'Standard input' : file;
  let bytes: Buffer;
  try {
    bytes = readFileSync(file === '-' ? STANDARD_INPUT : file);
  } catch (error) {
    throw new CommandError(`The password cannot be read from ${name}: ${whyOf(error)}`, { cause: error });
  }
  if (bytes.length > PASSWORD_FILE_BYTES_MAX)
    throw new CommandError(`${name} holds more than a password: ${PASSWORD_FILE_BYTES_MAX} bytes at most.`);
  const [password = '', ...rest] = bytes.toString('utf8').split(/\r?\n/);
  if (password === '' || rest.some((line) => line !== ''))
    throw new CommandError(`${name} must hold one line: the password.`);
  return password;
}
