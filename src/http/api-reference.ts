// What the API says of itself: /openapi.json and the page /docs. Loaded at the first request for one of them, since most threads
// are never asked.

import { openApiDocument } from './openapi/index.ts';
import { docsPage } from './pages/docs.ts';
import { escaped } from './pages/index.ts';
import { PROBLEMS } from './problem.ts';

/** Stands where the page's commands name the address that it is read at. */
const ORIGIN = 'https://read-at.invalid';

const problemList = Object.entries(PROBLEMS).map(([code, kind]) => ({ code, ...kind }));

// The page costs milliseconds of the thread that also sells: it is made once, whatever addresses people say that they read it at.
let pieces: Promise<readonly string[]> | undefined;

let document: Uint8Array<ArrayBuffer> | undefined;

/** The same bytes for all: whoever reads slowly holds no copy of them. */
export const openApiBytes = (): Uint8Array<ArrayBuffer> =>
  (document ??= new TextEncoder().encode(JSON.stringify(openApiDocument())));

/** The page as it is read at this origin. */
export async function docsAt(origin: string): Promise<string> {
  pieces ??= made();
  return (await pieces).join(escaped(origin));
}

async function made(): Promise<readonly string[]> {
  const document = { ...openApiDocument(), servers: [{ url: ORIGIN }] };
  return String(await docsPage(document, problemList)).split(ORIGIN);
}
