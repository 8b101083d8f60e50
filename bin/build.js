// `npm run build`: the sources and most packages as a few files in dist/node, which a node loads in a third of the time that a
// thousand modules take. `doorbuster` runs them when they are as new as the sources (built.js), and the sources otherwise.

import { globSync, renameSync, rmSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isBuilt } from './built.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILT = join(ROOT, 'dist/node');

/** What is started by itself: the command line, and the file of each thread and process. The client's runs in browsers. */
const ENTRIES = [
  'src/cli.ts',
  'src/worker.ts',
  ...globSync('src/**/*-{thread,process}.ts', {
    cwd: ROOT,
    exclude: ['src/client/**', 'src/worker-thread.ts'],
  }),
];

/** What browsers run of the TypeScript here. */
const CLIENT_SCRIPTS = /\/src\/http\/pages\/client-scripts\.ts$/;

/** They find files of their own beside their code, or are made for one kind of machine. */
const PACKAGES_LEFT = [
  /^@electric-sql\//,
  /^msgpackr-extract$/,
  /^pg-native$/,
  /^pino$/,
  /^piscina$/,
  /^sharp$/,
];

/** Pictures, pages and package.json stay where they are, so whoever reads them is told where it was written. Threads come along. */
const filesOfSources = {
  name: 'files-of-sources',
  transform: {
    filter: { id: { include: /\/src\/.*\.ts$/, exclude: CLIENT_SCRIPTS }, code: 'import.meta.url' },
    /** @param {string} code @param {string} id */
    handler: (code, id) => {
      const url = `new URL(${JSON.stringify(relative(BUILT, id))}, import.meta.url).href`;
      // No line moves.
      return { code: code.replaceAll(/(?<!threadFile\([^)]*)import\.meta\.url/g, url), map: null };
    },
  },
};

/** Their types are taken out now, so that no thread loads a compiler for it when it starts. */
const clientScripts = {
  name: 'client-scripts',
  load: {
    filter: { id: CLIENT_SCRIPTS },
    /** @param {string} id */
    handler: async (id) => {
      const { readClientScripts } = await import(pathToFileURL(id).href);
      const scripts = JSON.stringify([...readClientScripts()]);
      return `const scripts = new Map(${scripts});\nexport const readClientScripts = () => scripts;`;
    },
  },
};

/** Nothing is done when it is as new as the sources. */
export async function buildNode() {
  if (isBuilt()) return;
  const { rolldown } = await import('rolldown');
  const bundle = await rolldown({
    input: Object.fromEntries(ENTRIES.map((file) => [basename(file, '.ts'), join(ROOT, file)])),
    platform: 'node',
    external: PACKAGES_LEFT,
    plugins: [filesOfSources, clientScripts],
  });
  // Beside it, so that a node that runs, or starts meanwhile, misses none of its files.
  const fresh = join(ROOT, `dist/.node-${process.pid}`);
  await bundle.write({
    dir: fresh,
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  });
  await bundle.close();
  rmSync(BUILT, { recursive: true, force: true });
  renameSync(fresh, BUILT);
}

if (import.meta.main) {
  try {
    await buildNode();
  } catch (error) {
    // An installation without what is only for developers.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.log('Not built, since the package rolldown is not installed: doorbuster runs its sources.');
  }
}
