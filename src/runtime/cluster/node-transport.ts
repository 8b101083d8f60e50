// The Transport of a worker thread in a cluster: to threads of its own node by their ports, to all others over NATS.

import { memberOf } from '../address.ts';
import type { Address, Message, Transport } from '../ports.ts';
import type { ThreadTransport } from '../thread-transport.ts';
import type { NatsTransport } from './nats-transport.ts';

export class NodeTransport implements Transport {
  readonly #member: number;
  readonly #threads: Pick<ThreadTransport, 'send' | 'onMessage' | 'poll'>;
  readonly #nodes: Pick<NatsTransport, 'send' | 'onMessage'>;

  /** @param threads by their addresses in the cluster, as `self` is one */
  constructor(
    self: Address,
    threads: Pick<ThreadTransport, 'send' | 'onMessage' | 'poll'>,
    nodes: Pick<NatsTransport, 'send' | 'onMessage'>,
  ) {
    this.#member = memberOf(self);
    this.#threads = threads;
    this.#nodes = nodes;
  }

  send(to: Address, message: Message): void {
    if (memberOf(to) === this.#member) this.#threads.send(to, message);
    else this.#nodes.send(to, message);
  }

  onMessage(receive: (message: Message) => void): void {
    this.#threads.onMessage(receive);
    this.#nodes.onMessage(receive);
  }

  /** Takes what threads of this node have sent by now. What comes over a socket waits for the loop. */
  poll(): void {
    this.#threads.poll();
  }
}
