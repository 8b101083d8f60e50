// What must outlive a page: for each product the key of a purchase whose outcome is not known yet. It is written before
// the request leaves, and as long as it stands every press of every page goes out with this one key, so that no order of
// shoppers, pages and networks makes two orders of it. It goes when the shop has accepted the key, or has refused it
// while no other request with it was ever in doubt: one that is still under way somewhere could be accepted later.

import type { KeyStore } from './key-store.ts';
import { waitFor, type Ports } from './ports.ts';
import { isRecord } from './shape.ts';

const PREFIX = 'doorbuster:attempt:';
/** Without locks: the time in which another page that saw no key, either, has written its own. */
const OTHER_PAGE_MS = 50;

export interface Attempt {
  readonly key: string;
  readonly quantity: number;
  /** A request with this key may be under way that nobody here waits for any more. */
  readonly isInDoubt: boolean;
  /** The shopper has been told that nothing was ordered so far. */
  readonly isTold: boolean;
}

export class Attempts {
  readonly #store: KeyStore;
  readonly #ports: Ports;

  constructor(store: KeyStore, ports: Ports) {
    this.#store = store;
    this.#ports = ports;
  }

  find(customer: string, productId: string): Attempt | undefined {
    const text = this.#store.getItem(nameOf(customer, productId));
    return text === null ? undefined : parse(text);
  }

  /** The attempt that stands already, now in doubt, or a new one. */
  async begin(customer: string, productId: string, quantity: number): Promise<Attempt> {
    const joinOrMake = (): Attempt => {
      const open = this.find(customer, productId);
      const attempt =
        open === undefined
          ? { key: this.#ports.makeKey(), quantity, isInDoubt: false, isTold: false }
          : { ...open, quantity, isInDoubt: true, isTold: false };
      this.#write(customer, productId, attempt);
      return attempt;
    };
    const attempt = await this.#ports.exclusively(nameOf(customer, productId), joinOrMake);
    if (this.#ports.hasLocks) return attempt;
    await waitFor(this.#ports, OTHER_PAGE_MS);
    const standing = this.find(customer, productId);
    if (standing?.key === attempt.key) return attempt;
    // None: the other page has been answered already, and it used this one's, which was written last.
    if (standing === undefined) this.#write(customer, productId, attempt);
    return joinOrMake();
  }

  /** Nothing happens when it is not the one that stands. */
  change(
    customer: string,
    productId: string,
    { key }: Attempt,
    changes: Partial<Pick<Attempt, 'isInDoubt' | 'isTold'>>,
  ): Promise<void> {
    return this.#ifStanding(customer, productId, key, (standing) =>
      this.#write(customer, productId, { ...standing, ...changes }),
    );
  }

  /** The shop has accepted this key. */
  accepted(customer: string, productId: string, { key }: Attempt): Promise<void> {
    return this.#ifStanding(customer, productId, key, () => this.#remove(customer, productId));
  }

  /** The shop has refused this key; it stays when it is in doubt. True when another page has put it in doubt meanwhile. */
  async refused(customer: string, productId: string, { key, isInDoubt }: Attempt): Promise<boolean> {
    let isJoined = false;
    await this.#ifStanding(customer, productId, key, (standing) => {
      isJoined = standing.isInDoubt && !isInDoubt;
      if (!standing.isInDoubt && !isInDoubt) this.#remove(customer, productId);
      else if (!isJoined) this.#write(customer, productId, { ...standing, isTold: true });
    });
    return isJoined;
  }

  #ifStanding(
    customer: string,
    productId: string,
    key: string,
    act: (standing: Attempt) => void,
  ): Promise<void> {
    return this.#ports.exclusively(nameOf(customer, productId), () => {
      const standing = this.find(customer, productId);
      if (standing?.key === key) act(standing);
    });
  }

  #write(customer: string, productId: string, attempt: Attempt): void {
    this.#store.setItem(nameOf(customer, productId), JSON.stringify(attempt));
  }

  #remove(customer: string, productId: string): void {
    this.#store.removeItem(nameOf(customer, productId));
  }
}

// Neither part can run over into the other.
const nameOf = (customer: string, productId: string): string =>
  `${PREFIX}${encodeURIComponent(customer.toWellFormed())}:${productId}`;

/** What somebody else wrote under the name is no attempt; a key is what the shop takes for one. */
function parse(text: string): Attempt | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value) || typeof value['key'] !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(value['key']))
      return undefined;
    const { key, quantity, isInDoubt, isTold } = value;
    if (!Number.isSafeInteger(quantity)) return undefined;
    return { key, quantity: quantity as number, isInDoubt: isInDoubt !== false, isTold: isTold === true };
  } catch {
    return undefined;
  }
}
