#!/usr/bin/env node
// Starts the command line on a Node that can run it: this one, or the one that the project brings along.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cliFile } from './built.js';

const isNewEnough = Number(process.versions.node.split('.')[0]) >= 26;
const cli = cliFile();

// What is compiled is kept beside the packages, also for the threads: a command starts in little more than half the time.
// Where that folder cannot be written, or the setting is empty, Node keeps nothing.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url));

if (isNewEnough) {
  // An empty one would be the folder in which the command runs.
  if (process.env.NODE_COMPILE_CACHE) module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
  await import(pathToFileURL(cli).href);
} else {
  const own = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
  if (!existsSync(own)) {
    console.error(
      `Doorbuster needs Node 26 or newer; this is ${process.version}. Run npm ci: it brings one along.`,
    );
    process.exit(1);
  }
  const child = spawn(own, [cli, ...process.argv.slice(2)], {
    // Over the channel the child sees this process end, however it ends.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  // A terminal sends Ctrl-C to both, a supervisor to this one alone; the other takes two in one moment as one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
}
