// Where to go after a sign-in: what the link said, when it is a page of this server, and else the first one. Whoever made the link
// cannot lead anybody elsewhere.

const CHARACTERS_MAX = 2_000;
/** Any; only what follows it is of interest. */
const BASE = 'http://node.invalid';

export interface NextPages {
  /** Where to go without a wish, or with a wrong one. */
  readonly first: string;
  /** Of paths. */
  readonly allowed: RegExp;
  /** Those that lead back here. */
  readonly refused: RegExp;
}

export const CMS_PAGES: NextPages = {
  first: '/cms',
  allowed: /^\/cms(\/|$)/,
  refused: /^\/cms\/sign-(in|out)(\/|$)/,
};

export const SHOP_PAGES: NextPages = {
  first: '/',
  allowed: /^\//,
  refused: /^\/(sign-in|session|cms|v1)(\/|$)/,
};

/** @returns a path of this server, which is the same for every reader of addresses: it begins with one slash */
export function nextPage(wanted: string | undefined, { first, allowed, refused }: NextPages): string {
  if (wanted === undefined || !wanted.startsWith('/') || wanted.length > CHARACTERS_MAX) return first;
  const url = URL.parse(wanted, BASE);
  if (url === null || url.origin !== BASE || url.username !== '' || url.password !== '') return first;
  // `/.//elsewhere.example` is a path here, and what comes of it is another host.
  if (url.pathname.startsWith('//')) return first;
  if (!allowed.test(url.pathname) || refused.test(url.pathname)) return first;
  const path = url.pathname + url.search;
  // Letters of other scripts grow when they are written as addresses have them.
  return path.length > CHARACTERS_MAX ? first : path;
}
