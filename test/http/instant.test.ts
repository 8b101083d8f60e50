import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instant } from '../../src/http/instant.ts';

test('a time is written as a Date writes it', () => {
  const near = fc.integer({ min: -5_000, max: 100_000 }).map((ms) => 1_790_000_000_000 + ms);
  const anywhere = fc.integer({ min: -62_000_000_000_000, max: 250_000_000_000_000 });
  fc.assert(
    fc.property(fc.oneof(near, anywhere), (epochMs) => {
      expect(instant(epochMs)).toBe(new Date(epochMs).toISOString());
    }),
    { numRuns: 2_000 },
  );
});
