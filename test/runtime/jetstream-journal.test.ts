// What only a journal behind a network can suffer: lost answers, frozen and killed servers, claims at the same moment. The
// servers are real; the contract that all journals share is in journal.test.ts.

import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { encodeRecord } from '../../src/actors/index.ts';
import {
  JournalDamaged,
  JournalUnavailable,
  systemClock,
  systemRandom,
  systemTimers,
  type AppendResult,
  type JetStreamJournal,
  type JetStreamNames,
  type Journal,
  type ShardPorts,
  type StoredRecord,
} from '../../src/runtime/index.ts';
import { AppendWindow } from '../../src/runtime/jetstream/append-window.ts';
import { claim } from '../../src/runtime/claim.ts';
import { JetStreamBench } from '../harness/jetstream-bench.ts';
import { TcpProxy } from '../harness/tcp-proxy.ts';
import { recordOf, textOf } from '../harness/text-record.ts';
import { waitUntil } from '../harness/wait-until.ts';

const one = new JetStreamBench();
const three = new JetStreamBench({ servers: 3 });
afterAll(async () => {
  await one.stop();
  await three.stop();
});
afterEach(async () => {
  await one.closeLinks();
  await three.closeLinks();
});

const SHARD = 3;

async function textsOf(journal: Journal, shard = SHARD): Promise<string[]> {
  const texts: string[] = [];
  for await (const piece of journal.replay(shard, 1, 1_000_000)) texts.push(...piece.map(textOf));
  return texts;
}

const append = (journal: Journal, text: string, expected: number): Promise<AppendResult> =>
  journal.append(SHARD, recordOf(SHARD, text, expected), expected);

async function appended(journal: Journal, text: string, expected: number): Promise<number> {
  const result = await append(journal, text, expected);
  if (result.kind !== 'appended') throw new Error(`${text}: ${JSON.stringify(result)}`);
  return result.sequence;
}

const portsOf = (journal: Journal): ShardPorts => ({
  journal,
  clock: systemClock,
  timers: systemTimers,
  random: systemRandom,
});

/** Counts the pauses between the tries of an append. */
class CountedTimers {
  pauses = 0;

  after(delayMs: number, callback: () => void): () => void {
    this.pauses++;
    return systemTimers.after(delayMs, callback);
  }
}

describe.each([
  ['one server', one],
  ['three servers', three],
])('with %s', (_, bench) => {
  test('of two claims of one epoch at the same moment exactly one wins, and the other is told so', async () => {
    const names = await bench.stream();
    const journals = [await bench.journal(names), await bench.journal(names)];
    let head = 0;
    for (let round = 0; round < 30; round++) {
      const results = await Promise.all(
        journals.map((journal, at) => append(journal, `${round} of ${at}`, head)),
      );
      const kinds = results.map(({ kind }) => kind).sort();
      expect(kinds, `round ${round}`).toEqual(['appended', 'fenced']);
      const winner = results.findIndex(({ kind }) => kind === 'appended');
      const newest = (await journals[1]!.head(SHARD))!;
      expect(textOf(newest)).toBe(`${round} of ${winner}`);
      expect(results[winner]).toEqual({ kind: 'appended', sequence: newest.sequence });
      head = newest.sequence;
    }
    expect(await textsOf(journals[0]!)).toHaveLength(30);
  });

  test('a writer that was fenced is told so, and nothing of it is there', async () => {
    const names = await bench.stream();
    const [earlier, later] = [await bench.journal(names), await bench.journal(names)];
    const head = await appended(earlier, 'claim of the earlier', 0);
    const claim = await appended(later, 'claim of the later', head);
    await appended(later, 'its first', claim);
    expect(await append(earlier, 'too late', head)).toEqual({ kind: 'fenced' });
    expect(await textsOf(later)).toEqual(['claim of the earlier', 'claim of the later', 'its first']);
  });

  test('many shards at once are each in order', async () => {
    const names = await bench.stream();
    const journal = await bench.journal(names);
    const shards = [0, 1, 2, 3, 4, 5, 6, 7];
    const write = async (shard: number): Promise<void> => {
      for (let number = 0, head = 0; number < 20; number++) {
        const result = await journal.append(shard, recordOf(shard, `${number}`, head), head);
        if (result.kind !== 'appended') throw new Error(result.kind);
        head = result.sequence;
      }
    };
    await Promise.all(shards.map(write));
    for (const shard of shards)
      expect(await textsOf(journal, shard)).toEqual([...Array(20).keys()].map(String));
  });
});

describe('behind a network that fails', () => {
  let proxy: TcpProxy;
  afterEach(() => proxy.close());

  async function behindProxy(options: Parameters<JetStreamBench['journal']>[1] = {}): Promise<{
    names: JetStreamNames;
    journal: JetStreamJournal;
    witness: JetStreamJournal;
  }> {
    const names = await one.stream();
    proxy = await TcpProxy.to((await one.cluster).servers[0]!.port);
    const servers = `127.0.0.1:${proxy.port}`;
    const journal = await one.journal(names, options, { servers, ignoreClusterUpdates: true });
    return { names, journal, witness: await one.journal(names) };
  }

  const landed = (witness: Journal, text: string): Promise<StoredRecord> =>
    waitUntil(`${text} is there`, async () => {
      const head = await witness.head(SHARD);
      return head !== undefined && textOf(head) === text && head;
    });

  test('an append whose answer was lost is told that it landed, and where', async () => {
    const { journal, witness } = await behindProxy();
    const head = await appended(journal, 'claim', 0);
    proxy.mute();
    const appending = append(journal, 'batch', head);
    const { sequence } = await landed(witness, 'batch');
    proxy.cut();
    proxy.heal();
    expect(await appending).toEqual({ kind: 'appended', sequence });
    expect(await textsOf(witness)).toEqual(['claim', 'batch']);
  });

  test('so is one that somebody else claimed over meanwhile; the next one is fenced', async () => {
    const { journal, witness } = await behindProxy();
    const head = await appended(journal, 'claim', 0);
    proxy.mute();
    const appending = append(journal, 'batch', head);
    const { sequence } = await landed(witness, 'batch');
    await appended(witness, 'claim of another', sequence);
    proxy.cut();
    proxy.heal();
    expect(await appending).toEqual({ kind: 'appended', sequence });
    expect(await append(journal, 'next', sequence)).toEqual({ kind: 'fenced' });
    expect(await textsOf(witness)).toEqual(['claim', 'batch', 'claim of another']);
  });

  test('one whose connection was lost before anything arrived is appended when there is a connection', async () => {
    const timers = new CountedTimers();
    const { journal, witness } = await behindProxy({ timers });
    const head = await appended(journal, 'claim', 0);
    proxy.cut();
    const appending = append(journal, 'batch', head);
    await waitUntil('it was tried', () => timers.pauses > 0);
    proxy.heal();
    const result = await appending;
    expect(result).toEqual({ kind: 'appended', sequence: (await witness.head(SHARD))!.sequence });
    expect(await textsOf(witness)).toEqual(['claim', 'batch']);
  });

  test('one that never hears anything is unknown, neither appended nor fenced', async () => {
    const { journal, witness } = await behindProxy({ appendMs: 400, appendTryMs: 100 });
    const head = await appended(journal, 'claim', 0);
    proxy.mute();
    expect(await append(journal, 'batch', head)).toMatchObject({ kind: 'unknown' });
    expect(proxy.answersSwallowed).toBeGreaterThan(0);
    proxy.cut();
    expect(await append(journal, 'another', head)).toMatchObject({ kind: 'unknown' });
    expect(await textsOf(witness)).toEqual(['claim', 'batch']);
  });

  test('an owner whose append stays unknown claims anew, and reads that it landed', async () => {
    const { names, journal, witness } = await behindProxy({ appendMs: 400, appendTryMs: 100 });
    const landed: string[] = [];
    const claimed = (by: Journal, unknown?: Parameters<typeof claim>[4]): ReturnType<typeof claim> =>
      claim(SHARD, 0, portsOf(by), undefined, unknown, () => landed.push('landed'));
    const first = (await claimed(journal))!;
    const { epoch, owner, head } = first.position;
    const flight = { head, owner, number: 1 };
    const header = { shard: SHARD, epoch, owner, number: 1, previous: head, revision: 0, at: Date.now() };
    proxy.mute();
    const result = await journal.append(SHARD, encodeRecord(header, []), head);
    expect(result).toMatchObject({ kind: 'unknown' });
    proxy.cut();
    proxy.heal();
    const second = await waitUntil('it claims', () => claimed(journal, flight));
    expect(landed).toEqual(['landed']);
    expect(second.position.epoch).toBeGreaterThan(epoch);
    const other = (await claimed(await one.journal(names)))!;
    expect(other.position.epoch).toBe(second.position.epoch + 1);
    const late = { ...header, epoch: second.position.epoch, owner: second.position.owner };
    const bytes = encodeRecord({ ...late, previous: second.position.head }, []);
    expect(await journal.append(SHARD, bytes, second.position.head)).toEqual({ kind: 'fenced' });
    expect((await witness.head(SHARD))?.sequence).toBe(other.position.head);
  });

  test('reads without a connection say so, and are right again later', async () => {
    const { journal, witness } = await behindProxy();
    const head = await appended(journal, 'claim', 0);
    proxy.cut();
    await waitUntil('the connection is down', () =>
      journal.head(SHARD).then(
        () => false,
        (error: unknown) => error instanceof JournalUnavailable,
      ),
    );
    await expect(textsOf(journal)).rejects.toThrow(JournalUnavailable);
    proxy.heal();
    await appended(witness, 'batch', head);
    const texts = await waitUntil('it reads again', () => textsOf(journal));
    expect(texts).toEqual(['claim', 'batch']);
  });

  test('a slow network changes nothing', async () => {
    const { journal } = await behindProxy();
    const head = await appended(journal, 'claim', 0);
    proxy.delay(30);
    const next = await appended(journal, 'batch', head);
    expect(await append(journal, 'again', head)).toEqual({ kind: 'fenced' });
    expect((await journal.head(SHARD))?.sequence).toBe(next);
    expect(await textsOf(journal)).toEqual(['claim', 'batch']);
  });
});

test('a server that froze in mid-append and was thawed makes one record of many tries', async () => {
  const names = await one.stream();
  const timers = new CountedTimers();
  const journal = await one.journal(names, { timers, appendTryMs: 200, appendMs: 60_000 });
  const server = (await one.cluster).servers[0]!;
  let head = await appended(journal, 'claim', 0);
  for (let round = 0; round < 3; round++) {
    timers.pauses = 0;
    await server.freeze();
    const appending = append(journal, `batch ${round}`, head);
    await waitUntil('it was sent more than once', () => timers.pauses >= 2).finally(() => server.thaw());
    const result = await appending;
    if (result.kind !== 'appended') throw new Error(JSON.stringify(result));
    head = result.sequence;
  }
  expect(await textsOf(journal)).toEqual(['claim', 'batch 0', 'batch 1', 'batch 2']);
  expect((await journal.head(SHARD))?.sequence).toBe(head);
});

test('a server that is killed and started again has what was acknowledged, and takes the append under way', async () => {
  const names = await one.stream();
  const journal = await one.journal(names, { appendMs: 60_000 });
  const [server] = (await one.cluster).servers;
  const head = await appended(journal, 'claim', 0);
  await server!.kill();
  const appending = append(journal, 'batch', head);
  await (await one.cluster).start();
  expect(await appending).toMatchObject({ kind: 'appended' });
  expect(await textsOf(journal)).toEqual(['claim', 'batch']);
});

test('appends go on over the death of the stream’s leader, each of them once', async () => {
  const names = await three.stream();
  const cluster = await three.cluster;
  const journal = await three.journal(names, { appendMs: 60_000 });
  const manager = await three.manager();
  const leader = (await manager.streams.info(names.journalStream)).cluster!.leader!;
  const written: string[] = [];
  let head = 0;
  const write = async (count: number): Promise<void> => {
    for (let number = 0; number < count; number++) {
      const text = `record ${written.length}`;
      head = await appended(journal, text, head);
      written.push(text);
    }
  };
  await write(10);
  const writing = write(40);
  await waitUntil('it writes', () => written.length > 15);
  await cluster.server(leader).kill();
  await writing;
  expect(await textsOf(journal)).toEqual(written);
  expect((await journal.head(SHARD))?.sequence).toBe(head);
  await cluster.start();
  expect(await textsOf(await three.journal(names))).toEqual(written);
});

describe('a replay', () => {
  /** As somebody could who may publish here and does not keep to the rules. */
  async function publish(names: JetStreamNames, bytes: Uint8Array): Promise<void> {
    const link = await one.link();
    await link.connection.request(names.journalOf(SHARD), bytes, { timeout: 10_000 });
  }

  test('stops loudly where a record is missing', async () => {
    const names = await one.stream();
    const journal = await one.journal(names);
    const head = await appended(journal, 'first', 0);
    await publish(names, recordOf(SHARD, 'behind a gap', head + 5));
    await expect(textsOf(journal)).rejects.toThrow(JournalDamaged);
    await expect(textsOf(journal)).rejects.toThrow(/record 2 of shard 3 names record 6 before it/);
  });

  test('stops loudly at what is no record, and at one of another shard', async () => {
    const names = await one.stream();
    const journal = await one.journal(names);
    await publish(names, new TextEncoder().encode('no record'));
    await expect(textsOf(journal)).rejects.toThrow(/record 1 of shard 3 is damaged/);
    const others = await one.stream();
    await publish(others, recordOf(SHARD + 1, 'astray', 0));
    await expect(textsOf(await one.journal(others))).rejects.toThrow('it says that it is of shard 4');
  });

  test('without the server’s reads of many records reads one after the other', async () => {
    const names = await one.stream();
    const journal = await one.journal(names);
    const manager = await one.manager();
    await manager.streams.update(names.journalStream, { allow_direct: false });
    for (let number = 0, head = 0; number < 5; number++) head = await appended(journal, String(number), head);
    expect(await textsOf(journal)).toEqual(['0', '1', '2', '3', '4']);
  });
});

test('the window lets in what fits, in order, and one that is too large by itself', async () => {
  const window = new AppendWindow();
  const entered: string[] = [];
  const enter = (name: string, bytes: number): Promise<void> =>
    window.enter(bytes).then(() => void entered.push(name));
  const large = 9 * 1024 * 1024;
  await enter('large', large);
  const waiting = [enter('next', 1), enter('after it', large)];
  await Promise.resolve();
  expect(entered).toEqual(['large']);
  window.leave(large);
  await waiting[0];
  expect(entered).toEqual(['large', 'next']);
  window.leave(1);
  await Promise.all(waiting);
  expect(entered).toEqual(['large', 'next', 'after it']);
});
