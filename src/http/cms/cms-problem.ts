// What a handler of the CMS throws when it cannot go on: becomes a page that says what was wrong and what would be right.

import type { ContentfulStatusCode } from 'hono/utils/http-status';

export class CmsProblem extends Error {
  override readonly name = 'CmsProblem';
  readonly status: ContentfulStatusCode;
  readonly title: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: ContentfulStatusCode, title: string, detail: string, retryAfterSeconds?: number) {
    super(detail);
    this.status = status;
    this.title = title;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
