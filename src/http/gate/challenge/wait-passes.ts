// The way to a ticket for those who cannot work: a pass that becomes good after a while. Nothing is kept of a pass, and still they are
// one at a time for a customer and product: which ticket a pass leads to follows from the customer, the product and the stretch of
// time that its hour lies in, and a stretch is as long as the wait. So whoever asks for a hundred at once gets one ticket.
//
// A pass is 36 characters and must never change its form without another purpose:
//
//     good from (5 bytes, epoch seconds)  wait (4 bytes, seconds)  |  signature (18 bytes) over these, the customer and product

import type { Key } from '../../../actors/index.ts';
import type { Clock } from '../../../runtime/index.ts';
import { derivedSecret } from '../../derived-secret.ts';
import { isSame, KeyedHash } from '../../keyed-hash.ts';

const FROM_BYTES = 5;
const WAIT_BYTES = 4;
const SIGNED_BYTES = FROM_BYTES + WAIT_BYTES;
const SIGNED_CHARACTERS = (SIGNED_BYTES / 3) * 4;
const SIGNATURE_CHARACTERS = 24;
const FORM = new RegExp(`^[A-Za-z0-9_-]{${SIGNED_CHARACTERS + SIGNATURE_CHARACTERS}}$`);
const TEXT_CHARACTERS_MAX = 256;
/** From when it is good on. */
const PASS_LIFE_MS = 300_000;

export interface WaitPass {
  readonly pass: string;
  /** Epoch milliseconds, whole seconds. */
  readonly goodFrom: number;
  readonly goodUntil: number;
  /** The same for all passes of which one counts. One-byte characters. */
  readonly stretch: string;
}

export type PassState = 'good' | 'early' | 'expired';

export class WaitPasses {
  readonly #hash: KeyedHash;
  readonly #clock: Clock;

  /** @param secret common to all nodes */
  constructor(secret: string, clock: Clock) {
    this.#hash = new KeyedHash(derivedSecret(secret, 'ticket wait 1'), TEXT_CHARACTERS_MAX);
    this.#clock = clock;
  }

  make(customerKey: Key, productId: string, waitMs: number): WaitPass {
    const wait = Math.ceil(waitMs / 1_000);
    const from = Math.ceil(this.#clock.now() / 1_000) + wait;
    const bytes = Buffer.alloc(SIGNED_BYTES);
    bytes.writeUIntBE(from, 0, FROM_BYTES);
    bytes.writeUInt32BE(wait, FROM_BYTES);
    const signed = bytes.toString('base64url');
    return passOf(signed + this.#signatureOf(signed, customerKey, productId), customerKey, productId);
  }

  /** @returns undefined for what is no pass, or one for another customer or product */
  read(pass: string, customerKey: Key, productId: string): WaitPass | undefined {
    if (!FORM.test(pass)) return undefined;
    const signature = this.#signatureOf(pass.slice(0, SIGNED_CHARACTERS), customerKey, productId);
    if (!isSame(pass.slice(SIGNED_CHARACTERS), signature)) return undefined;
    return passOf(pass, customerKey, productId);
  }

  stateOf({ goodFrom, goodUntil }: WaitPass): PassState {
    const now = this.#clock.now();
    if (now < goodFrom) return 'early';
    return now < goodUntil ? 'good' : 'expired';
  }

  #signatureOf(signed: string, customerKey: Key, productId: string): string {
    return this.#hash.of(`${signed}${customerKey}${productId}`, 'latin1').slice(0, SIGNATURE_CHARACTERS);
  }
}

function passOf(pass: string, customerKey: Key, productId: string): WaitPass {
  const bytes = Buffer.from(pass.slice(0, SIGNED_CHARACTERS), 'base64url');
  const from = bytes.readUIntBE(0, FROM_BYTES);
  const wait = bytes.readUInt32BE(FROM_BYTES);
  const goodFrom = from * 1_000;
  const stretch = `wait\0${customerKey}${productId}\0${wait}\0${Math.floor(from / wait)}`;
  return { pass, goodFrom, goodUntil: goodFrom + PASS_LIFE_MS, stretch };
}
