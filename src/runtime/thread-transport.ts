// The Transport between worker threads of one process: a MessagePort for each pair. Threads come and go; what a thread
// sent before it died is dropped once its port is closed here.

import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { packMessage, unpackMessage, type PackedMessage } from './packed-message.ts';
import type { Address, Message, Transport } from './ports.ts';

export class ThreadTransport implements Transport {
  readonly #ports: Map<Address, MessagePort>;
  #receive: ((message: Message) => void) | undefined;

  constructor(ports: ReadonlyMap<Address, MessagePort>) {
    this.#ports = new Map(ports);
  }

  /** To nobody when that thread is gone. */
  send(to: Address, message: Message): void {
    this.#ports.get(to)?.postMessage(packMessage(message));
  }

  onMessage(receive: (message: Message) => void): void {
    this.#receive = receive;
    for (const port of this.#ports.values()) this.#listen(port, receive);
  }

  /** Takes what has arrived by now, in the middle of a turn of the loop. */
  poll(): void {
    if (this.#receive === undefined) return;
    for (const port of this.#ports.values())
      for (let arrived; (arrived = receiveMessageOnPort(port)) !== undefined;)
        this.#receive(unpackMessage(arrived.message as PackedMessage));
  }

  connect(to: Address, port: MessagePort): void {
    this.#ports.set(to, port);
    if (this.#receive !== undefined) this.#listen(port, this.#receive);
  }

  disconnect(from: Address): void {
    const port = this.#ports.get(from);
    this.#ports.delete(from);
    port?.removeAllListeners('message');
    port?.close();
  }

  #listen(port: MessagePort, receive: (message: Message) => void): void {
    port.on('message', (packed: PackedMessage) => receive(unpackMessage(packed)));
  }
}
