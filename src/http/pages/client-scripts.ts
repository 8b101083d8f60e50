// What browsers run of the TypeScript here: the typed client of src/client, and the words of the pages, which are one file for the
// server and for the scripts. Taking types out loads a compiler, so a build has it done (bin/build.js).

import { readFileSync, readdirSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const clientFolder = fileURLToPath(new URL('../../client/', import.meta.url));
const words = fileURLToPath(new URL('./texts.ts', import.meta.url));

/** @returns JavaScript by its name below /static/: `texts.js`, `client/purchase.js` */
export function readClientScripts(): ReadonlyMap<string, string> {
  const files = readdirSync(clientFolder).filter((name) => name.endsWith('.ts'));
  return new Map([
    ['texts.js', withoutTypes(words)],
    ...files.map((name): [string, string] => [
      `client/${basename(name, '.ts')}.js`,
      // The types become spaces, so that a line and a column are the same in the browser and in the source.
      withoutTypes(join(clientFolder, name)).replaceAll(/[^\S\n]+$/gm, ''),
    ]),
  ]);
}

/** Node warns once that this is experimental, and an operator could do nothing about it. */
function withoutTypes(path: string): string {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  try {
    return stripTypeScriptTypes(readFileSync(path, 'utf8'));
  } finally {
    process.emitWarning = emitWarning;
  }
}
