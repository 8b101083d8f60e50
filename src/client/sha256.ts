// SHA-256 in plain JavaScript, for proofs of work: the browser's own is there only on https and localhost, and asking it
// for each of a million short texts costs more than the hashing. Words are 32-bit, as Int32Array has them.

export const WORDS_PER_BLOCK = 16;
export const WORDS_PER_HASH = 8;
const ROUNDS = 64;

/** The fractional parts of square roots (the state at first) and of cube roots (one for each round) of the first primes. */
const [START, ROUND_WORDS] = rootsOfPrimes();
const schedule = new Int32Array(ROUNDS);

export const startState = (): Int32Array => START.slice();

/** Takes the next block into the state, in place. @param from word at which the block begins */
export function compress(state: Int32Array, words: Int32Array, from = 0): void {
  for (let at = 0; at < WORDS_PER_BLOCK; at++) schedule[at] = words[from + at]!;
  for (let at = WORDS_PER_BLOCK; at < ROUNDS; at++) {
    const early = schedule[at - 15]!;
    const late = schedule[at - 2]!;
    const mixedEarly = ((early >>> 7) | (early << 25)) ^ ((early >>> 18) | (early << 14)) ^ (early >>> 3);
    const mixedLate = ((late >>> 17) | (late << 15)) ^ ((late >>> 19) | (late << 13)) ^ (late >>> 10);
    schedule[at] = (schedule[at - 16]! + mixedEarly + schedule[at - 7]! + mixedLate) | 0;
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let f = state[5]!;
  let g = state[6]!;
  let h = state[7]!;
  for (let at = 0; at < ROUNDS; at++) {
    const mixedE = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const first = (h + mixedE + ((e & f) ^ (~e & g)) + ROUND_WORDS[at]! + schedule[at]!) | 0;
    const mixedA = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const second = (mixedA + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  state[0] = (state[0]! + a) | 0;
  state[1] = (state[1]! + b) | 0;
  state[2] = (state[2]! + c) | 0;
  state[3] = (state[3]! + d) | 0;
  state[4] = (state[4]! + e) | 0;
  state[5] = (state[5]! + f) | 0;
  state[6] = (state[6]! + g) | 0;
  state[7] = (state[7]! + h) | 0;
}

/** A message with its padding, as words. @param bytesBefore of whole blocks that were hashed already */
export function padded(message: Uint8Array, bytesBefore = 0): Int32Array {
  const blocks = Math.ceil((message.length + 9) / 64);
  const bytes = new Uint8Array(blocks * 64);
  bytes.set(message);
  bytes[message.length] = 0x80;
  const view = new DataView(bytes.buffer);
  // Nothing here is as long as half a gigabyte.
  view.setUint32(bytes.length - 4, (message.length + bytesBefore) * 8);
  return wordsOf(bytes);
}

/** @param bytes whole words */
export function wordsOf(bytes: Uint8Array<ArrayBuffer>): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int32Array.from({ length: bytes.length / 4 }, (_, at) => view.getInt32(at * 4));
}

export function bytesOf(words: Int32Array): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((word, at) => view.setInt32(at * 4, word));
  return bytes;
}

export function sha256(message: Uint8Array): Uint8Array {
  const state = startState();
  const words = padded(message);
  for (let from = 0; from < words.length; from += WORDS_PER_BLOCK) compress(state, words, from);
  return bytesOf(state);
}

function rootsOfPrimes(): [Int32Array, Int32Array] {
  const primes: number[] = [];
  for (let number = 2; primes.length < ROUNDS; number++)
    if (primes.every((prime) => number % prime !== 0)) primes.push(number);
  const fraction = (root: number): number => (root % 1) * 2 ** 32;
  const words = (of: readonly number[], root: (prime: number) => number): Int32Array =>
    Int32Array.from(of, (prime) => fraction(root(prime)) | 0);
  return [words(primes.slice(0, WORDS_PER_HASH), Math.sqrt), words(primes, Math.cbrt)];
}
