// The purchase tickets that this page has: got ahead of the start, at a moment of each page's own, so that the shop does
// not have to give all of them out in the second of the sale; or when one is needed. Where a ticket costs a proof of work
// it is worked for, and where that is not possible it is waited for. Tickets outlive a page, so that loading it again
// costs nobody any work.

import type { Answer, Lost, Refused, Unsent } from './answer.ts';
import type { Caller } from './caller.ts';
import type { Identity } from './identity.ts';
import type { KeyStore } from './key-store.ts';
import { patienceMs } from './patience.ts';
import { waitFor, type Ports } from './ports.ts';
import type { Product } from './product.ts';
import type { ServerClock } from './server-clock.ts';
import { isRecord } from './shape.ts';
import { isChallenge } from './work.ts';

const PREFIX = 'doorbuster:ticket:';
/** Not at the very moment from which tickets can be had, which clocks tell apart, nor in the last seconds before the start. */
const AHEAD_FIRST_MS = 500;
const AHEAD_LAST_MS = 5_000;
/** A page that comes later spreads its question over so much. */
const LATE_SPREAD_MS = 2_000;
/** A timer never runs longer: clocks are set, and machines sleep. */
const PLAN_AGAIN_MS_MAX = 600_000;
/** Of a page with more products tickets are got for those that the shopper turns to, each no more often than so. */
const PRODUCTS_AHEAD_MAX = 3;
const TURN_AGAIN_MS = 30_000;
/** A ticket that ends sooner is not sent any more. */
const LIFE_MS_MIN = 2_000;
const ROUNDS_MAX = 8;
/** A pass that is good later is not waited for. */
const WAIT_MS_MAX = 300_000;

/** What there is, or why there is none; nothing was ordered in any case. */
export type TicketAnswer = { readonly kind: 'ticket'; readonly ticket: string } | Refused | Lost | Unsent;

interface Ticket {
  readonly ticket: string;
  readonly expiresAt: string;
}

/** A product whose sale asks for tickets. */
interface Wanted {
  /** Epoch milliseconds. */
  readonly ticketsFrom: number;
  readonly startsAt: number;
  readonly isOpen: boolean;
  /** Monotonic; somebody has turned to it. */
  turnedAt: number;
  /** A ticket was asked for ahead, whatever came of it. */
  isAsked: boolean;
  cancel: () => void;
}

export interface TicketParts {
  readonly caller: Caller;
  readonly identity: Identity;
  readonly store: KeyStore;
  readonly clock: ServerClock;
  readonly ports: Ports;
}

export class TicketBook {
  readonly #parts: TicketParts;
  readonly #wanted = new Map<string, Wanted>();
  readonly #getting = new Map<string, Promise<TicketAnswer>>();

  constructor(parts: TicketParts) {
    this.#parts = parts;
  }

  /** The shop has told of this product: whether its sale asks for tickets, and from when on one can be got. */
  learn(product: Product): void {
    const known = this.#wanted.get(product.id);
    const { ticketsFrom } = product;
    if (ticketsFrom === undefined) {
      known?.cancel();
      return void this.#wanted.delete(product.id);
    }
    const startsAt = Date.parse(product.startsAt);
    const isOpen = product.sale.state === 'on_sale';
    if (known?.startsAt === startsAt && known.isOpen === isOpen) return;
    known?.cancel();
    const wanted = {
      ticketsFrom: Date.parse(ticketsFrom),
      startsAt,
      isOpen,
      turnedAt: known?.turnedAt ?? -Infinity,
      isAsked: known?.startsAt === startsAt && known.isAsked,
      cancel: () => undefined,
    };
    this.#wanted.set(product.id, wanted);
    if (isOpen || product.sale.state === 'upcoming') this.#plan(product.id, wanted);
  }

  /** The shopper turns to this product: it is worth a ticket, however many there are. */
  turnTo(productId: string): void {
    const wanted = this.#wanted.get(productId);
    const nowMs = this.#parts.ports.monotonicMs();
    if (wanted === undefined || nowMs - wanted.turnedAt < TURN_AGAIN_MS) return;
    wanted.turnedAt = nowMs;
    if (wanted.isOpen) void this.#getAhead(productId, wanted);
    else this.#plan(productId, wanted);
  }

  /** As far as the shop has told. */
  isNeeded(productId: string): boolean {
    return this.#wanted.has(productId);
  }

  inHand(customer: string, productId: string): string | undefined {
    const name = nameOf(customer, productId);
    const kept = parse(this.#parts.store.getItem(name));
    if (kept === undefined) return undefined;
    if (Date.parse(kept.expiresAt) - LIFE_MS_MIN > this.#parts.clock.now()) return kept.ticket;
    this.#parts.store.removeItem(name);
    return undefined;
  }

  /** It was used, or the shop does not take it. */
  drop(customer: string, productId: string, ticket: string): void {
    const name = nameOf(customer, productId);
    if (parse(this.#parts.store.getItem(name))?.ticket === ticket) this.#parts.store.removeItem(name);
  }

  /** The one in hand, or under way, or another one. */
  take(customer: string, productId: string): Promise<TicketAnswer> {
    const wanted = this.#wanted.get(productId);
    if (wanted !== undefined) {
      // None is to be got ahead any more, whatever comes of this.
      wanted.isAsked = true;
      wanted.cancel();
    }
    const ticket = this.inHand(customer, productId);
    if (ticket !== undefined) return Promise.resolve({ kind: 'ticket', ticket });
    const name = nameOf(customer, productId);
    let getting = this.#getting.get(name);
    if (getting === undefined) {
      getting = this.#get(customer, productId).finally(() => this.#getting.delete(name));
      this.#getting.set(name, getting);
    }
    return getting;
  }

  #plan(productId: string, wanted: Wanted): void {
    if (wanted.isAsked) return;
    wanted.cancel();
    const inMs = this.#aheadInMs(wanted);
    const act = (): void => {
      if (inMs > PLAN_AGAIN_MS_MAX) this.#plan(productId, wanted);
      else void this.#getAhead(productId, wanted);
    };
    wanted.cancel = this.#parts.ports.after(Math.min(inMs, PLAN_AGAIN_MS_MAX), act);
  }

  /** A moment of this page's own between the first ticket and the start; of a page that comes later, soon. */
  #aheadInMs({ ticketsFrom, startsAt, isOpen }: Wanted): number {
    const { clock, ports } = this.#parts;
    const first = ticketsFrom + AHEAD_FIRST_MS - clock.now();
    const last = startsAt - AHEAD_LAST_MS - clock.now();
    if (isOpen || last <= LATE_SPREAD_MS) return ports.random() * LATE_SPREAD_MS;
    return Math.max(0, first) + ports.random() * (last - Math.max(0, first));
  }

  async #getAhead(productId: string, wanted: Wanted): Promise<void> {
    if (this.#wanted.size > PRODUCTS_AHEAD_MAX && wanted.turnedAt === -Infinity) return;
    const customer = await this.#parts.identity.customer();
    // Whoever only looks gets none, and a page that does not say whose it is asks when it has to.
    if (customer === undefined) return;
    const answer = await this.take(customer, productId);
    if (answer.kind !== 'refused' || answer.code !== 'sale_not_started') return;
    // The clocks part, or the start was moved and this page will be told.
    const againMs =
      Math.max(answer.retryAfterMs, AHEAD_FIRST_MS) + this.#parts.ports.random() * LATE_SPREAD_MS;
    wanted.cancel = this.#parts.ports.after(againMs, () => void this.#getAhead(productId, wanted));
  }

  async #get(customer: string, productId: string): Promise<TicketAnswer> {
    const { caller, ports } = this.#parts;
    let proof: Proof = {};
    let answer: Answer<Ticket> = { kind: 'lost', retryAfterMs: 0 };
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const body = { productId, ...proof };
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      answer = await caller.call('POST', '/v1/tickets', isTicket, { isPersonal: true, body });
      if (answer.kind === 'answer') return this.#keep(customer, productId, answer.body);
      if (answer.kind === 'refused' && answer.code === 'challenge_required') {
        // oxlint-disable-next-line no-await-in-loop -- likewise
        const found = await this.#prove(answer.problem);
        if (found === undefined) return answer;
        proof = found;
        continue;
      }
      if (!mayChange(answer)) return answer;
      // What was sent with this proof may be sent with it again: it is good for one ticket, however often.
      // oxlint-disable-next-line no-await-in-loop -- likewise
      await waitFor(
        ports,
        patienceMs(answer.retryAfterMs, round, () => ports.random()),
      );
    }
    return answer;
  }

  /** @returns undefined when neither work nor a wait leads to a ticket */
  async #prove({ challenge, wait }: Readonly<Record<string, unknown>>): Promise<Proof | undefined> {
    const { ports } = this.#parts;
    const solution = isChallenge(challenge) ? await ports.solve(challenge) : undefined;
    if (solution !== undefined) return { solution: base64Of(JSON.stringify({ challenge, solution })) };
    if (!isRecord(wait) || typeof wait['pass'] !== 'string' || typeof wait['seconds'] !== 'number')
      return undefined;
    const waitMs = wait['seconds'] * 1_000;
    if (!(waitMs <= WAIT_MS_MAX)) return undefined;
    await waitFor(ports, waitMs);
    return { wait: wait['pass'] };
  }

  #keep(customer: string, productId: string, { ticket, expiresAt }: Ticket): TicketAnswer {
    const text = JSON.stringify({ ticket, expiresAt } satisfies Ticket);
    this.#parts.store.setItem(nameOf(customer, productId), text);
    return { kind: 'ticket', ticket };
  }
}

/** What is sent with the question. */
type Proof = { readonly solution?: string; readonly wait?: string };

// Neither part can run over into the other.
const nameOf = (customer: string, productId: string): string =>
  `${PREFIX}${encodeURIComponent(customer.toWellFormed())}:${productId}`;

function parse(text: string | null): Ticket | undefined {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    return isTicket(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What a header takes, and what names an hour. */
function isTicket(value: unknown): value is Ticket {
  if (!isRecord(value) || typeof value['expiresAt'] !== 'string') return false;
  const isText = typeof value['ticket'] === 'string' && /^[\x21-\x7e]{1,512}$/.test(value['ticket']);
  return isText && Number.isFinite(Date.parse(value['expiresAt']));
}

/** A challenge has no letter that one byte does not hold, but whoever asks may. */
const base64Of = (text: string): string => btoa(String.fromCodePoint(...new TextEncoder().encode(text)));

/** Asking again may be answered otherwise. */
function mayChange(answer: Refused | Lost | Unsent): boolean {
  if (answer.kind === 'unsent') return answer.reason === 'no_token';
  return answer.kind === 'lost' || answer.status >= 500 || [408, 425, 429].includes(answer.status);
}
