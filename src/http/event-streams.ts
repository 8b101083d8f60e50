// The open event streams of one thread: products as they change, for everybody who watches. A stream ends with its reader, when its
// reader may no longer see a product, or when the node stops. A slow reader gets fewer events, and always the newest of each product.
//
//   hub ──▶ topic: the newest event, one for all ──▶ round: each stream that was not told it, SLICE_STREAMS of them in a turn of the
//                                                    thread's loop, so that purchases come in between
//
// A round is followed by a rest that is as long as it had events, so that many readers make the events rarer and not the thread slower.
// A change of what can be bought does not wait for the end of the rest; a mere count does.

import type { ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';
import type { HttpContext } from './context.ts';
import { EventStream, type IsOpen, type Topic } from './event-stream.ts';
import { Problem } from './problem.ts';

const HEARTBEAT_MS = 15_000;
const STOP_CHECK_MS = 250;
/** Between two looks at each stream: whether it needs a heartbeat, stands still, or is its reader's no more. */
const STREAM_LOOK_MS = 5_000;
/** A reader that takes nothing for so long is gone, whatever its connection says, and keeps others out. */
const STALLED_MS_MAX = 60_000;
/** For a reader to take what was written before its stream ended. */
const END_GRACE_MS = 5_000;
/** Streams that are served in one turn of the loop. */
const SLICE_STREAMS = 50;
/** Between the beginnings of two rounds. */
const ROUND_MS_MIN = 250;
const ROUND_MS_MAX = 2_000;
/** The same, for a change of what can be bought. */
const URGENT_ROUND_MS = 100;
/** Of one thread; as long as `ROUND_MS_MAX` is enough for it. */
const EVENTS_PER_SECOND_MAX = 1_000;
/** A browser opens the stream again so much after it ended, and up to as much again: not all at once. */
const RETRY_MS = 2_000;

const encoder = new TextEncoder();
const heartbeat = encoder.encode(': still here\n\n');

interface Watched extends Topic {
  event: Uint8Array | undefined;
  version: number;
  streams: number;
  leave: () => void;
}

type Ports = Pick<HttpContext, 'hub' | 'counters' | 'node' | 'clock' | 'timers' | 'random'> & {
  readonly limits: Pick<HttpContext['limits'], 'streamsMax'>;
};

export class EventStreams {
  readonly #ports: Ports;
  readonly #topics = new Map<string, Watched>();
  readonly #streams = new Set<EventStream>();
  #roundBeganAt = Number.NEGATIVE_INFINITY;
  /** What the last round had. */
  #events = 0;
  #isRound = false;
  /** When the next round begins; infinity when nothing is new. */
  #dueAt = Number.POSITIVE_INFINITY;
  #cancelRound = (): void => undefined;
  #cancelLook = (): void => undefined;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** @param isOpen asked again and again for each product; an answer that fails is none @throws Problem overloaded */
  open(c: Context, productIds: readonly string[], isOpen: IsOpen = () => true): Response {
    const { counters, limits, clock } = this.#ports;
    const headers = {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    };
    // Nobody would read the body of an answer to HEAD, nor ever end it.
    if (c.req.method === 'HEAD') return c.body(null, 200, headers);
    if (counters.streams >= limits.streamsMax) throw new Problem('overloaded');
    const { outgoing } = c.env as { outgoing: ServerResponse };
    if (outgoing.socket === null)
      throw new Problem('overloaded', { detail: 'An event stream needs a connection of its own.' });
    if (outgoing.socket.destroyed) return RESPONSE_ALREADY_SENT;
    // What follows is events and nothing else, so that the same bytes serve everybody: the end of the connection is the end of it.
    outgoing.useChunkedEncodingByDefault = false;
    outgoing.shouldKeepAlive = false;
    outgoing.writeHead(200, headers).write(this.#opening());
    const topics = productIds.map((productId) => this.#watch(productId));
    const stream = new EventStream(outgoing, productIds, topics, isOpen, clock.monotonic());
    counters.streams++;
    this.#streams.add(stream);
    if (this.#streams.size === 1) this.#lookLater(0);
    stream.onClose(() => this.#leave(stream));
    stream.tell(clock.monotonic());
    return RESPONSE_ALREADY_SENT;
  }

  /** Who may see what has changed. */
  lookAgain(): void {
    void this.#inSlices((stream) => this.#endIfClosed(stream));
  }

  #opening(): Uint8Array {
    const part = this.#ports.random.characters(1).charCodeAt(0) / 256;
    return encoder.encode(`retry: ${Math.round(RETRY_MS * (1 + part))}\n\n`);
  }

  #watch(productId: string): Watched {
    const present = this.#topics.get(productId);
    if (present !== undefined) {
      present.streams++;
      return present;
    }
    const topic: Watched = { event: undefined, version: 0, streams: 1, leave: () => undefined };
    this.#topics.set(productId, topic);
    topic.leave = this.#ports.hub.watch(productId, (event, news) => {
      topic.event = event;
      topic.version++;
      this.#roundBy(news === 'count' ? this.#restEndsAt() : this.#roundBeganAt + URGENT_ROUND_MS);
    });
    return topic;
  }

  #leave(stream: EventStream): void {
    if (!this.#streams.delete(stream)) return;
    this.#ports.counters.streams--;
    for (const productId of stream.productIds) {
      const topic = this.#topics.get(productId)!;
      if (--topic.streams > 0) continue;
      topic.leave();
      this.#topics.delete(productId);
    }
    if (this.#streams.size > 0) return;
    this.#cancelLook();
    this.#cancelRound();
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  #restEndsAt(): number {
    const restMs = (this.#events / EVENTS_PER_SECOND_MAX) * 1_000;
    return this.#roundBeganAt + Math.min(ROUND_MS_MAX, Math.max(ROUND_MS_MIN, restMs));
  }

  #roundBy(at: number): void {
    if (at >= this.#dueAt) return;
    this.#dueAt = at;
    if (this.#isRound) return;
    this.#cancelRound();
    const { timers, clock } = this.#ports;
    this.#cancelRound = timers.after(Math.max(0, at - clock.monotonic()), () => void this.#round());
  }

  async #round(): Promise<void> {
    const { clock } = this.#ports;
    this.#isRound = true;
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#roundBeganAt = clock.monotonic();
    let events = 0;
    let isBehind = false;
    await this.#inSlices((stream) => {
      events += stream.tell(this.#roundBeganAt);
      isBehind ||= stream.isBehind;
    });
    this.#events = events;
    this.#isRound = false;
    const dueAt = isBehind ? Math.min(this.#dueAt, this.#restEndsAt()) : this.#dueAt;
    this.#dueAt = Number.POSITIVE_INFINITY;
    if (this.#streams.size > 0) this.#roundBy(dueAt);
  }

  /** Each stream that is open when its turn comes. */
  async #inSlices(serve: (stream: EventStream) => void): Promise<void> {
    let left = SLICE_STREAMS;
    for (const stream of this.#streams) {
      serve(stream);
      if (--left > 0) continue;
      left = SLICE_STREAMS;
      await new Promise<void>((resolve) => this.#ports.timers.soon(resolve));
    }
  }

  #lookLater(sinceMs: number): void {
    const { timers, node, clock } = this.#ports;
    this.#cancelLook = timers.after(STOP_CHECK_MS, () => {
      if (node.phase === 'stopping') {
        for (const stream of this.#streams) this.#end(stream);
        return;
      }
      if (sinceMs < STREAM_LOOK_MS) return this.#lookLater(sinceMs + STOP_CHECK_MS);
      this.#lookLater(0);
      const now = clock.monotonic();
      void this.#inSlices((stream) => {
        this.#endIfClosed(stream);
        if (stream.stalledMs(now) > STALLED_MS_MAX) stream.destroy();
        else if (stream.silentMs(now) > HEARTBEAT_MS - STREAM_LOOK_MS) stream.write(heartbeat, now);
      });
    });
  }

  #endIfClosed(stream: EventStream): void {
    for (const productId of stream.productIds) {
      try {
        const isOpen = stream.isOpen(productId);
        if (isOpen === true) continue;
        if (isOpen === false) return this.#end(stream);
        isOpen.then(
          (isOpen) => isOpen || this.#end(stream),
          () => undefined,
        );
      } catch {
        // Nobody can say just now: what was known last counts.
      }
    }
  }

  /** At once for the count, and for its connection as soon as what was written has gone, or could have. */
  #end(stream: EventStream): void {
    if (!this.#streams.has(stream)) return;
    this.#leave(stream);
    stream.end();
    // When the node stops, the listener sees to it.
    if (this.#ports.node.phase === 'stopping') return;
    const cancel = this.#ports.timers.after(END_GRACE_MS, () => stream.destroy());
    stream.onClose(cancel);
  }
}
