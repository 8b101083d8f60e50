// The open event streams of live boards on this thread. A stream ends with its reader, with the session that opened it, when the
// campaign is gone, or when the node stops. Whoever reads slower than a second begins again with the last ten minutes.

import type { Context } from 'hono';
import type { Timers } from '../../runtime/index.ts';
import type { Counters } from '../counters.ts';
import type { NodeControl } from '../node-control.ts';
import { Problem } from '../problem.ts';
import type { BoardHub } from './board-hub.ts';

/** Of one thread; they count among all its event streams, too. */
export const BOARD_STREAMS_MAX = 200;
/** Of one person among them: or one could take all. */
export const BOARD_STREAMS_PER_PERSON_MAX = 8;
const LOOK_MS = 250;
/** Between two looks whether the session is still alive; each of them is a use of it. */
const SESSION_LOOK_MS = 15_000;
const EVENTS_BUFFERED_MAX = 4;

const encoder = new TextEncoder();
const opening = encoder.encode('retry: 2000\n\n');
const signedOut = encoder.encode('event: signed-out\ndata: {}\n\n');

export interface BoardStreamsPorts {
  readonly hub: BoardHub;
  readonly node: Pick<NodeControl, 'phase'>;
  readonly timers: Timers;
  readonly counters: Counters;
  readonly streamsMax: number;
}

export interface BoardWatcher {
  readonly userId: string;
  readonly campaignId: string;
  readonly productId: string | undefined;
  /** Asked again and again. An answer that fails is none. */
  readonly isSignedIn: () => Promise<boolean>;
}

export class BoardStreams {
  readonly #ports: BoardStreamsPorts;
  #open = 0;
  readonly #openOf = new Map<string, number>();

  constructor(ports: BoardStreamsPorts) {
    this.#ports = ports;
  }

  /** @throws Problem overloaded */
  open(c: Context, watcher: BoardWatcher): Response {
    const headers = {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    };
    // Nobody would read the body of an answer to HEAD, nor ever end it.
    if (c.req.method === 'HEAD') return c.body(null, 200, headers);
    const { counters, streamsMax } = this.#ports;
    if (counters.streams >= streamsMax || this.#open >= BOARD_STREAMS_MAX)
      throw new Problem('overloaded', { detail: 'Too many boards are watched through this thread.' });
    if ((this.#openOf.get(watcher.userId) ?? 0) >= BOARD_STREAMS_PER_PERSON_MAX)
      throw new Problem('overloaded', {
        detail: `You watch ${BOARD_STREAMS_PER_PERSON_MAX} boards already. Close one of them.`,
      });
    return c.body(this.#body(watcher), 200, headers);
  }

  #body({ userId, campaignId, productId, isSignedIn }: BoardWatcher): ReadableStream<Uint8Array> {
    const { hub, node, timers, counters } = this.#ports;
    let leave = (): void => undefined;
    let whole = (): Uint8Array | undefined => undefined;
    let cancelLook = (): void => undefined;
    let isOpen = true;
    let missed = false;
    const close = (): void => {
      if (!isOpen) return;
      isOpen = false;
      leave();
      cancelLook();
      counters.streams--;
      this.#count(userId, -1);
    };
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const end = (last?: Uint8Array): void => {
            if (!isOpen) return;
            close();
            if (last !== undefined) controller.enqueue(last);
            controller.close();
          };
          const look = (sinceMs: number): void => {
            cancelLook = timers.after(LOOK_MS, () => {
              if (node.phase === 'stopping') return end();
              if (sinceMs < SESSION_LOOK_MS) return look(sinceMs + LOOK_MS);
              look(0);
              isSignedIn().then(
                (isSignedIn) => isSignedIn || end(signedOut),
                () => undefined,
              );
            });
          };
          controller.enqueue(opening);
          counters.streams++;
          this.#count(userId, 1);
          try {
            ({ leave, whole } = hub.watch(campaignId, productId, (event, isWhole) => {
              const hasRoom = (controller.desiredSize ?? 0) > 0;
              if (hasRoom && (isWhole || !missed)) controller.enqueue(event);
              else missed = true;
            }));
          } catch (error) {
            close();
            throw error;
          }
          look(0);
        },
        pull: (controller) => {
          const event = whole();
          if (!missed || event === undefined) return;
          missed = false;
          controller.enqueue(event);
        },
        cancel: close,
      },
      { highWaterMark: EVENTS_BUFFERED_MAX },
    );
  }

  #count(userId: string, change: 1 | -1): void {
    this.#open += change;
    const open = (this.#openOf.get(userId) ?? 0) + change;
    if (open === 0) this.#openOf.delete(userId);
    else this.#openOf.set(userId, open);
  }
}
