import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { SHORT_LIFE } from './test/harness/short-life.ts';

// The nodes and commands that tests start load the same modules again and again.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('node_modules/.cache/compile', import.meta.url));

/** Their files take longest; begun last, they would keep one core busy and the others waiting. */
const FIRST = [
  '/test/faults/',
  '/test/attack/',
  '/test/bench/',
  '/test/node/',
  '/test/deploy/',
  '/test/browser/',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = FIRST.findIndex((folder) => moduleId.includes(folder));
      return at === -1 ? FIRST.length : at;
    };
    return files.toSorted((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/servers/install.ts', 'test/servers/templates.ts'],
    execArgv: [...SHORT_LIFE],
    sequence: { sequencer: LongestFirst },
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // What is waited for comes late on a busy machine.
    expect: { poll: { timeout: 120_000 } },
    // For two cores, since many tests wait for something; more would slow each other down.
    maxWorkers: 3,
    // Real time passes in these tests; a stalled one must say where.
    teardownTimeout: 20_000,
  },
});
