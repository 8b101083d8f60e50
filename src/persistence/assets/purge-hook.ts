// Tells the CDN to forget files that are gone: one POST with their addresses. Called again until it answers well, a bounded number
// of times.

import { AssetStoreFailed } from './asset-store.ts';
import { answerOf, causeOf } from './http-trouble.ts';

export interface PurgeHookOptions {
  readonly url: string;
  /** Sent as a bearer token. */
  readonly token: string | undefined;
  /** Where the CDN shows files. */
  readonly cdnUrl: string;
  readonly timeoutMs?: number;
}

const PURGE_TIMEOUT_MS = 10_000;

export class PurgeHook {
  readonly #options: PurgeHookOptions;

  constructor(options: PurgeHookOptions) {
    this.#options = options;
  }

  /** @throws AssetStoreFailed in words */
  async purge(names: readonly string[], signal: AbortSignal): Promise<void> {
    const { url, token, cdnUrl, timeoutMs = PURGE_TIMEOUT_MS } = this.#options;
    const place = `The purge hook at ${new URL(url).host}`;
    let response: Response;
    try {
      response = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          'Content-Type': 'application/json',
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ urls: names.map((name) => cdnUrl + name) }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
    } catch (error) {
      throw new AssetStoreFailed(`${place} ${causeOf(error, timeoutMs)}`, { cause: error });
    }
    const { text } = await answerOf(response);
    if (response.ok) return;
    const why = response.status === 401 || response.status === 403 ? ': is CDN_PURGE_TOKEN right?' : '';
    throw new AssetStoreFailed(`${place} answered ${response.status}${why} ${text}`.trim());
  }
}
