// Who may enter which campaign, as one thread knows it: told by the main thread, which reads it from Postgres (door-keeper.ts).
// A purchase asks here first, in the second of a sale, so that the answer for a product that is known waits for nothing and
// allocates nothing. Of what is not known nobody is let in before somebody could say.
//
// What makes "in no campaign" final: the catalogue names its products itself, with an ending that nobody guesses, and has
// committed them before the engine hears of them. So a product of another form, or one that the engine has and the catalogue has
// not, never comes into a campaign.

import {
  CustomerSet,
  mayBeProductId,
  type Door,
  type DoorsTold,
  type Whereabouts,
} from '../persistence/index.ts';
import type { Clock, Router } from '../runtime/index.ts';
import type { Visitor } from './auth.ts';
import { Problem } from './problem.ts';

/** `nowhere`: the engine has no such product, so nobody ever bought it. */
export type Passage = 'open' | 'closed' | 'nowhere';

export interface DoorsPorts {
  readonly engine: Pick<Router, 'request'>;
  readonly clock: Clock;
  /** Asks the main thread. Whatever it tells of doors meanwhile has arrived before its answer. */
  readonly find: (productId: string) => Promise<Whereabouts>;
}

export const DOORS_LIMITS = {
  /** Products in no campaign that a thread remembers, of those that look as if they were in one. */
  outsideMax: 10_000,
  /** Products that a thread asks about at once. */
  questionsMax: 256,
} as const;

export class Doors {
  readonly #ports: DoorsPorts;
  readonly #byCampaign = new Map<string, Door>();
  readonly #bySlug = new Map<string, Door>();
  readonly #byProduct = new Map<string, Door>();
  /** Of the doors with a list, by campaign. */
  readonly #lists = new Map<string, CustomerSet>();
  /** The oldest is forgotten first. */
  readonly #outside = new Set<string>();
  readonly #asked = new Map<string, Promise<Whereabouts | 'nowhere'>>();
  readonly #listeners = new Set<() => void>();
  #isComplete = false;

  constructor(ports: DoorsPorts) {
    this.#ports = ports;
  }

  /** Those of a node that has no catalogue: everything is open. */
  static none(ports: Pick<DoorsPorts, 'engine' | 'clock'>): Doors {
    const doors = new Doors({ ...ports, find: () => Promise.resolve('outside') });
    doors.take({ isWhole: true, doors: [], gone: [], isComplete: true });
    return doors;
  }

  take({ isWhole, doors, gone, isComplete }: DoorsTold): void {
    if (isWhole) for (const campaignId of this.#byCampaign.keys()) this.#remove(campaignId);
    for (const campaignId of gone) this.#remove(campaignId);
    // A slug may go from one campaign to another: all leave before any comes.
    for (const { campaignId } of doors) this.#remove(campaignId);
    for (const door of doors) this.#add(door);
    this.#isComplete = isComplete;
    for (const listener of this.#listeners) listener();
  }

  /** Whether its campaign wants limits on requests; what is in none does. */
  isLimited(productId: string): boolean {
    return this.#byProduct.get(productId)?.gate.limits ?? true;
  }

  /** Whether its campaign wants payments judged; what is in none does. */
  isJudged(productId: string): boolean {
    return this.#byProduct.get(productId)?.gate.risk ?? true;
  }

  /** Whether this visitor may see and buy it. @throws Problem unavailable, overloaded */
  openFor(productId: string, visitor: Visitor): boolean | Promise<boolean> {
    const passage = this.passage(productId, visitor);
    return typeof passage === 'string' ? passage === 'open' : passage.then((found) => found === 'open');
  }

  /** The same, telling a closed door from a product that never was. @throws Problem unavailable, overloaded */
  passage(productId: string, visitor: Visitor): Passage | Promise<Passage> {
    return this.#known(productId, visitor) ?? this.#passageOfUnknown(productId, visitor);
  }

  /** Undefined also for a product of which this thread does not know where it stands. */
  campaignOf(productId: string): Door | undefined {
    return this.#byProduct.get(productId);
  }

  /** False also for a product of which this thread does not know where it stands. */
  isCancelled(productId: string): boolean {
    return this.#byProduct.get(productId)?.status === 'cancelled';
  }

  /** @returns undefined when there is no such campaign for them @throws Problem unavailable */
  bySlug(slug: string, visitor: Visitor): Door | undefined {
    const door = this.#bySlug.get(slug);
    if (door !== undefined && this.isMember(door, visitor)) return door;
    // It may be one that nobody knows here just now. The same behind a door that is closed, so that nothing is told of any.
    if (!this.#isComplete) throw new Problem('unavailable');
    return undefined;
  }

  /** What can be bought, or will be: the one that opens first comes first. */
  openTo(visitor: Visitor): Door[] {
    const now = this.#ports.clock.now();
    return [...this.#byCampaign.values()]
      .filter((door) => door.status !== 'cancelled' && door.endsAt > now && this.isMember(door, visitor))
      .toSorted(
        (one, other) => one.startsAt - other.startsAt || (one.campaignId < other.campaignId ? -1 : 1),
      );
  }

  isMember(door: Door, visitor: Visitor): boolean {
    const { entry, campaignId } = door;
    if (entry.kind === 'everyone') return true;
    if (visitor === undefined) return false;
    switch (entry.kind) {
      case 'list':
        return this.#lists.get(campaignId)?.has(visitor.customerKey) ?? false;
      case 'claim':
        return claims(visitor.claims[entry.name], entry.value);
      case 'invitation':
        return visitor.invitedTo.includes(campaignId);
    }
  }

  /** Called when something about who may enter, or about what stands behind a door, has changed. @returns how to stop it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #known(productId: string, visitor: Visitor): Passage | undefined {
    const door = this.#byProduct.get(productId);
    if (door !== undefined) return this.isMember(door, visitor) ? 'open' : 'closed';
    return this.#outside.has(productId) || !mayBeProductId(productId) ? 'open' : undefined;
  }

  async #passageOfUnknown(productId: string, visitor: Visitor): Promise<Passage> {
    const found = await this.#ask(productId);
    if (found === 'nowhere' || found === 'closed') return found;
    const known = found === 'outside' ? 'open' : this.#known(productId, visitor);
    // The door was there, and went when its list could not be read.
    if (known === undefined) throw new Problem('unavailable');
    return known;
  }

  /** However many want to know it, it is asked once. */
  #ask(productId: string): Promise<Whereabouts | 'nowhere'> {
    const asked = this.#asked.get(productId);
    if (asked !== undefined) return asked;
    if (this.#asked.size >= DOORS_LIMITS.questionsMax) return Promise.reject(new Problem('overloaded'));
    const asking = this.#find(productId).finally(() => this.#asked.delete(productId));
    this.#asked.set(productId, asking);
    return asking;
  }

  /** The engine first: what it does not have costs Postgres nothing. @throws Problem */
  async #find(productId: string): Promise<Whereabouts | 'nowhere'> {
    const reply = await this.#ports.engine.request({ kind: 'showProduct', productId });
    if (reply.outcome === 'refused') {
      if (reply.refusal === 'not_found') return 'nowhere';
      throw new Problem(reply.refusal);
    }
    let found: Whereabouts;
    try {
      found = await this.#ports.find(productId);
    } catch {
      throw new Problem('unavailable');
    }
    if (found === 'outside') this.#remember(productId);
    return found;
  }

  #remember(productId: string): void {
    this.#outside.add(productId);
    for (const oldest of this.#outside) {
      if (this.#outside.size <= DOORS_LIMITS.outsideMax) return;
      this.#outside.delete(oldest);
    }
  }

  #add(door: Door): void {
    const { campaignId, slug, productIds, keys } = door;
    this.#byCampaign.set(campaignId, door);
    this.#bySlug.set(slug, door);
    for (const productId of productIds) this.#byProduct.set(productId, door);
    if (keys !== undefined) this.#lists.set(campaignId, new CustomerSet(keys));
  }

  #remove(campaignId: string): void {
    const door = this.#byCampaign.get(campaignId);
    if (door === undefined) return;
    this.#byCampaign.delete(campaignId);
    this.#lists.delete(campaignId);
    // A door that is told later than it changed may find that another has its address by now.
    if (this.#bySlug.get(door.slug) === door) this.#bySlug.delete(door.slug);
    for (const productId of door.productIds) this.#byProduct.delete(productId);
  }
}

/** @param claimed as the token has it: one value, or several */
function claims(claimed: unknown, value: string): boolean {
  if (Array.isArray(claimed)) return claimed.some((one) => isValue(one, value));
  return isValue(claimed, value);
}

const isValue = (claimed: unknown, value: string): boolean =>
  typeof claimed === 'string'
    ? claimed === value
    : (typeof claimed === 'number' || typeof claimed === 'boolean') && String(claimed) === value;
