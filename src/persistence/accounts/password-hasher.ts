// Computes passwords' hashes for one thread. Each takes 19 MiB and a thread of Node's pool for tens of milliseconds, and the
// threads that do it also sell: so one at a time, a few that wait, and no more.

import type { Random } from '../../runtime/index.ts';
import {
  HASH_PARAMETERS,
  hashOf,
  isMadeWith,
  matches,
  nobodysHash,
  SALT_BYTES,
  type HashParameters,
} from './password-hash.ts';

/** Hashes that wait for the one under way. */
export const HASHES_WAITING_MAX = 16;

/** Too many wait already. Nothing was computed; trying again later helps. */
export class HasherBusy extends Error {
  override readonly name = 'HasherBusy';
}

export class PasswordHasher {
  readonly #random: Random;
  readonly #parameters: HashParameters;
  readonly #nobodys: string;
  readonly #waiting: (() => void)[] = [];
  #isTaken = false;
  #computed = 0;

  /** @param parameters of the hashes that it makes; tests have cheaper ones */
  constructor(random: Random, parameters = HASH_PARAMETERS) {
    this.#random = random;
    this.#parameters = parameters;
    this.#nobodys = nobodysHash(parameters);
  }

  /** How many were computed. */
  get computed(): number {
    return this.#computed;
  }

  /** @throws HasherBusy */
  hash(password: string): Promise<string> {
    const salt = Buffer.from(this.#random.characters(SALT_BYTES), 'latin1');
    return this.#inTurn(() => hashOf(password, salt, this.#parameters));
  }

  /**
   * @param hash undefined when there is nobody: costs the same, and is false
   * @throws HasherBusy
   */
  matches(password: string, hash: string | undefined): Promise<boolean> {
    return this.#inTurn(async () => (await matches(password, hash ?? this.#nobodys)) && hash !== undefined);
  }

  /** It was made with other parameters than today's. */
  isOutdated(hash: string): boolean {
    return !isMadeWith(hash, this.#parameters);
  }

  async #inTurn<T>(compute: () => Promise<T>): Promise<T> {
    if (this.#isTaken) {
      if (this.#waiting.length >= HASHES_WAITING_MAX)
        throw new HasherBusy('too many passwords are being checked');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#isTaken = true;
    try {
      this.#computed++;
      return await compute();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#isTaken = false;
      else next();
    }
  }
}
