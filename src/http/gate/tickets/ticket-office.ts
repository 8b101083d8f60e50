// Purchase tickets: texts that only this shop's nodes can make, each for one customer, one product and a short time. Nothing is kept of
// a ticket here; that it works once is the actor's doing, which burns its id together with the order.
//
// A ticket is 52 characters, base64url of 39 bytes, and must never change its form without another purpose:
//
//     id (16 bytes)  end of life (5 bytes, epoch seconds)  |  signature (18 bytes) over these, the customer, campaign and product
//     └───────────────── 28 characters ─────────────────┘     └─────── 24 characters ───────┘
//
// Every purchase is read here, in the second of a sale: it costs two hashes and allocates little.

import { BAD_TICKET, KEY_BYTES, type Key } from '../../../actors/index.ts';
import type { Clock, Random } from '../../../runtime/index.ts';
import { derivedSecret } from '../../derived-secret.ts';
import { isSame, KeyedHash } from '../../keyed-hash.ts';
import { WaitPasses, WorkOffice } from '../challenge/index.ts';

const END_BYTES = 5;
const SIGNED_BYTES = KEY_BYTES + END_BYTES;
const SIGNED_CHARACTERS = (SIGNED_BYTES / 3) * 4;
const SIGNATURE_CHARACTERS = 24;
export const TICKET_CHARACTERS = SIGNED_CHARACTERS + SIGNATURE_CHARACTERS;
const FORM = new RegExp(`^[A-Za-z0-9_-]{${TICKET_CHARACTERS}}$`);
/** What is signed: besides the ticket a customer's key, a product's id, a campaign's. */
const TEXT_CHARACTERS_MAX = 256;

export interface TicketSettings {
  /** From so long before the start of a sale tickets can be had. */
  readonly leadMs: number;
  /** So long a ticket is good, counted from the start of the sale at the earliest. */
  readonly lifeMs: number;
  /** Whoever waits instead of working waits for so long. */
  readonly waitMs: number;
}

/** Of an office, whoever only tells when tickets can be had. */
export interface TicketHours {
  readonly settings: TicketSettings;
}

export const DEFAULT_TICKET_SETTINGS: TicketSettings = { leadMs: 60_000, lifeMs: 120_000, waitMs: 30_000 };

export interface TicketOfficePorts {
  /** Common to all nodes. */
  readonly secret: string;
  readonly clock: Clock;
  readonly random: Random;
  /** The campaign that the product belongs to, for its whole life; undefined: none. */
  readonly campaignOf: (productId: string) => { readonly campaignId: string } | undefined;
  /** Hears of tickets that came with an order and are none. */
  readonly onBad?: (why: BadTicket) => void;
}

/** `wrong`: made up, changed, somebody else's, or for something else. */
export type BadTicket = 'wrong' | 'out_of_date';

/** Epoch milliseconds. */
export const ticketsFrom = (product: { readonly startsAt: number }, { settings }: TicketHours): number =>
  Math.max(0, product.startsAt - settings.leadMs);

export interface TicketFor {
  readonly customerKey: Key;
  readonly productId: string;
  /** Epoch milliseconds; counted in whole seconds. */
  readonly expiresAt: number;
  /** Of a ticket that must be the same whoever makes it again; a new one by itself. */
  readonly id?: Key | undefined;
}

export class TicketOffice {
  readonly settings: TicketSettings;
  /** What a ticket costs, where it costs anything. */
  readonly work: WorkOffice;
  readonly passes: WaitPasses;
  readonly #ports: TicketOfficePorts;
  readonly #hash: KeyedHash;
  readonly #ids: KeyedHash;
  readonly #bytes = Buffer.alloc(SIGNED_BYTES);

  constructor(ports: TicketOfficePorts, settings: TicketSettings) {
    this.settings = settings;
    this.#ports = ports;
    this.work = new WorkOffice(ports.secret, ports.clock, ports.random);
    this.passes = new WaitPasses(ports.secret, ports.clock);
    this.#hash = new KeyedHash(derivedSecret(ports.secret, 'ticket 1'), TEXT_CHARACTERS_MAX);
    this.#ids = new KeyedHash(derivedSecret(ports.secret, 'ticket id 1'), TEXT_CHARACTERS_MAX);
  }

  /** The ticket's text. */
  issue({ customerKey, productId, expiresAt, id }: TicketFor): string {
    this.#bytes.write(id ?? this.#ports.random.characters(KEY_BYTES), 'latin1');
    this.#bytes.writeUIntBE(Math.floor(expiresAt / 1_000), KEY_BYTES, END_BYTES);
    const signed = this.#bytes.toString('base64url');
    return signed + this.#signatureOf(signed, customerKey, productId);
  }

  /**
   * What the actor is told of a ticket. Refuses nothing: an order that exists is answered whatever was brought with it.
   * @param text as it was sent; undefined: nothing was
   * @returns the ticket's id; BAD_TICKET for whatever is none, or somebody else's, or for something else, or out of date
   */
  read(text: string | undefined, customerKey: Key, productId: string): Key | undefined {
    if (text === undefined) return undefined;
    if (!FORM.test(text)) return this.#bad('wrong');
    const signed = text.slice(0, SIGNED_CHARACTERS);
    const signature = this.#signatureOf(signed, customerKey, productId);
    if (!isSame(text.slice(SIGNED_CHARACTERS), signature)) return this.#bad('wrong');
    this.#bytes.write(signed, 'base64url');
    const end = this.#bytes.readUIntBE(KEY_BYTES, END_BYTES) * 1_000;
    if (end <= this.#ports.clock.now()) return this.#bad('out_of_date');
    return this.#bytes.toString('latin1', 0, KEY_BYTES);
  }

  /** An id that follows from what a ticket was given for, so that it is given once. @param source one-byte characters, at most 256 */
  idOf(source: string): Key {
    return this.#ids.charactersOf(source, 'latin1').slice(0, KEY_BYTES);
  }

  #bad(why: BadTicket): Key {
    this.#ports.onBad?.(why);
    return BAD_TICKET;
  }

  #signatureOf(signed: string, customerKey: Key, productId: string): string {
    const campaignId = this.#ports.campaignOf(productId)?.campaignId ?? '';
    const text = `${signed}${customerKey}${productId}\0${campaignId}`;
    return this.#hash.of(text, 'latin1').slice(0, SIGNATURE_CHARACTERS);
  }
}
