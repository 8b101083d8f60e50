// Runs once before all tests, behind install.ts: the data folder of a Postgres server is made by `initdb` once, and every server
// of the tests and of what they start has a copy. Removed after all tests.

import { makePostgresDataTemplate } from './postgres.ts';

export default makePostgresDataTemplate;
