// The network of the tests, as a client and an echoing server see it.

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TcpProxy } from './tcp-proxy.ts';
import { waitUntil } from './wait-until.ts';

let server: Server;
let heard: string;
let proxy: TcpProxy;
let clients: Socket[];

beforeEach(async () => {
  [heard, clients] = ['', []];
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      heard += bytes.toString();
      socket.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy = await TcpProxy.to((server.address() as AddressInfo).port);
});
afterEach(async () => {
  for (const client of clients) client.destroy();
  await proxy.close();
  await new Promise((resolve) => server.close(resolve));
});

interface Client {
  readonly socket: Socket;
  answers: string;
  hasEnded: boolean;
}

function dial(port = proxy.port): Client {
  const socket = connect(port, '127.0.0.1');
  clients.push(socket);
  const client: Client = { socket, answers: '', hasEnded: false };
  socket.on('error', () => undefined);
  socket.on('data', (bytes: Buffer) => (client.answers += bytes.toString()));
  socket.on('close', () => (client.hasEnded = true));
  return client;
}

test('what is said while everything is held up arrives when it is healed, also of those who dialled meanwhile', async () => {
  const before = dial();
  before.socket.write('one ');
  await waitUntil('the first answer', () => before.answers === 'one ');
  proxy.stall();
  before.socket.write('two ');
  const meanwhile = dial();
  meanwhile.socket.write('three ');
  const past = dial((server.address() as AddressInfo).port);
  past.socket.write('past ');
  await waitUntil('the server answers whoever goes past the network', () => past.answers === 'past ');
  expect([heard, before.hasEnded, meanwhile.hasEnded]).toEqual(['one past ', false, false]);
  proxy.heal();
  await waitUntil('both answers', () => before.answers === 'one two ' && meanwhile.answers === 'three ');
});

test('a cut ends connections, held up or not, and new ones, until it is healed', async () => {
  const [before, held] = [dial(), dial()];
  before.socket.write('one ');
  await waitUntil('the first answer', () => before.answers === 'one ');
  proxy.stall();
  proxy.cut();
  const after = dial();
  await waitUntil('all have ended', () => before.hasEnded && held.hasEnded && after.hasEnded);
  proxy.heal();
  const last = dial();
  last.socket.write('two ');
  await waitUntil('it answers', () => last.answers !== '');
  expect([heard, last.answers]).toEqual(['one two ', 'two ']);
});
