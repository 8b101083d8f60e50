// Messages between nodes over real servers: what arrives, what is refused, what permissions hold, and a connection that comes
// and goes.

import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { refuse } from '../../src/actors/index.ts';
import {
  encodeMessage,
  JetStreamNames,
  NatsTransport,
  NodeTransport,
  provision,
  type Link,
  type Message,
} from '../../src/runtime/index.ts';
import { addressOf } from '../../src/runtime/address.ts';
import { OUTBOUND_BYTES_MAX, OutboundWindow } from '../../src/runtime/cluster/outbound-window.ts';
import { WIRE_BYTES_MAX } from '../../src/runtime/cluster/wire-bounds.ts';
import { JetStreamBench } from '../harness/jetstream-bench.ts';
import { TcpProxy } from '../harness/tcp-proxy.ts';
import { waitUntil } from '../harness/wait-until.ts';
import type { NatsUser } from '../servers/nats.ts';

/** The prefix that the shipped accounts allow. */
const OF = 'doorbuster';
const nats = new JetStreamBench();
afterAll(() => nats.stop());
afterEach(() => nats.closeLinks());

const as = async (user: NatsUser) => (await nats.cluster).connectionOf(user);

const commandsOf = (from: number, ids: readonly number[] = [1]): Message => ({
  from,
  commands: ids.map((id) => ({
    id,
    shard: 7,
    timeLeftMs: 5_000,
    command: { kind: 'showProduct', productId: 'kettle' },
  })),
  replies: [],
});
const repliesOf = (from: number, id = 1): Message => ({
  from,
  commands: [],
  replies: [{ id, reply: refuse('sold_out').reply }],
});

let prefixes = 0;
const newNames = (): JetStreamNames => new JetStreamNames(`wire${++prefixes}`);

/** A transport that listens, and what it heard. */
async function listening(names: JetStreamNames, self: number, link?: Link) {
  const heard: Message[] = [];
  const refusals: string[] = [];
  const ofIt = link ?? (await nats.link());
  const onRefused = (reason: string): void => void refusals.push(reason);
  const transport = new NatsTransport({ link: ofIt, names, self, onRefused });
  transport.onMessage((message) => heard.push(message));
  await ofIt.connection.flush();
  return { transport, heard, refusals, link: ofIt };
}

describe('a message', () => {
  test('goes to the thread that it is for, commands and answers apart', async () => {
    const names = newNames();
    const [one, other, third] = [
      await listening(names, 1),
      await listening(names, 65),
      await listening(names, 2),
    ];
    const { commands } = commandsOf(1);
    const { replies } = repliesOf(1);
    one.transport.send(65, { from: 1, commands, replies });
    await waitUntil('both parts are there', () => other.heard.length === 2);
    expect(other.heard).toEqual([commandsOf(1), repliesOf(1)]);
    other.transport.send(1, repliesOf(65, 8));
    await waitUntil('the answer is there', () => one.heard.length === 1);
    expect(one.heard).toEqual([repliesOf(65, 8)]);
    expect(one.transport.counts).toEqual({ sent: 2, received: 1, refused: 0, dropped: 0 });
    expect(other.transport.counts).toEqual({ sent: 1, received: 2, refused: 0, dropped: 0 });
    expect(third.heard).toEqual([]);
  });

  test('goes over NATS to other nodes only', () => {
    const sent: string[] = [];
    const named = (name: string) => ({
      send: (to: number) => void sent.push(`${name} ${to}`),
      onMessage: () => void sent.push(`${name} listens`),
      poll: () => void sent.push(`${name} polls`),
    });
    const transport = new NodeTransport(addressOf(2, 5), named('threads'), named('nodes'));
    for (const to of [addressOf(2, 0), addressOf(2, 63), addressOf(1, 5), addressOf(3, 0)])
      transport.send(to, commandsOf(0));
    transport.onMessage(() => undefined);
    transport.poll();
    expect(sent).toEqual([
      'threads 128',
      'threads 191',
      'nodes 69',
      'nodes 192',
      'threads listens',
      'nodes listens',
      'threads polls',
    ]);
  });
});

describe('what is refused is told and counted, and the next good message is taken', () => {
  const [commands] = encodeMessage(commandsOf(65));
  const [replies] = encodeMessage(repliesOf(65));

  test.each<[string, (names: JetStreamNames, sender: Link) => void, string]>([
    [
      'bytes that are none',
      (names, sender) => sender.connection.publish(names.commandsTo(1), 'hello'),
      'version 104',
    ],
    [
      'bytes that are none, as answers',
      (names, sender) => sender.connection.publish(names.repliesTo(1), Uint8Array.of(1, 0xc1)),
      'begins with the byte 193',
    ],
    ['nothing', (names, sender) => sender.connection.publish(names.repliesTo(1)), 'the message is empty'],
    [
      'answers among the commands',
      (names, sender) => sender.connection.publish(names.commandsTo(1), replies),
      'has no commands',
    ],
    [
      'commands among the answers',
      (names, sender) => sender.connection.publish(names.repliesTo(1), commands),
      'has no replies',
    ],
    [
      'a large one',
      (names, sender) => sender.connection.publish(names.commandsTo(1), new Uint8Array(WIRE_BYTES_MAX + 1)),
      'has 524289 bytes',
    ],
    [
      'a reply subject in the journal',
      (names, sender) =>
        sender.connection.publish(names.commandsTo(1), commands, { reply: names.journalOf(7) }),
      'asks for a reply',
    ],
    [
      'a reply subject of any kind',
      (names, sender) => sender.connection.publish(names.repliesTo(1), replies, { reply: '_INBOX.1' }),
      'asks for a reply',
    ],
  ])('%s', async (_, publish, why) => {
    const names = newNames();
    const { transport, heard, refusals } = await listening(names, 1);
    const sender = await nats.link();
    const inJournal: unknown[] = [];
    sender.connection.subscribe(names.journalSubjects, {
      callback: (_, message) => void inJournal.push(message),
    });
    publish(names, sender);
    sender.connection.publish(names.commandsTo(1), commands);
    await waitUntil('the good one is there', () => heard.length === 1);
    expect(heard).toEqual([commandsOf(65)]);
    expect(refusals).toEqual([expect.stringContaining(why)]);
    expect(transport.counts).toEqual({ sent: 0, received: 1, refused: 1, dropped: 0 });
    await sender.connection.flush();
    expect(inJournal).toEqual([]);
  });
});

describe('permissions', () => {
  test('of the shipped accounts let a gateway ask and an actor answer', async () => {
    const names = new JetStreamNames(OF);
    const gateway = await listening(names, 1, await nats.link(await as('gateway')));
    const actor = await listening(names, 65, await nats.link(await as('owner')));
    // Each also tries to hear what the other one does, and is told that it may not.
    await waitUntil('both are told', () => gateway.refusals.length > 0 && actor.refusals.length > 0);
    expect(gateway.refusals).toEqual([
      expect.stringMatching(/nothing comes from doorbuster\.cmd\.1: .*ermissions/),
    ]);
    expect(actor.refusals).toEqual([
      expect.stringMatching(/nothing comes from doorbuster\.reply\.65: .*ermissions/),
    ]);
    gateway.transport.send(65, commandsOf(1));
    await waitUntil('the command is there', () => actor.heard.length === 1);
    actor.transport.send(1, repliesOf(65));
    await waitUntil('the answer is there', () => gateway.heard.length === 1);
  });

  test.each(['journal.7', 'reply.1', 'snapshots.names.1'])(
    'of the shipped accounts keep a gateway out of %s',
    async (subject) => {
      const names = new JetStreamNames(OF);
      await provision(await nats.link(), names, { shards: 8, replicas: 1 });
      const witness = await nats.link();
      const seen: unknown[] = [];
      witness.connection.subscribe(`${OF}.>`, { callback: (_, { subject }) => void seen.push(subject) });
      await witness.connection.flush();
      const { connection } = await nats.link(await as('gateway'));
      const told = (async () => {
        for await (const status of connection.status()) if (status.type === 'error') return status.error;
      })();
      connection.publish(`${OF}.${subject}`, 'x');
      expect((await told)?.message).toMatch(new RegExp(`ermissions.*${OF}\\.${subject}`, 'i'));
      connection.publish(`${OF}.cmd.9`, 'x');
      await connection.flush();
      await waitUntil('the permitted one is there', () => seen.length > 0);
      expect(seen).toEqual([`${OF}.cmd.9`]);
    },
  );
});

describe('a connection', () => {
  test('that is cut drops what is sent, and carries again when it is healed', async () => {
    const names = newNames();
    const proxy = await TcpProxy.to((await nats.cluster).servers[0]!.port);
    const link = await nats.link({
      servers: `127.0.0.1:${proxy.port}`,
      reconnectTimeWait: 20,
      reconnectJitter: 0,
    });
    const cut = await listening(names, 1, link);
    const other = await listening(names, 65);
    try {
      proxy.cut();
      await waitUntil('it is noticed', () => !link.isUp);
      for (let id = 0; id < 1_000; id++) cut.transport.send(65, commandsOf(1, [id]));
      expect(cut.transport.counts).toMatchObject({ sent: 0, dropped: 1_000 });
      proxy.heal();
      await waitUntil('it is back', () => link.isUp);
      cut.transport.send(65, commandsOf(1, [4_711]));
      await waitUntil('a message passes', () => other.heard.length > 0);
      expect(other.heard).toEqual([commandsOf(1, [4_711])]);
      other.transport.send(1, repliesOf(65));
      await waitUntil('an answer passes', () => cut.heard.length > 0);
    } finally {
      await nats.closeLinks();
      await proxy.close();
    }
  });

  test('that is closed drops what is sent', async () => {
    const { transport, link } = await listening(newNames(), 1);
    await link.close();
    transport.send(65, { ...commandsOf(1), replies: repliesOf(1).replies });
    expect(transport.counts).toMatchObject({ sent: 0, dropped: 2 });
  });

  test('to a server that does not read takes so much and no more', async () => {
    const names = newNames();
    const server = (await nats.cluster).servers[0]!;
    const { transport } = await listening(names, 1);
    const large = encodeOf(300_000);
    const bytes = encodeMessage(large)[0]!.length;
    await server.freeze();
    try {
      for (let sent = 0; sent < 2 * OUTBOUND_BYTES_MAX; sent += bytes) transport.send(65, large);
      const { sent, dropped } = transport.counts;
      expect(sent).toBe(Math.floor(OUTBOUND_BYTES_MAX / bytes));
      expect(dropped).toBeGreaterThanOrEqual(sent - 1);
    } finally {
      server.thaw();
    }
    await waitUntil('it reads again, and there is room', () => {
      const { dropped } = transport.counts;
      transport.send(65, large);
      return transport.counts.dropped === dropped;
    });
  });

  test('that is lost takes with it what waited', async () => {
    const pings: PromiseWithResolvers<void>[] = [];
    const window = new OutboundWindow(() => {
      pings.push(Promise.withResolvers<void>());
      return pings.at(-1)!.promise;
    });
    window.add(OUTBOUND_BYTES_MAX);
    expect(window.hasRoomFor(1)).toBe(false);
    pings[0]!.reject(new Error('lost'));
    await waitUntil('there is room again', () => window.hasRoomFor(OUTBOUND_BYTES_MAX));
    expect(pings).toHaveLength(1);
  });
});

/** Commands of about so many bytes. */
function encodeOf(bytes: number): Message {
  const description = 'x'.repeat(5_000);
  const sale = { startsAt: 1, endsAt: 2, amount: 1, currency: 'EUR', perCustomerLimit: 1, holdSeconds: 0 };
  const configuration = { name: 'Kettle', description, ...sale };
  const commands = Array.from({ length: Math.ceil(bytes / 5_000) }, (_, id) => ({
    id,
    shard: 7,
    timeLeftMs: 5_000,
    command: { kind: 'configure' as const, productId: 'kettle', expectedRevision: undefined, configuration },
  }));
  return { from: 1, commands, replies: [] };
}
