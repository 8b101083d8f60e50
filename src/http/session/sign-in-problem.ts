// A sign-in that cannot go on, as a page says it.

import type { ContentfulStatusCode } from 'hono/utils/http-status';

export class SignInProblem extends Error {
  override readonly name = 'SignInProblem';
  readonly status: ContentfulStatusCode;
  readonly title: string;
  /** Whether it helps to begin again. */
  readonly again: boolean;

  constructor(
    status: ContentfulStatusCode,
    title: string,
    text: string,
    { again = true }: { again?: boolean } = {},
  ) {
    super(text);
    this.status = status;
    this.title = title;
    this.again = again;
  }
}
