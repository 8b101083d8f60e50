// Reads the one kind of token that a rush is full of: HS256 under the usual header. Every other token, and every doubtful one, is left
// to the library, which also says what is wrong.

import { isSame, KeyedHash } from './keyed-hash.ts';

const base64Url = (text: string): string => Buffer.from(text).toString('base64url');
const HEADERS = ['{"alg":"HS256","typ":"JWT"}', '{"typ":"JWT","alg":"HS256"}'].map(
  (header) => `${base64Url(header)}.`,
);

export class Hs256 {
  readonly #hash: KeyedHash;
  readonly #claims: Buffer;
  readonly #charactersMax: number;

  /** @param charactersMax of a token; longer ones are not read */
  constructor(secret: string, charactersMax: number) {
    this.#charactersMax = charactersMax;
    this.#claims = Buffer.alloc(charactersMax);
    this.#hash = new KeyedHash(secret, charactersMax);
  }

  /**
   * @returns the claims of a token with a usual header and the right signature, whatever they say; undefined for every
   * other token
   */
  claims(token: string): unknown {
    if (token.length > this.#charactersMax) return undefined;
    const header = HEADERS.find((usual) => token.startsWith(usual));
    const end = token.lastIndexOf('.');
    if (header === undefined || end < header.length) return undefined;
    if (!isSame(token.slice(end + 1), this.#hash.of(token.slice(0, end), 'utf8'))) return undefined;
    const bytes = this.#claims.write(token.slice(header.length, end), 'base64url');
    try {
      return JSON.parse(this.#claims.toString('utf8', 0, bytes));
    } catch {
      return undefined;
    }
  }
}
