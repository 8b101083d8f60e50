// The Transport between nodes: core NATS, no stream, no acknowledgement. What is lost shows as a missed deadline, so nothing is
// kept for later: without a connection, or behind a server that does not read, it is dropped and counted.
//
//   commands ──▶ doorbuster.cmd.<address>     answers ──▶ doorbuster.reply.<address>     apart, for permissions rest on it
//
// Whoever may publish there can send anything. A message is refused, counted and told of, whole, when it is not what the
// codec knows, asks for a reply (an answer to a subject of the sender's choice could be a record in the journal), or is on the
// other's subject. It ends with its connection, which whoever opened it closes.

import type { Msg } from '@nats-io/transport-node';
import type { Link } from '../jetstream/link.ts';
import type { JetStreamNames } from '../jetstream/names.ts';
import type { Address, Message, Transport } from '../ports.ts';
import { throwApart } from '../system.ts';
import { decodeMessage, encodeCommands, encodeReplies } from './message-codec.ts';
import { OutboundWindow } from './outbound-window.ts';
import { MessageRefused } from './wire-reader.ts';

export interface NatsTransportOptions {
  readonly link: Link;
  readonly names: JetStreamNames;
  readonly self: Address;
  /** Hears why, once for each message; the reason is short whatever the message was. */
  readonly onRefused: (reason: string) => void;
}

/** Messages on the wire. */
export interface WireCounts {
  readonly sent: number;
  readonly received: number;
  readonly refused: number;
  /** Not sent. */
  readonly dropped: number;
}

type Part = 'commands' | 'replies';

export class NatsTransport implements Transport {
  readonly #link: Link;
  readonly #names: JetStreamNames;
  readonly #self: Address;
  readonly #onRefused: (reason: string) => void;
  readonly #outbound: OutboundWindow;
  #sent = 0;
  #received = 0;
  #refused = 0;
  #dropped = 0;

  constructor({ link, names, self, onRefused }: NatsTransportOptions) {
    this.#link = link;
    this.#names = names;
    this.#self = self;
    this.#onRefused = onRefused;
    this.#outbound = new OutboundWindow(() => link.connection.flush());
  }

  get counts(): WireCounts {
    return { sent: this.#sent, received: this.#received, refused: this.#refused, dropped: this.#dropped };
  }

  send(to: Address, { from, commands, replies }: Message): void {
    if (commands.length > 0) this.#publish(this.#names.commandsTo(to), encodeCommands(from, commands));
    if (replies.length > 0) this.#publish(this.#names.repliesTo(to), encodeReplies(from, replies));
  }

  /** Called once. */
  onMessage(receive: (message: Message) => void): void {
    this.#subscribe(this.#names.commandsTo(this.#self), 'commands', receive);
    this.#subscribe(this.#names.repliesTo(this.#self), 'replies', receive);
  }

  #publish(subject: string, messages: readonly Uint8Array[]): void {
    for (const bytes of messages) {
      if (!this.#link.isUp || !this.#outbound.hasRoomFor(bytes.length)) {
        this.#dropped++;
        continue;
      }
      try {
        this.#link.connection.publish(subject, bytes);
      } catch {
        // The connection is being closed, or the server takes no message as large as this.
        this.#dropped++;
        continue;
      }
      this.#sent++;
      this.#outbound.add(bytes.length);
    }
  }

  #subscribe(subject: string, part: Part, receive: (message: Message) => void): void {
    const callback = (error: Error | null, arrived: Msg): void => {
      // The client would take an exception here for the end of the connection's bytes, and hear nothing any more.
      try {
        if (error !== null) this.#refuse(`nothing comes from ${subject}: ${error.message}`);
        else this.#take(arrived, part, receive);
      } catch (bug) {
        throwApart(bug);
      }
    };
    this.#link.connection.subscribe(subject, { callback });
  }

  #take(arrived: Msg, part: Part, receive: (message: Message) => void): void {
    if (arrived.reply !== '' && arrived.reply !== undefined)
      return this.#refuse('the message asks for a reply, which nobody does here');
    let message: Message;
    try {
      message = decodeMessage(arrived.data);
    } catch (error) {
      if (!(error instanceof MessageRefused)) throw error;
      return this.#refuse(error.message);
    }
    if (message[part].length === 0)
      return this.#refuse(`the message has no ${part}, which alone belong there`);
    this.#received++;
    receive(message);
  }

  #refuse(reason: string): void {
    this.#refused++;
    this.#onRefused(reason);
  }
}
