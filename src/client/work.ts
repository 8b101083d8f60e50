// Proof of work, as altcha's protocol (version 2) has it: find the number whose key begins as the shop has said. It needs
// neither https nor any library, so that a page, another program and Node do the same; in a page it runs on a thread of
// its own (work-thread.ts). Where a browser stretches keys by itself, it does so three times as fast. What this does not
// know it refuses, and the shopper waits instead.

import { bytesOf, compress, padded, startState, WORDS_PER_BLOCK, WORDS_PER_HASH, wordsOf } from './sha256.ts';
import { isRecord } from './shape.ts';

/** What the shop asks for; it comes back as it is, with the solution. */
export interface Challenge {
  readonly parameters: {
    readonly algorithm: string;
    /** Hexadecimal, as salt and keyPrefix. */
    readonly nonce: string;
    readonly salt: string;
    /** Hashes for each number that is tried. */
    readonly cost: number;
    /** Bytes. */
    readonly keyLength: number;
    readonly keyPrefix: string;
  };
  readonly signature?: string;
}

export interface Solution {
  readonly counter: number;
  /** Hexadecimal. */
  readonly derivedKey: string;
  /** Milliseconds that it took. */
  readonly time: number;
}

/** A shop asks for far less; more than this would be a mistake, or no shop. */
const COUNTER_MAX = 0xffff_ffff;
const COST_MAX = 1_000_000;
/** The clock is looked at after so many hashes. */
const HASHES_PER_LOOK = 2_000;

export function isChallenge(value: unknown): value is Challenge {
  if (!isRecord(value) || !isRecord(value['parameters'])) return false;
  const { algorithm, nonce, salt, cost, keyLength, keyPrefix } = value['parameters'];
  return (
    typeof algorithm === 'string' &&
    [nonce, salt, keyPrefix].every(
      (text) => typeof text === 'string' && /^([0-9a-f]{2}){1,64}$/.test(text),
    ) &&
    isWhole(cost, COST_MAX) &&
    isWhole(keyLength, WORDS_PER_HASH * 4) &&
    (keyPrefix as string).length <= 2 * (keyLength as number)
  );
}

export const canSolve = ({ parameters: { algorithm } }: Challenge): boolean => Object.hasOwn(KEYS, algorithm);

export interface Pace {
  /** `rest` is waited for about as often, so that whoever shares the thread gets a turn. */
  readonly sliceMs: number;
  readonly rest: () => Promise<void>;
  /** Then it is given up. */
  readonly msMax: number;
}

/**
 * @param subtle the browser's own; there on https and localhost alone
 * @returns undefined when it could not be solved in time, or nobody here knows how
 */
export async function solve(
  challenge: Challenge,
  { sliceMs, rest, msMax }: Pace,
  subtle: SubtleCrypto | null = globalThis.crypto?.subtle ?? null,
): Promise<Solution | undefined> {
  const { algorithm, nonce, salt, cost, keyLength, keyPrefix } = challenge.parameters;
  if (!isChallenge(challenge) || !canSolve(challenge)) return undefined;
  const keyOf = KEYS[algorithm]!(fromHex(salt), fromHex(nonce), cost, subtle);
  const prefix = fromHex(keyPrefix);
  const isSolved = startsWith(prefix);
  const triesPerLook = Math.max(1, Math.floor(HASHES_PER_LOOK / cost));
  const begunAt = performance.now();
  let sliceAt = begunAt;
  for (let counter = 0; counter <= COUNTER_MAX; counter++) {
    const made = keyOf(counter);
    // oxlint-disable-next-line no-await-in-loop -- one number after the other
    const key = made instanceof Promise ? await made : made;
    if (isSolved(key)) {
      const derivedKey = toHex(bytesOf(key).subarray(0, keyLength));
      return { counter, derivedKey, time: Math.round(performance.now() - begunAt) };
    }
    if (counter % triesPerLook !== 0) continue;
    const now = performance.now();
    if (now - begunAt > msMax) return undefined;
    if (now - sliceAt < sliceMs) continue;
    // oxlint-disable-next-line no-await-in-loop -- one number after the other
    await rest();
    sliceAt = performance.now();
  }
  return undefined;
}

/** Makes the key of a number; the words are good until the next call. */
type KeyOf = (counter: number) => Int32Array | Promise<Int32Array>;

const KEYS: Readonly<
  Record<string, (salt: Uint8Array, nonce: Uint8Array, cost: number, subtle: SubtleCrypto | null) => KeyOf>
> = {
  'SHA-256': hashed,
  'PBKDF2/SHA-256': (salt, nonce, cost, subtle) =>
    subtle === null ? stretched(salt, nonce, cost) : stretchedBy(subtle, salt, nonce, cost),
};

/** The hash of salt, nonce and counter, hashed again and again. */
function hashed(salt: Uint8Array, nonce: Uint8Array, cost: number): KeyOf {
  const message = new Message([salt, nonce]);
  const again = padded(new Uint8Array(WORDS_PER_HASH * 4));
  const state = startState();
  const start = startState();
  return (counter) => {
    state.set(start);
    message.hashInto(state, counter);
    for (let round = 1; round < cost; round++) {
      again.set(state);
      state.set(start);
      compress(state, again);
    }
    return state;
  };
}

/** The first block of PBKDF2, which a key is no longer than. Nonce and counter are the password. */
function stretched(salt: Uint8Array, nonce: Uint8Array, cost: number): KeyOf {
  const block = new Uint8Array(salt.length + 4);
  block.set(salt);
  block[block.length - 1] = 1;
  const first = padded(block, 64);
  const next = padded(new Uint8Array(WORDS_PER_HASH * 4), 64);
  const inner = new Int32Array(WORDS_PER_HASH);
  const outer = new Int32Array(WORDS_PER_HASH);
  const state = new Int32Array(WORDS_PER_HASH);
  const key = new Int32Array(WORDS_PER_HASH);
  const sign = (words: Int32Array): void => {
    state.set(inner);
    for (let from = 0; from < words.length; from += WORDS_PER_BLOCK) compress(state, words, from);
    next.set(state);
    state.set(outer);
    compress(state, next);
  };
  return (counter) => {
    const password = passwordOf(nonce, counter);
    keyInto(inner, password, 0x36);
    keyInto(outer, password, 0x5c);
    sign(first);
    key.set(state);
    for (let round = 1; round < cost; round++) {
      next.set(state);
      sign(next);
      for (let at = 0; at < WORDS_PER_HASH; at++) key[at]! ^= state[at]!;
    }
    return key;
  };
}

/** The same by the browser's own. */
function stretchedBy(subtle: SubtleCrypto, salt: Uint8Array, nonce: Uint8Array, cost: number): KeyOf {
  const terms = { name: 'PBKDF2', hash: 'SHA-256', salt: salt.slice(), iterations: cost };
  return async (counter) => {
    const password = passwordOf(nonce, counter);
    const key = await subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits']);
    return wordsOf(new Uint8Array(await subtle.deriveBits(terms, key, WORDS_PER_HASH * 32)));
  };
}

function passwordOf(nonce: Uint8Array, counter: number): Uint8Array<ArrayBuffer> {
  const password = new Uint8Array(nonce.length + 4);
  password.set(nonce);
  new DataView(password.buffer).setUint32(nonce.length, counter);
  return password;
}

/** One of the two halves of an HMAC's key. A password of nonce and counter always fits into one block. */
function keyInto(state: Int32Array, password: Uint8Array, pad: number): void {
  const block = new Uint8Array(64).fill(pad);
  password.forEach((byte, at) => (block[at]! ^= byte));
  state.set(startState());
  compress(state, padded(block).subarray(0, WORDS_PER_BLOCK));
}

/** Bytes that stay, and a number behind them: hashed a million times, with nothing made anew. */
class Message {
  readonly #words: Int32Array;
  readonly #view: DataView;
  readonly #counterAt: number;

  constructor(parts: readonly Uint8Array[]) {
    this.#counterAt = parts.reduce((sum, { length }) => sum + length, 0);
    const bytes = new Uint8Array(this.#counterAt + 4);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    this.#words = padded(bytes);
    this.#view = new DataView(bytesOf(this.#words).buffer);
  }

  hashInto(state: Int32Array, counter: number): void {
    this.#view.setUint32(this.#counterAt, counter);
    // The counter need not begin with a word.
    for (let at = this.#counterAt >> 2; at <= (this.#counterAt + 3) >> 2; at++)
      this.#words[at] = this.#view.getInt32(at * 4);
    for (let from = 0; from < this.#words.length; from += WORDS_PER_BLOCK) compress(state, this.#words, from);
  }
}

function startsWith(prefix: Uint8Array): (key: Int32Array) => boolean {
  const byteAt = (key: Int32Array, at: number): number => (key[at >> 2]! >>> (24 - 8 * (at & 3))) & 0xff;
  return (key) => {
    for (let at = 0; at < prefix.length; at++) if (byteAt(key, at) !== prefix[at]) return false;
    return true;
  };
}

const isWhole = (value: unknown, max: number): boolean =>
  Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= max;

const fromHex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const toHex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
