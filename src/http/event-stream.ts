// One open event stream: the connection of one reader, what it watches, and what it has been told of that. Events are bytes that all
// readers share, written past Node's response straight to the connection, which ends with the stream.

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A product that somebody watches. */
export interface Topic {
  /** The newest, and undefined until there is one. */
  readonly event: Uint8Array | undefined;
  /** Counts the events. */
  readonly version: number;
}

/** Whether the reader may see it, now. */
export type IsOpen = (productId: string) => boolean | Promise<boolean>;

/** Bytes that wait for a slow reader beside those that its connection has taken; behind them only the newest of each product is kept. */
export const STREAM_BYTES_BUFFERED_MAX = 32 * 1024;

export class EventStream {
  readonly productIds: readonly string[];
  readonly isOpen: IsOpen;
  readonly #outgoing: ServerResponse;
  readonly #socket: Socket;
  readonly #topics: readonly Topic[];
  /** The version that each topic had when it was written last. */
  readonly #told: number[];
  /** Where the next telling begins: the first topics must not take all the room. */
  #next = 0;
  #writtenAt: number;
  #roomAt: number;

  constructor(
    outgoing: ServerResponse,
    productIds: readonly string[],
    topics: readonly Topic[],
    isOpen: IsOpen,
    now: number,
  ) {
    this.#outgoing = outgoing;
    this.#socket = outgoing.socket!;
    this.productIds = productIds;
    this.#topics = topics;
    this.isOpen = isOpen;
    this.#told = topics.map(() => 0);
    this.#writtenAt = now;
    this.#roomAt = now;
  }

  /** Writes what is newer than what was told, as far as there is room. @returns events written */
  tell(now: number): number {
    const topics = this.#topics;
    if (topics.length === 1) return this.#tellOf(0, now);
    // One write for all of them.
    this.#socket.cork();
    let events = 0;
    for (let n = 0; n < topics.length; n++) {
      const at = (this.#next + n) % topics.length;
      events += this.#tellOf(at, now);
      if (!this.#isBehindOn(at)) continue;
      this.#next = at;
      break;
    }
    this.#socket.uncork();
    return events;
  }

  get isBehind(): boolean {
    for (let at = 0; at < this.#topics.length; at++) if (this.#isBehindOn(at)) return true;
    return false;
  }

  /** How long nothing was written. */
  silentMs(now: number): number {
    return now - this.#writtenAt;
  }

  /** How long the reader has taken nothing of what waits for it. */
  stalledMs(now: number): number {
    this.#hasRoom(now);
    return now - this.#roomAt;
  }

  /** Nothing new, so that everybody on the way sees that the connection is alive. */
  write(bytes: Uint8Array, now: number): void {
    if (!this.#hasRoom(now)) return;
    this.#socket.write(bytes);
    this.#writtenAt = now;
  }

  onClose(closed: () => void): void {
    this.#socket.once('close', closed);
  }

  /** What was written still arrives. */
  end(): void {
    this.#outgoing.end();
  }

  /** Nothing arrives any more. */
  destroy(): void {
    this.#socket.destroy();
  }

  #isBehindOn(at: number): boolean {
    return this.#told[at] !== this.#topics[at]!.version;
  }

  #tellOf(at: number, now: number): number {
    const { event, version } = this.#topics[at]!;
    if (this.#told[at] === version || event === undefined || !this.#hasRoom(now)) return 0;
    this.#told[at] = version;
    this.#writtenAt = now;
    this.#socket.write(event);
    return 1;
  }

  #hasRoom(now: number): boolean {
    const hasRoom = this.#socket.writableLength < STREAM_BYTES_BUFFERED_MAX;
    if (hasRoom) this.#roomAt = now;
    return hasRoom;
  }
}
