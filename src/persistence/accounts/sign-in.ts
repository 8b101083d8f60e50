// One try to sign in, from what was typed to a session. Whether anybody has the e-mail can be told neither from the answer nor from
// the work that it takes.

import type { Devices } from './devices.ts';
import { HasherBusy } from './password-hasher.ts';
import { PASSWORD_MAX } from './password.ts';
import type { Sessions } from './sessions.ts';
import {
  SignInTries,
  TRIES_PER_EMAIL_MAX,
  triesOfAddress,
  triesOfDevice,
  triesOfEmail,
} from './sign-in-tries.ts';
import { emailKey, type AccountPorts } from './users.ts';

export const EMAIL_CHARACTERS_MAX = 254;

export type SignedIn =
  | {
      readonly outcome: 'signed_in';
      readonly token: string;
      /** For the browser's later tries. */
      readonly device: string;
    }
  | { readonly outcome: 'wrong'; readonly triesLeft: number }
  /** The password was right. */
  | { readonly outcome: 'disabled' }
  /** Too many failed tries, of this e-mail or from this address. Nothing was compared. */
  | { readonly outcome: 'locked'; readonly endsAt: number }
  /** This thread checks too many passwords already. Nothing was compared or counted. */
  | { readonly outcome: 'busy' };

export interface SignInTry {
  readonly email: string;
  readonly password: string;
  /** Network address that the try came from. */
  readonly address: string;
  /** What its browser was given when it signed in before, as it says. */
  readonly device?: string | undefined;
}

interface Credentials {
  readonly id: string;
  readonly password_hash: string;
  readonly disabled_at: Date | null;
}

export class SignIn {
  readonly #ports: AccountPorts;
  readonly #sessions: Sessions;
  readonly #devices: Devices;
  readonly #tries: SignInTries;

  constructor(ports: AccountPorts, sessions: Sessions, devices: Devices) {
    this.#ports = ports;
    this.#sessions = sessions;
    this.#devices = devices;
    this.#tries = new SignInTries(ports.pool, ports.clock);
  }

  async attempt({ email: typed, password, address, device }: SignInTry): Promise<SignedIn> {
    const email = emailKey(typed);
    // No account can have these.
    if (email.length > EMAIL_CHARACTERS_MAX || password.length > 2 * PASSWORD_MAX)
      return { outcome: 'wrong', triesLeft: TRIES_PER_EMAIL_MAX };
    const deviceId = device === undefined ? undefined : this.#devices.idOf(device, email);
    const ofAddress = deviceId === undefined ? triesOfAddress(address) : undefined;
    const ofWho = deviceId === undefined ? triesOfEmail(email) : triesOfDevice(email, deviceId);
    if (ofAddress !== undefined) {
      const byAddress = await this.#tries.charge(ofAddress);
      if (!byAddress.isAllowed) return { outcome: 'locked', endsAt: byAddress.endsAt };
    }
    const { isAllowed, triesLeft, endsAt } = await this.#tries.charge(ofWho);
    if (!isAllowed) return { outcome: 'locked', endsAt };
    const known = await this.#credentials(email);
    let isRight: boolean;
    try {
      isRight = await this.#ports.hasher.matches(password, known?.password_hash);
    } catch (error) {
      if (!(error instanceof HasherBusy)) throw error;
      await Promise.all([ofAddress && this.#tries.refund(ofAddress), this.#tries.refund(ofWho)]);
      return { outcome: 'busy' };
    }
    const isLast = triesLeft === 0;
    const wrong: SignedIn = isLast ? { outcome: 'locked', endsAt } : { outcome: 'wrong', triesLeft };
    if (!isRight || known === undefined) return wrong;
    if (known.disabled_at !== null) return { outcome: 'disabled' };
    const token = await this.#sessions.start(known.id, await this.#refreshed(known, password));
    if (token === undefined) return wrong;
    await Promise.all([ofAddress && this.#tries.refund(ofAddress), this.#tries.forget(ofWho)]);
    return { outcome: 'signed_in', token, device: this.#devices.tokenOf(email) };
  }

  async #credentials(email: string): Promise<Credentials | undefined> {
    const { rows } = await this.#ports.pool.query<Credentials>(
      'SELECT id, password_hash, disabled_at FROM doorbuster_catalogue.users WHERE email = $1',
      [email],
    );
    return rows[0];
  }

  /** Only now the password is known, so only now it can be hashed anew. @returns the hash that is kept */
  async #refreshed({ id, password_hash: kept }: Credentials, password: string): Promise<string> {
    if (!this.#ports.hasher.isOutdated(kept)) return kept;
    try {
      const fresh = await this.#ports.hasher.hash(password);
      const { rowCount } = await this.#ports.pool.query(
        'UPDATE doorbuster_catalogue.users SET password_hash = $3 WHERE id = $1 AND password_hash = $2',
        [id, kept, fresh],
      );
      return rowCount === 1 ? fresh : kept;
    } catch (error) {
      // The next sign-in does it.
      if (error instanceof HasherBusy) return kept;
      throw error;
    }
  }
}
