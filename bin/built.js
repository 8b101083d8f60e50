// Which command line is run: the built one (`npm run build`) when it is as new as the sources, otherwise the sources.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const built = join(root, 'dist/node/cli.js');
const sources = join(root, 'src');

/** @returns {string} the path of the file that Node is to run */
export const cliFile = () => (isBuilt() ? built : join(sources, 'cli.ts'));

/** A folder is changed by what comes and goes in it. @returns {boolean} */
export function isBuilt() {
  const builtAt = changedAt(built);
  if (builtAt === undefined) return false;
  const inSources = readdirSync(sources, { recursive: true }).map((name) => join(sources, name));
  // The last is written by npm whenever it installs: packages are in the build, too.
  const others = ['src', 'package.json', 'bin/build.js', 'node_modules/.package-lock.json'];
  return [...others.map((name) => join(root, name)), ...inSources].every(
    (path) => (changedAt(path) ?? 0) <= builtAt,
  );
}

/** @returns {number | undefined} */
const changedAt = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs;
