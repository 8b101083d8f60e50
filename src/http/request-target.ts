// Addresses that are broken on purpose. Whoever decodes one catches an exception for each broken part of it, and the router and every
// reader of a query decode: a long one of nothing else held the thread that sells for thirty milliseconds.

/** Longer ones must be well-formed. Shorter ones are read as far as they go: links are cut off, and campaigns of mails write Latin-1. */
export const BROKEN_TARGET_CHARACTERS_MAX = 1_000;

export function isBrokenTarget(target: string): boolean {
  if (target.length <= BROKEN_TARGET_CHARACTERS_MAX || !target.includes('%')) return false;
  try {
    decodeURIComponent(target);
    return false;
  } catch {
    return true;
  }
}
