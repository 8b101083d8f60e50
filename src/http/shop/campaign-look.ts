// The path of a campaign's page in the minute before its sale, when a crowd asks for nothing else: a page that is ready goes to its
// reader past the framework, on Node's own objects. It asks the same door and is filled by the same pages as in the app's route, which
// answers everything else: whoever may not enter, whoever brings an invitation in the address, a page that has to be waited for.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '../caller.ts';
import type { HttpContext } from '../context.ts';
import { RATE_LIMIT, RATE_LIMIT_POLICY, type Verdict } from '../gate/limits/index.ts';
import { giveBack } from '../pages/index.ts';
import type { CampaignPages, Page } from './campaign-pages.ts';
import { newReader, newWishKey } from './page-visit.ts';

const PATH = '/c/';
const SLUG = /^[a-z0-9-]+$/;

interface ReadyPage {
  readonly bytes: Page;
  readonly verdict: Verdict | undefined;
}

export class CampaignLook {
  readonly #context: HttpContext;
  readonly #pages: CampaignPages;
  readonly #headers: readonly string[];

  /** @param headers of the page */
  constructor(context: HttpContext, pages: CampaignPages, headers: Readonly<Record<string, string>>) {
    this.#context = context;
    this.#pages = pages;
    this.#headers = Object.entries(headers).flat();
  }

  /** @returns false: nothing was done, and it is the app's */
  serve(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
    const { method, url = '', headers } = incoming;
    if (method !== 'GET' || !url.startsWith(PATH) || headers.host === undefined) return false;
    const slug = url.slice(PATH.length);
    if (!SLUG.test(slug)) return false;
    const page = this.#ready(incoming, slug);
    if (page === undefined) return false;
    const { socket } = outgoing;
    const { bytes, verdict } = page;
    const told = [...this.#headers, 'Content-Length', String(bytes.byteLength)];
    if (verdict !== undefined) told.push(RATE_LIMIT, verdict.rateLimit, RATE_LIMIT_POLICY, verdict.policy);
    outgoing.writeHead(200, told).end(bytes);
    // Nothing of it is left to be sent: the system has a copy. Of a slow reader, and of one who has asked for more before, it is not so.
    if (socket !== null && socket.writableLength === 0 && outgoing.writableLength === 0) giveBack(bytes);
    return true;
  }

  #ready(incoming: IncomingMessage, slug: string): ReadyPage | undefined {
    const { auth, doors, addresses, rateLimits } = this.#context;
    const caller: Caller = incoming.headers;
    try {
      const visitor = auth.visitorOf(caller, false);
      if (visitor instanceof Promise) return undefined;
      const door = doors.bySlug(slug, visitor);
      if (door === undefined) return undefined;
      const language = incoming.headers['accept-language'];
      const bytes = this.#pages.ready(door, newReader(visitor, language, newWishKey(this.#context)));
      if (bytes === undefined) return undefined;
      const verdict = rateLimits?.judge('page', visitor?.customerKey, addresses.of(incoming));
      if (verdict?.isAllowed ?? true) return { bytes, verdict };
      // The app judges as well, and says so.
      giveBack(bytes);
      return undefined;
    } catch {
      // The app's route comes to the same, and says it.
      return undefined;
    }
  }
}
