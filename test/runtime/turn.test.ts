import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { catchUp, systemTimers, ThreadTransport, type Message } from '../../src/runtime/index.ts';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('what is to be done soon', () => {
  test('is done once this turn is over, in its order', async () => {
    const done: string[] = [];
    systemTimers.soon(() => {
      done.push('one');
      systemTimers.soon(() => done.push('three'));
    });
    systemTimers.soon(() => done.push('two'));
    expect(done).toEqual([]);
    await nextTurn();
    await nextTurn();
    expect(done).toEqual(['one', 'two', 'three']);
  });

  test('can be caught up with in the middle of a turn, with what follows from it, and is not done twice', async () => {
    const done: string[] = [];
    systemTimers.soon(() => {
      done.push('decision');
      systemTimers.soon(() => {
        done.push('answer');
        systemTimers.soon(() => done.push('message'));
      });
    });
    catchUp();
    expect(done).toEqual(['decision', 'answer', 'message']);
    await nextTurn();
    expect(done).toHaveLength(3);
  });

  test('without an end does not hold the turn for ever', async () => {
    const rounds: number[] = [];
    let isOver = false;
    const again = (): void => {
      rounds.push(rounds.length);
      if (!isOver) systemTimers.soon(again);
    };
    systemTimers.soon(again);
    catchUp();
    expect(rounds.length).toBeLessThan(10);
    isOver = true;
    await nextTurn();
  });

  test('is done although something before it threw, which ends the thread as any bug does', async () => {
    const thrown = new Promise<unknown>((resolve) => {
      const others = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const other of others) process.on('uncaughtException', other);
        resolve(error);
      });
    });
    const bug = new Error('a bug');
    let isDone = false;
    systemTimers.soon(() => {
      throw bug;
    });
    systemTimers.soon(() => (isDone = true));
    catchUp();
    expect(isDone).toBe(true);
    expect(await thrown).toBe(bug);
  });
});

describe('messages of other threads', () => {
  const { port1, port2 } = new MessageChannel();
  afterEach(() => port1.close());

  test('can be taken in the middle of a turn, once', async () => {
    const [here, there] = [new Map([[1, port1]]), new Map([[0, port2]])].map(
      (ports) => new ThreadTransport(ports),
    );
    const received: Message[] = [];
    here!.onMessage((message) => received.push(message));
    const message: Message = { from: 1, commands: [], replies: [{ id: 7, reply: { outcome: 'moved' } }] };
    there!.send(0, message);
    there!.send(0, message);
    here!.poll();
    expect(received).toEqual([message, message]);
    await nextTurn();
    expect(received).toHaveLength(2);
  });
});
