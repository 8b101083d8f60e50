// `doorbuster provision`: makes the journal's streams on NATS, or says what is wrong with those that are there. As a user that
// may make streams, so that the nodes need not.

import type { Command } from 'commander';
import { CommandError } from '../node-client.ts';
import { openJetStream, systemTimers, type JetStreamStore } from '../runtime/index.ts';
import { natsSettings } from './nats-settings.ts';

export function addProvision(program: Command): void {
  program
    .command('provision')
    .description('make the streams of the journal on NATS_URL, or check those that are there')
    .option('--json', 'print JSON')
    .action(runProvision);
}

async function runProvision({ json }: { json?: boolean }): Promise<void> {
  const settings = natsSettings(process.env);
  if (settings === undefined) {
    throw new CommandError(
      'Say where NATS is: NATS_URL=nats://user:password@host:4222 (several with commas).',
    );
  }
  const { link, ...store } = await openJetStream(settings, systemTimers);
  await link.close();
  const { id: journal, names, shards, replicas, made, found, warnings } = store;
  const bucket = names.clusterBucket;
  if (json) console.log(JSON.stringify({ journal, shards, replicas, made, found, bucket, warnings }));
  else print(store);
}

function print({ id, shards, replicas, made, found, warnings }: Omit<JetStreamStore, 'link'>): void {
  for (const name of made) console.log(`made         ${name}`);
  for (const name of found) console.log(`was there    ${name}`);
  console.log(`\nJournal ${id}: ${shards} shards, ${replicas === 1 ? 'one copy' : `${replicas} copies`}.`);
  for (const warning of warnings) console.log(`\n! ${warning}`);
}
