import { MessageChannel } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { ThreadLink, type Handlers } from '../../src/runtime/thread-link.ts';

let close = (): void => undefined;
afterEach(() => close());

function linkTo(handlers: Handlers): ThreadLink {
  const { port1, port2 } = new MessageChannel();
  const other = new ThreadLink(port2, handlers);
  close = () => {
    other.fail(new Error('the test is over'));
    port1.close();
  };
  return new ThreadLink(port1, {});
}

test('a question is answered with the value, or fails with the message of the other side', async () => {
  const link = linkTo({ double: (value: number) => value * 2, fail: () => Promise.reject(new Error('no')) });
  expect(await link.ask('double', 21, { withinMs: 60_000 })).toBe(42);
  await expect(link.ask('fail')).rejects.toThrow('no');
});

test('a question to a side that says nothing fails after its time, by name', async () => {
  const link = linkTo({ never: () => new Promise(() => undefined) });
  await expect(link.ask('never', undefined, { withinMs: 10 })).rejects.toThrow(
    'no answer to "never" within 10 ms',
  );
});

test('a side that is gone fails what was asked and what will be', async () => {
  const link = linkTo({ never: () => new Promise(() => undefined) });
  const asked = link.ask('never');
  link.fail(new Error('it ended'));
  await expect(asked).rejects.toThrow('it ended');
  await expect(link.ask('never')).rejects.toThrow('it ended');
});

test('a port travels with a question', async () => {
  const { port1, port2 } = new MessageChannel();
  const link = linkTo({ greet: (port: MessagePort) => port.postMessage('hello') });
  const heard = new Promise((resolve) => port1.once('message', resolve));
  await link.ask('greet', port2, { transfer: [port2] });
  expect(await heard).toBe('hello');
  port1.close();
});
