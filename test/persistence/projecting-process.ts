// A process with an embedded Postgres that projects the long sale in small batches, from where Postgres is, until it is
// killed or done. Prints the position that it found, and then the last sequence of each batch once that is applied.

import {
  migrate,
  openPool,
  Projection,
  readPositions,
  startEmbeddedPostgres,
} from '../../src/persistence/index.ts';
import { longSale } from './long-sale.ts';

const embedded = await startEmbeddedPostgres(process.argv[2]!);
const pool = openPool(embedded.connection, 1, 'doorbuster test');
await migrate(pool);
const { records } = longSale();
const found = (await readPositions(pool)).get(0) ?? 0;
process.stdout.write(`${found}\n`);
const projection = new Projection(pool);
for (let from = found; from < records.length; from += 3) {
  const batch = records.slice(from, from + 3);
  await projection.apply(batch);
  process.stdout.write(`${batch.at(-1)!.sequence}\n`);
}
await pool.end();
await embedded.stop();
