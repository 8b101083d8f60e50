// Stock through the HTTP API of a node.

import * as http from 'node:http';
import * as https from 'node:https';
import type { StockChanged, StockCounted, StockResult } from '../http/index.ts';
import { whyOf, type NodeAddress } from '../node-client.ts';
import {
  ANSWER_MS_MAX,
  bodyOf,
  type Change,
  type StockBatchWish,
  type StockDesk,
  type StockWish,
} from './stock-desk.ts';
import { StockRefused } from './stock-refused.ts';

interface RequestOptions {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string | number>>;
}

interface Answered {
  readonly status: number;
  readonly text: string;
}

const BATCHES_IN_FLIGHT_MAX = 16;

export class HttpStockDesk implements StockDesk {
  readonly batchesInFlightMax = BATCHES_IN_FLIGHT_MAX;
  readonly #node: NodeAddress;
  readonly #agent: http.Agent;
  readonly #request: typeof http.request;

  constructor(node: NodeAddress) {
    this.#node = node;
    const isSecure = node.url.startsWith('https:');
    const { Agent, request } = isSecure ? https : http;
    this.#agent = new Agent({ keepAlive: true, maxSockets: BATCHES_IN_FLIGHT_MAX });
    this.#request = request;
  }

  get name(): string {
    return this.#node.url;
  }

  change(change: Change, { productId, quantity, requestId }: StockWish): Promise<StockChanged> {
    const body = { quantity: change === 'load' ? quantity : -quantity };
    return this.#ask('POST', stockPathOf(productId), body, { 'Idempotency-Key': requestId });
  }

  async changeMany(batch: StockBatchWish): Promise<readonly StockResult[]> {
    const path = '/v1/admin/stock';
    return (await this.#ask<{ results: readonly StockResult[] }>('POST', path, bodyOf(batch))).results;
  }

  show(productId: string): Promise<StockCounted> {
    return this.#ask('GET', stockPathOf(productId));
  }

  async close(): Promise<void> {
    this.#agent.destroy();
  }

  async #ask<T>(
    method: string,
    path: string,
    content?: object,
    more: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const { url, adminToken } = this.#node;
    const body = content && Buffer.from(JSON.stringify(content));
    const headers = {
      ...more,
      Authorization: `Bearer ${adminToken}`,
      ...(body && { 'Content-Length': body.length }),
    };
    let answered: Answered;
    try {
      answered = await this.#send(url + path, { method, headers }, body);
    } catch (error) {
      throw StockRefused.silent(url, whyOf(error));
    }
    const { status, text } = answered;
    if (status < 200 || status > 299) throw StockRefused.answered(url, status, text);
    return JSON.parse(text) as T;
  }

  /** By Node’s own client, whose agent bounds the connections that are kept. */
  #send(address: string, options: RequestOptions, body: Buffer | undefined): Promise<Answered> {
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

const stockPathOf = (productId: string): string =>
  `/v1/admin/products/${encodeURIComponent(productId)}/stock`;
