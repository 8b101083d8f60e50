import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// The nodes and commands that tests start load the same modules again and again.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('node_modules/.cache/compile', import.meta.url));

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/servers/install.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Two cores: the tests that start servers and processes would only slow each other down.
    maxWorkers: 2,
    // Real time passes in these tests; a stalled one must say where.
    teardownTimeout: 20_000,
  },
});
