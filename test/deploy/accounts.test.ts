// The users of NATS that are shipped, on a server that is started with the shipped files: what each may say and hear, and that
// it is nothing else. One table of subjects for all of them, so that a permission too many is found as well as one too few.

import { connect, PermissionViolationError } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inboxOf, NATS_USERS, startNats, type NatsCluster, type NatsUser } from '../servers/nats.ts';
import { shippedFile } from '../servers/shipped-file.ts';

let nats: NatsCluster;
beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats?.stop());

const NODES: readonly NatsUser[] = ['node', 'gateway', 'owner', 'writer'];
const SHOPPING: readonly NatsUser[] = ['node', 'gateway'];
const OWNING: readonly NatsUser[] = ['node', 'owner'];
const WRITING: readonly NatsUser[] = ['node', 'writer'];
const READING: readonly NatsUser[] = ['audit', 'archiver'];

/** Who may publish it, beside the operator, who may everything. */
const MAY_PUBLISH: Readonly<Record<string, readonly NatsUser[]>> = {
  'doorbuster.journal.3': OWNING,
  'doorbuster.snapshots.names.3.1': [...OWNING, 'archiver'],
  'doorbuster.cmd.64': SHOPPING,
  'doorbuster.reply.64': OWNING,
  'doorbuster.node.1': NODES,
  'doorbuster.nodes': NODES,
  'doorbuster.changes': [...NODES, 'archiver'],
  'doorbuster.else': [],
  '$KV.doorbuster-cluster.document': [...NODES, 'archiver'],
  '$KV.other.document': [],
  '_INBOX_node.x': NODES,
  '_INBOX_admin.x': SHOPPING,
  '_INBOX_audit.x': [],
  '_INBOX.x': [],
  'admin.stock.load': ['admin'],
  'admin.product.put': ['admin'],
  '$SRV.PING': ['admin'],
  '$JS.API.INFO': [],
  '$JS.API.STREAM.CREATE.doorbuster-journal': ['provisioner'],
  '$JS.API.STREAM.UPDATE.doorbuster-journal': [],
  '$JS.API.STREAM.DELETE.doorbuster-journal': [],
  '$JS.API.STREAM.INFO.doorbuster-journal': [...NODES, ...READING, 'provisioner'],
  '$JS.API.STREAM.INFO.doorbuster-snapshots': [...NODES, ...READING, 'provisioner'],
  '$JS.API.STREAM.INFO.KV_doorbuster-cluster': [...NODES, ...READING, 'provisioner'],
  '$JS.API.STREAM.INFO.another': [...READING, 'provisioner'],
  '$JS.API.STREAM.PURGE.doorbuster-journal': ['archiver'],
  '$JS.API.STREAM.PURGE.doorbuster-snapshots': [...OWNING, 'archiver'],
  '$JS.API.STREAM.PURGE.KV_doorbuster-cluster': [],
  '$JS.API.STREAM.MSG.DELETE.doorbuster-journal': [],
  '$JS.API.STREAM.MSG.GET.doorbuster-journal': [...NODES, ...READING],
  '$JS.API.STREAM.MSG.GET.doorbuster-snapshots': [...OWNING, ...READING],
  '$JS.API.STREAM.MSG.GET.KV_doorbuster-cluster': [...NODES, ...READING],
  '$JS.API.DIRECT.GET.doorbuster-journal': [...NODES.filter((user) => user !== 'gateway'), ...READING],
  '$JS.API.DIRECT.GET.doorbuster-snapshots': [...OWNING, ...READING],
  '$JS.API.CONSUMER.INFO.doorbuster-journal.postgres': NODES,
  '$JS.API.CONSUMER.CREATE.doorbuster-journal.postgres.doorbuster.journal.*': WRITING,
  '$JS.API.CONSUMER.CREATE.doorbuster-journal.another.doorbuster.journal.*': [],
  '$JS.API.CONSUMER.CREATE.doorbuster-snapshots.postgres': [],
  '$JS.API.CONSUMER.DELETE.doorbuster-journal.postgres': WRITING,
  '$JS.API.CONSUMER.MSG.NEXT.doorbuster-journal.postgres': WRITING,
  '$JS.ACK.doorbuster-journal.postgres.1.1.1.1.0': WRITING,
  '$SYS.REQ.SERVER.PING': [],
};

/** Who may hear it, beside the operator. */
const MAY_HEAR: Readonly<Record<string, readonly NatsUser[]>> = {
  'doorbuster.cmd.64': OWNING,
  'doorbuster.reply.64': SHOPPING,
  'doorbuster.node.1': NODES,
  'doorbuster.nodes': NODES,
  'doorbuster.changes': [...NODES, 'archiver'],
  'doorbuster.journal.3': [],
  'doorbuster.>': [],
  '$KV.doorbuster-cluster.document': [],
  'admin.>': SHOPPING,
  '$SRV.PING': SHOPPING,
  '$JS.API.>': [],
  '_INBOX.>': [],
  '_INBOX_node.>': NODES,
  '_INBOX_admin.>': ['admin'],
  '_INBOX_audit.>': ['audit'],
  '_INBOX_archiver.>': ['archiver'],
  '_INBOX_provisioner.>': ['provisioner'],
  '>': [],
};

const ofShop = NATS_USERS.filter((user) => !['system', 'operator'].includes(user));

test('the server runs the shipped file, as it is', () => {
  expect(nats.servers[0]!.args).toEqual(['-c', shippedFile('nats/server.conf')]);
});

test.each(ofShop)('%s may say and hear what its role needs, and nothing else', async (user) => {
  const expected = { publish: deniedTo(user, MAY_PUBLISH), subscription: deniedTo(user, MAY_HEAR) };
  expect(await refusedTo(user)).toEqual(expected);
  // A table that denies or allows everything would prove nothing.
  for (const [denied, all] of [
    [expected.publish, MAY_PUBLISH],
    [expected.subscription, MAY_HEAR],
  ] as const) {
    expect(denied.length).toBeGreaterThan(0);
    expect(denied.length).toBeLessThan(Object.keys(all).length);
  }
});

test('the operator may do everything in its account, and nothing to the servers', async () => {
  const { publish, subscription } = await refusedTo('operator');
  expect({ publish, subscription }).toEqual({ publish: [], subscription: [] });
  const operator = await connect(nats.connection);
  await expect(operator.request('$SYS.REQ.SERVER.PING', '', { timeout: 500 })).rejects.toThrow(
    /no responders/i,
  );
  await operator.close();
  const system = await connect(nats.connectionOf('system'));
  const { server } = (await system.request('$SYS.REQ.SERVER.PING')).json<{ server: { name: string } }>();
  expect(server.name).toBe('n1');
  await system.close();
});

test('nobody comes in without a password, or with one of another user', async () => {
  const { servers } = nats.connection;
  await expect(connect({ servers })).rejects.toThrow(/Authorization/i);
  await expect(connect({ servers, user: 'node', pass: 'guessed' })).rejects.toThrow(/Authorization/i);
  await expect(connect({ servers, user: 'nobody', pass: 'of-the-tests' })).rejects.toThrow(/Authorization/i);
});

function deniedTo(user: NatsUser, table: Readonly<Record<string, readonly NatsUser[]>>): string[] {
  return Object.keys(table).filter((subject) => !table[subject]!.includes(user));
}

/** What the server refuses when everything in the tables is tried; it says so before it answers the flush. */
async function refusedTo(user: NatsUser): Promise<{ publish: string[]; subscription: string[] }> {
  const connection = await connect({ ...nats.connectionOf(user), inboxPrefix: inboxOf(user) });
  const refused = { publish: new Set<string>(), subscription: new Set<string>() };
  const listening = (async () => {
    for await (const status of connection.status())
      if (status.type === 'error' && status.error instanceof PermissionViolationError)
        refused[status.error.operation].add(status.error.subject);
  })();
  for (const subject of Object.keys(MAY_HEAR)) connection.subscribe(subject, { callback: () => undefined });
  await connection.flush();
  for (const subject of Object.keys(MAY_PUBLISH)) connection.publish(subject, '');
  await connection.flush();
  await connection.close();
  await listening;
  const inOrder = (table: object, found: Set<string>): string[] =>
    Object.keys(table).filter((subject) => found.has(subject));
  return {
    publish: inOrder(MAY_PUBLISH, refused.publish),
    subscription: inOrder(MAY_HEAR, refused.subscription),
  };
}
