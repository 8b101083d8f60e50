// Many seeds by hand: npx node test/simulation/nodes/run.ts [first seed] [seeds] [--trace]

import { simulate } from './simulate.ts';

const [first = 1, seeds = 1_000] = process.argv.slice(2, 4).map(Number);
const trace = process.argv.includes('--trace') ? console.log : undefined;
const since = performance.now();
const sums: Record<string, number> = {};
let faulty = 0;
for (let seed = first; seed < first + seeds; seed++) {
  const { wrong, nodes, orders, answers } = await simulate(seed, trace);
  for (const [name, count] of Object.entries({
    ...nodes.counts,
    orders,
    answers,
    claims: nodes.log.claims,
    changes: nodes.bucket.changes,
  }))
    sums[name] = (sums[name] ?? 0) + count;
  if (wrong.length === 0) continue;
  faulty++;
  console.log(`seed ${seed}`);
  for (const one of wrong.slice(0, 8)) console.log(`  ${one}`);
}
console.log({ first, seeds, faulty, seconds: Math.round((performance.now() - since) / 1_000), ...sums });
if (faulty > 0) process.exitCode = 1;
