// Bounds what waits in this process, and in the system, for a server that reads slowly or not at all. The client takes all that
// is published and has no bound of its own; its ping is answered when the server has read what came before it. So whoever
// publishes counts, and asks now and then.

export const OUTBOUND_BYTES_MAX = 8 * 1024 * 1024;
/** Without a ping at work one is sent after so many bytes. */
const PING_EVERY_BYTES = 256 * 1024;

export class OutboundWindow {
  readonly #ping: () => Promise<void>;
  #sentBytes = 0;
  #readBytes = 0;
  #isPinging = false;

  /** @param ping resolves when the server has read everything before it, rejects when the connection is lost */
  constructor(ping: () => Promise<void>) {
    this.#ping = ping;
  }

  hasRoomFor(bytes: number): boolean {
    return this.#waitingBytes + bytes <= OUTBOUND_BYTES_MAX;
  }

  /** They were published. */
  add(bytes: number): void {
    this.#sentBytes += bytes;
    if (this.#waitingBytes >= PING_EVERY_BYTES && !this.#isPinging) void this.#follow();
  }

  get #waitingBytes(): number {
    return this.#sentBytes - this.#readBytes;
  }

  async #follow(): Promise<void> {
    this.#isPinging = true;
    const sentBytes = this.#sentBytes;
    try {
      await this.#ping();
    } catch {
      // What waited went with the connection.
    }
    this.#readBytes = sentBytes;
    this.#isPinging = false;
  }
}
