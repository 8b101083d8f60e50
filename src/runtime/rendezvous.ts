// Rendezvous hashing: who has the highest score for a shard is its home, so that one who comes takes shards from the
// others and changes nothing between them, and one who goes leaves only its own.
//
// THIS MUST NEVER CHANGE: nodes of different versions compute the same homes from it. The hash is the first 48 bits,
// big-endian, of SHA-256 over a text in UTF-8. The logarithm is our own, of nothing but constants and + - * / on doubles,
// which the language defines to the last bit; Math.log may differ between machines.

import { keyOf } from '../actors/index.ts';

const HASH_BYTES = 6;

/**
 * The logarithmic method: a node of weight 2 wins twice as many shards as one of weight 1.
 * @param weight above 0
 */
export const nodeScore = (shard: number, node: string, weight: number): number =>
  -weight / logarithm(fractionOf(`node\0${shard}\0${node}`));

/** Among the worker threads of a node, which are alike. */
export const workerScore = (shard: number, node: string, worker: number): number =>
  fractionOf(`worker\0${shard}\0${worker}\0${node}`);

/** Between 0 and 1, never either of them: 49 bits, which a double holds exactly. */
function fractionOf(text: string): number {
  const key = keyOf(text);
  let bits = 0;
  for (let at = 0; at < HASH_BYTES; at++) bits = bits * 256 + key.charCodeAt(at);
  return (bits + 0.5) / 2 ** (8 * HASH_BYTES);
}

/** Behind these, a term is below the last bit of the sum. */
const TERMS = 12;

/** The natural logarithm of a fraction between 0 and 1: ln(m · 2^-n) = 2 · artanh((m - 1) / (m + 1)) - n · ln 2. */
export function logarithm(fraction: number): number {
  let mantissa = fraction;
  let halvings = 0;
  for (; mantissa < Math.SQRT1_2; halvings++) mantissa *= 2;
  const ratio = (mantissa - 1) / (mantissa + 1);
  const square = ratio * ratio;
  let sum = 0;
  for (let term = TERMS - 1; term >= 0; term--) sum = sum * square + 1 / (2 * term + 1);
  return 2 * ratio * sum - halvings * Math.LN2;
}
