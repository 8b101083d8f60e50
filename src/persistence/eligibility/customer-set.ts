// Whether a customer is on a list: a search in the sorted keys, which all threads of a node share. Nothing is allocated.
//
// Keys are hashes, so they lie evenly: a guess by proportion lands near the place, and each further one nearer by far. Should
// they not lie evenly, halving ends the search all the same.

import { KEY_BYTES, type Key } from '../../actors/index.ts';
import type { CustomerKeys } from './door.ts';
import { orderWordOf } from './key-order.ts';

/** Guesses by proportion, before what is left is halved. Of a million even keys seven find any. */
const GUESSES_MAX = 16;

export class CustomerSet {
  readonly listId: string;
  readonly size: number;
  readonly #view: DataView;

  constructor({ listId, customers, bytes }: CustomerKeys) {
    if (bytes.byteLength !== customers * KEY_BYTES)
      throw new Error(`a list of ${customers} customers cannot have ${bytes.byteLength} bytes`);
    this.listId = listId;
    this.size = customers;
    this.#view = new DataView(bytes);
  }

  has(key: Key): boolean {
    const view = this.#view;
    const first = orderWordOf(key, 0);
    /** What may be the key: from `low` to below `high`. */
    let low = 0;
    let high = this.size;
    let lowWord = 0;
    let highWord = 0x1_0000_0000;
    let guesses = 0;
    while (low < high) {
      const at =
        guesses++ < GUESSES_MAX
          ? low + Math.floor(((first - lowWord) / (highWord - lowWord)) * (high - low))
          : (low + high) >>> 1;
      const place = at < high ? at : high - 1;
      const found = view.getUint32(place * KEY_BYTES);
      const order = found === first ? orderOfRest(view, place * KEY_BYTES, key) : found - first;
      if (order === 0) return true;
      if (order < 0) {
        low = place + 1;
        lowWord = found;
      } else {
        high = place;
        // One above, so that the words between are never none.
        highWord = found + 1;
      }
    }
    return false;
  }
}

/** Of the key at this place against the wanted one, whose first words are the same. */
function orderOfRest(view: DataView, at: number, key: Key): number {
  for (let number = 1; number < 4; number++) {
    const order = view.getUint32(at + number * 4) - orderWordOf(key, number);
    if (order !== 0) return order;
  }
  return 0;
}
