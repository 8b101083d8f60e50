// Reads a cookie of ours as it stands in the header. Their values are never encoded, so nothing is decoded: what is broken on purpose
// would cost the thread an exception for each three characters.

/** Two of one name say that somebody put one there: then none counts. */
export function cookieNamed(cookies: string | undefined, named: string): string | undefined {
  if (cookies === undefined) return undefined;
  const name = `${named}=`;
  let found: string | undefined;
  for (let at = cookies.indexOf(name); at >= 0; at = cookies.indexOf(name, at + name.length)) {
    if (!beginsAt(cookies, at)) continue;
    if (found !== undefined) return undefined;
    const end = cookies.indexOf(';', at);
    found = cookies.slice(at + name.length, end < 0 ? undefined : end).trim();
  }
  return found;
}

/** A value may have spaces in it, and then the name behind one is whatever another host of the domain has written there. */
function beginsAt(cookies: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && cookies[before] === ' ') before--;
  return before < 0 || cookies[before] === ';';
}
