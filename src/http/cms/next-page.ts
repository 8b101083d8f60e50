// Where to go after the sign-in: what the link said, when it is a page of the CMS, and else the first one. Whoever made the link
// cannot lead anybody elsewhere.

const FIRST = '/cms';
const CHARACTERS_MAX = 2_000;
/** Any; only what follows it is of interest. */
const BASE = 'http://node.invalid';

export function nextPage(wanted: string | undefined): string {
  if (wanted === undefined || wanted.length > CHARACTERS_MAX) return FIRST;
  const url = URL.parse(wanted, BASE);
  if (url === null || url.origin !== BASE || !/^\/cms(\/|$)/.test(url.pathname)) return FIRST;
  // These lead back here.
  if (/^\/cms\/sign-(in|out)(\/|$)/.test(url.pathname)) return FIRST;
  return url.pathname + url.search;
}
