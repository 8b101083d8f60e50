// A network between a client and a server that the test disturbs: it cuts it, heals it, delays it, holds everything up, or
// lets only one direction through. Whoever opens it closes it.

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class TcpProxy {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #sockets = new Set<Socket>();
  /** Clients that dialled while everything was held up. */
  #waiting: Socket[] = [];
  #isCut = false;
  #isMute = false;
  #isStalled = false;
  #delayMs = 0;
  #answersSwallowed = 0;

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    this.#targetPort = targetPort;
    server.on('connection', (client) => this.#join(client));
  }

  static async to(targetPort: number): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TcpProxy(server, targetPort);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Pieces of answers that were thrown away. */
  get answersSwallowed(): number {
    return this.#answersSwallowed;
  }

  /** Connections end, and new ones end at once. */
  cut(): void {
    this.#isCut = true;
    for (const socket of [...this.#sockets, ...this.#waiting]) socket.destroy();
  }

  /** What the server says is thrown away; what the client says arrives. */
  mute(): void {
    this.#isMute = true;
  }

  /** Nothing arrives and nothing ends, as when a cable is out: after `heal` all of it arrives. */
  stall(): void {
    this.#isStalled = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** Everything is late by so much, in order. */
  delay(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /** New connections are as good as new; one that missed answers should be cut before. */
  heal(): void {
    this.#isCut = false;
    this.#isMute = false;
    this.#delayMs = 0;
    if (!this.#isStalled) return;
    this.#isStalled = false;
    for (const socket of this.#sockets) socket.resume();
    for (const client of this.#waiting.splice(0)) if (!client.destroyed) this.#join(client);
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket): void {
    if (this.#isCut) return void client.destroy();
    if (this.#isStalled) {
      client.on('error', () => undefined);
      return void this.#waiting.push(client);
    }
    const server = connect(this.#targetPort, '127.0.0.1');
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.on('data', (bytes: Buffer) => this.#pass(bytes, other, socket === server));
    }
  }

  #pass(bytes: Buffer, to: Socket, isAnswer: boolean): void {
    if (isAnswer && this.#isMute) {
      this.#answersSwallowed++;
      return;
    }
    if (this.#delayMs === 0) to.write(bytes);
    else setTimeout(() => void to.write(bytes), this.#delayMs);
  }
}
