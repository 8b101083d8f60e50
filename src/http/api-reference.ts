// What the API says of itself: /openapi.json and the page /docs. Loaded at the first request for one of them, since most threads
// are never asked.

import { LRUCache } from 'lru-cache';
import { openApiDocument } from './openapi/index.ts';
import { docsPage } from './pages/docs.ts';
import { PROBLEMS } from './problem.ts';

export { openApiDocument };

const DOCS_REMEMBERED = 8;

const problemList = Object.entries(PROBLEMS).map(([code, kind]) => ({ code, ...kind }));

// The page costs milliseconds of the thread that also sells: it is made once for each address that it is read at, since
// its commands name that address.
const docs = new LRUCache<string, Promise<string>>({ max: DOCS_REMEMBERED });

/** The page as it is read at this origin. */
export function docsAt(origin: string): Promise<string> {
  const known = docs.get(origin);
  if (known !== undefined) return known;
  const document = { ...openApiDocument(), servers: [{ url: origin }] };
  const made = Promise.resolve(docsPage(document, problemList)).then(String);
  docs.set(origin, made);
  return made;
}
