// The order of keys on a list: that of their bytes, which is that of their four words, each with its first byte the highest.

import type { Key } from '../../actors/index.ts';

/** @param number of the word, from 0 */
export function orderWordOf(key: Key, number: number): number {
  const at = number * 4;
  return (
    ((key.charCodeAt(at) << 24) |
      (key.charCodeAt(at + 1) << 16) |
      (key.charCodeAt(at + 2) << 8) |
      key.charCodeAt(at + 3)) >>>
    0
  );
}
