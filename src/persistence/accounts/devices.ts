// Browsers that signed in before. Each holds a token that says so, of one e-mail, and has failed tries of its own: a stranger who
// uses up those of the e-mail or of the address locks out strangers.

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock, Random } from '../../runtime/index.ts';

export const DEVICE_MS_MAX = 90 * 24 * 60 * 60 * 1_000;
const ID_BYTES = 16;
/** Its number, when it ends, and the sum of both with the e-mail. */
const TOKEN = /^([A-Za-z0-9_-]{22})\.(\d{1,16})\.([A-Za-z0-9_-]{43})$/;

export interface DevicePorts {
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  /** The same on all nodes; nobody else knows it. */
  readonly secret: string;
}

export class Devices {
  readonly #ports: DevicePorts;

  constructor(ports: DevicePorts) {
    this.#ports = ports;
  }

  /** @param email as `emailKey` makes it, of who has just signed in */
  tokenOf(email: string): string {
    const { clock, random } = this.#ports;
    const id = Buffer.from(random.characters(ID_BYTES), 'latin1').toString('base64url');
    const endsAt = String(clock.now() + DEVICE_MS_MAX);
    return `${id}.${endsAt}.${this.#sum(email, id, endsAt).toString('base64url')}`;
  }

  /** @returns undefined: this browser has not signed in with this e-mail, or long ago */
  idOf(token: string, email: string): string | undefined {
    const [, id, endsAt, sum] = TOKEN.exec(token) ?? [];
    if (id === undefined || endsAt === undefined || sum === undefined) return undefined;
    const isOurs = timingSafeEqual(Buffer.from(sum, 'base64url'), this.#sum(email, id, endsAt));
    return isOurs && Number(endsAt) > this.#ports.clock.now() ? id : undefined;
  }

  #sum(email: string, id: string, endsAt: string): Buffer {
    return createHmac('sha256', this.#ports.secret).update(`device\0${id}\0${endsAt}\0${email}`).digest();
  }
}
