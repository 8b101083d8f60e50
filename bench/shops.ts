// The admin calls of a stampede, to whichever of several nodes answers: one of them may have died in the rush.

import { callNode, type NodeAddress } from '../src/node-client.ts';
import { pauseAfter } from './http-client.ts';

const ROUNDS_MAX = 40;

export class Shops {
  readonly #nodes: readonly NodeAddress[];

  constructor(nodes: readonly NodeAddress[]) {
    this.#nodes = nodes;
  }

  /** What may be repeated. With one node: once. @throws CommandError of the last node that was asked */
  async call<T>(
    method: string,
    path: string,
    options?: { readonly body?: unknown; readonly idempotencyKey?: string },
  ): Promise<T> {
    let failure: unknown;
    const rounds = this.#nodes.length === 1 ? 1 : ROUNDS_MAX;
    for (let round = 0; round < rounds; round++) {
      for (const node of this.#nodes) {
        try {
          return await callNode<T>(node, method, path, options);
        } catch (error) {
          failure = error;
        }
      }
      await pauseAfter(round);
    }
    throw failure;
  }
}
