// Runs once before all tests: what has to be installed or takes long to make is done here, by one process, and not by two
// test files that start at the same moment.

import type { TestProject } from 'vitest/node';
import { assertSwift } from './bucket.ts';
import { assertChromium } from './chromium.ts';
import { makePostgresTemplates } from './make-postgres-templates.ts';
import { natsBinary } from './nats-binary.ts';
import { postgresBinaries } from './postgres.ts';
import { assertRedis } from './redis.ts';
import { assertStrace } from './strace.ts';

/** @returns what ends it, after all tests */
export default async function install(project: TestProject): Promise<() => void> {
  postgresBinaries();
  assertStrace();
  natsBinary();
  assertRedis();
  assertSwift();
  assertChromium();
  const templates = await makePostgresTemplates();
  project.provide('postgresTemplate', templates.bare);
  project.provide('postgresNodeTemplate', templates.withTables);
  return () => templates.remove();
}
