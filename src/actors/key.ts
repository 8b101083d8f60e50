// Keys of 128 bits, and the names that are made of them: order ids and product tags.
//
// A key is a string of 16 one-byte characters. V8 keeps such a string in 16 bytes, a structured clone between
// threads copies it as 16 bytes, and a table reads it with charCodeAt without allocating. Keys are SHA-256 cut to
// 128 bits: a shopper chooses customer names and idempotency keys, so a hash whose collisions can be computed would
// let one shopper use up another's limit. One key costs about 0.2 µs, on the gateway's thread, never the owner's.

import { hash } from 'node:crypto';

/** 128 bits as 16 characters, each below U+0100. */
export type Key = string;

export const KEY_BYTES = 16;
/** Tables and snapshots hold a key as little-endian words of 32 bits. */
export const KEY_WORDS = 4;

/** @param number of the word, from 0 */
export function wordOf(key: Key, number: number): number {
  const at = number * 4;
  return (
    (key.charCodeAt(at) |
      (key.charCodeAt(at + 1) << 8) |
      (key.charCodeAt(at + 2) << 16) |
      (key.charCodeAt(at + 3) << 24)) >>>
    0
  );
}

/** @param at of its first word */
export function writeKey(words: Uint32Array, at: number, key: Key): void {
  for (let number = 0; number < KEY_WORDS; number++) words[at + number] = wordOf(key, number);
}

export function keyOf(text: string): Key {
  return hash('sha256', text, 'binary').slice(0, KEY_BYTES);
}

/** What the per-customer limit counts by. */
export const customerKeyOf = (customerId: string): Key => keyOf(customerId);

/** One customer, product and idempotency key. The parts hold no NUL (checked at the edge), so they cannot be shifted. */
export const requestKeyOf = (productId: string, customerId: string, idempotencyKey: string): Key =>
  keyOf(`${productId}\0${customerId}\0${idempotencyKey}`);

/** The first 32 bits of the product's key: chooses the shard, and opens every order id of the product. */
export function productTagOf(productId: string): number {
  return tagOf(keyOf(productId));
}

/** The tag of the product that an order id belongs to. */
export function tagOf(key: Key): number {
  return (
    ((key.charCodeAt(0) << 24) | (key.charCodeAt(1) << 16) | (key.charCodeAt(2) << 8) | key.charCodeAt(3)) >>>
    0
  );
}

/** Fixed when the journal is made: another number of shards, or another hash, would send orders to strangers. */
export const shardOfTag = (tag: number, shards: number): number => tag % shards;

const uint32Characters = (value: number): string =>
  String.fromCharCode(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);

/**
 * An order id: the product's tag, the second of its making (so that rows made together lie together in an index),
 * and 64 random bits. It leads to the owner without a lookup and does not tell how many were sold.
 * @param random 8 one-byte characters
 */
export function orderKeyOf(tag: number, epochSeconds: number, random: string): Key {
  return uint32Characters(tag) + uint32Characters(epochSeconds >>> 0) + random;
}

// Crockford's base 32: no i, l, o, u, so that an id survives being read aloud. 128 bits are 26 digits, the first below 8.
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
const DIGIT_VALUES = new Int8Array(128).fill(-1);
for (let value = 0; value < DIGITS.length; value++) DIGIT_VALUES[DIGITS.charCodeAt(value)] = value;

/** Two digits for each ten bits: half the steps. */
const DIGIT_PAIRS = Array.from({ length: 1_024 }, (_, bits) => DIGITS[bits >>> 5]! + DIGITS[bits & 31]!);

export const ORDER_ID_LENGTH = 26;

/** The order id as shoppers, Postgres and logs see it: 26 lower-case base-32 digits. */
export function orderIdText(key: Key): string {
  let text = '';
  let bits = 2; // two leading zero bits make 130, a multiple of ten
  let pending = 0;
  for (let at = 0; at < KEY_BYTES; at++) {
    pending = (pending << 8) | key.charCodeAt(at);
    bits += 8;
    if (bits < 10) continue;
    bits -= 10;
    text += DIGIT_PAIRS[pending >>> bits];
    pending &= (1 << bits) - 1;
  }
  return text;
}

/** The key of an order id's text, or undefined when it is not one. */
export function orderIdKey(text: string): Key | undefined {
  if (text.length !== ORDER_ID_LENGTH) return undefined;
  const bytes: number[] = [];
  let pending = 0;
  let bits = -2;
  for (let at = 0; at < ORDER_ID_LENGTH; at++) {
    const value = DIGIT_VALUES[text.charCodeAt(at)] ?? -1;
    if (value < 0 || (at === 0 && value > 7)) return undefined;
    pending = (pending << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((pending >>> bits) & 255);
      pending &= (1 << bits) - 1;
    }
  }
  return String.fromCharCode(...bytes);
}
