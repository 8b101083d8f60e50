// The Transport between worker threads of one process: a MessagePort for each pair.

import type { MessagePort } from 'node:worker_threads';
import { packMessage, unpackMessage, type PackedMessage } from './packed-message.ts';
import type { Address, Message, Transport } from './ports.ts';

export class ThreadTransport implements Transport {
  readonly #ports: ReadonlyMap<Address, MessagePort>;

  constructor(ports: ReadonlyMap<Address, MessagePort>) {
    this.#ports = ports;
  }

  send(to: Address, message: Message): void {
    this.#ports.get(to)?.postMessage(packMessage(message));
  }

  onMessage(receive: (message: Message) => void): void {
    for (const port of this.#ports.values()) {
      port.on('message', (packed: PackedMessage) => receive(unpackMessage(packed)));
    }
  }
}
