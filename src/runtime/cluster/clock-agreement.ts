// Whether a member's clock agrees with the others': sales open by the clock of whoever owns their shard. Each member measures
// its clock against the store's. Where at least two of them can be asked, the median decides, so that a store whose clock is
// wrong condemns nobody; otherwise the store's does.

/** A clock further from the others' than this opens no sale. */
export const CLOCK_OFFSET_MS_MAX = 500;

const VOTERS_MIN = 3;

/**
 * @param own clock less the store's, milliseconds
 * @param others the same, of the other members
 * @returns how far the own clock is from what the cluster takes for right
 */
export function strayOf(own: number, others: readonly number[]): number {
  // The store itself has a vote.
  const voters = [0, own, ...others].toSorted((one, other) => one - other);
  if (voters.length < VOTERS_MIN) return own;
  const middle = voters.length >> 1;
  const median = voters.length % 2 === 1 ? voters[middle]! : (voters[middle - 1]! + voters[middle]!) / 2;
  return own - median;
}
