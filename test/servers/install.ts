// Runs once before all tests: what has to be installed is installed here, by one process, and not by two test files that
// start at the same moment.

import { postgresBinaries } from './postgres.ts';
import { assertStrace } from './strace.ts';

export default function install(): void {
  postgresBinaries();
  assertStrace();
}
