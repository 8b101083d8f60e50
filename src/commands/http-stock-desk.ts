// Stock through the HTTP API of a node.

import * as http from 'node:http';
import * as https from 'node:https';
import type { StockChanged, StockCounted } from '../http/index.ts';
import type { NodeAddress } from '../node-client.ts';
import { ANSWER_MS_MAX, StockRefused, type StockDesk, type StockWish } from './stock-desk.ts';

interface RequestOptions {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string | number>>;
}

interface Answered {
  readonly status: number;
  readonly text: string;
}

const IN_FLIGHT_MAX = 64;

export class HttpStockDesk implements StockDesk {
  readonly inFlightMax = IN_FLIGHT_MAX;
  readonly #node: NodeAddress;
  readonly #agent: http.Agent;
  readonly #request: typeof http.request;

  constructor(node: NodeAddress) {
    this.#node = node;
    const isSecure = node.url.startsWith('https:');
    const { Agent, request } = isSecure ? https : http;
    this.#agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT_MAX });
    this.#request = request;
  }

  get name(): string {
    return this.#node.url;
  }

  change({ change, productId, quantity, requestId }: StockWish): Promise<StockChanged> {
    const body = JSON.stringify({ quantity: change === 'load' ? quantity : -quantity });
    return this.#ask<StockChanged>(
      productId,
      { method: 'POST', headers: { 'Idempotency-Key': requestId, 'Content-Length': body.length } },
      body,
    );
  }

  show(productId: string): Promise<StockCounted> {
    return this.#ask<StockCounted>(productId, { method: 'GET' });
  }

  async close(): Promise<void> {
    this.#agent.destroy();
  }

  async #ask<T>(productId: string, options: RequestOptions, body?: string): Promise<T> {
    const { url, adminToken } = this.#node;
    const address = `${url}/v1/admin/products/${encodeURIComponent(productId)}/stock`;
    const headers = { ...options.headers, Authorization: `Bearer ${adminToken}` };
    let answered: Answered;
    try {
      answered = await this.#send(address, { ...options, headers }, body);
    } catch (error) {
      throw StockRefused.silent(url, String(error));
    }
    const { status, text } = answered;
    if (status < 200 || status > 299) throw StockRefused.answered(url, status, text);
    return JSON.parse(text) as T;
  }

  /** By Node’s own client, whose agent bounds the connections that are kept. */
  #send(address: string, options: RequestOptions, body?: string): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(ANSWER_MS_MAX);
      const sent = this.#request(address, { ...options, agent: this.#agent, signal }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => (text += piece));
        response.once('error', reject);
        response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      sent.once('error', reject);
      sent.end(body);
    });
  }
}
