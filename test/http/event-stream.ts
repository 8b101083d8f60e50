// A reader of server-sent events, on a connection of its own.

import { request, type ClientRequest, type OutgoingHttpHeaders } from 'node:http';
import type { Engine } from '../harness/engine.ts';

export interface ProductEvent {
  readonly id: string;
  readonly name: string;
  readonly sale: { readonly state: string; readonly available: number; readonly offered: number };
  readonly asOf: string;
}

export class EventReader {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly events: ProductEvent[] = [];
  isEnded = false;
  #text = '';
  readonly #sent: ClientRequest;

  private constructor(sent: ClientRequest, status: number, contentType: string | undefined) {
    this.#sent = sent;
    this.status = status;
    this.contentType = contentType;
  }

  /** Resolves with the answer's head; events gather from then on. */
  static open(engine: Engine, path: string, headers: OutgoingHttpHeaders = {}): Promise<EventReader> {
    return new Promise((resolve, reject) => {
      const sent = request(engine.url + path, { agent: false, headers });
      sent.on('error', reject);
      sent.on('response', (response) => {
        const reader = new EventReader(sent, response.statusCode!, response.headers['content-type']);
        response.setEncoding('utf8');
        response.on('data', (text: string) => reader.#take(text));
        response.on('error', () => undefined);
        response.on('close', () => (reader.isEnded = true));
        resolve(reader);
      });
      sent.end();
    });
  }

  newestOf(id: string): ProductEvent | undefined {
    return this.events.findLast((event) => event.id === id);
  }

  close(): void {
    this.#sent.destroy();
  }

  #take(text: string): void {
    const blocks = (this.#text + text).split('\n\n');
    this.#text = blocks.pop()!;
    for (const block of blocks) {
      const data = /^event: product\ndata: (.*)$/.exec(block)?.[1];
      if (data !== undefined) this.events.push(JSON.parse(data) as ProductEvent);
    }
  }
}
