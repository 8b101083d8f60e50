// Runs once before all tests, behind install.ts: what nodes run is built; the data folder of a Postgres server is made by `initdb`,
// and every server of the tests and of what they start has a copy; and the server starts that tests share.

import type { TestProject } from 'vitest/node';
import { buildNode } from '../../bin/build.js';
import { makePostgresDataTemplate } from './postgres.ts';
import { startSharedPostgres } from './shared-postgres.ts';

/** @returns what ends it, after all tests */
export default async function makeTemplates(project: TestProject): Promise<() => Promise<void>> {
  await buildNode();
  const removeTemplate = makePostgresDataTemplate();
  const shared = await startSharedPostgres();
  project.provide('sharedPostgres', shared.connection);
  return async () => {
    await shared.stop();
    removeTemplate();
  };
}
