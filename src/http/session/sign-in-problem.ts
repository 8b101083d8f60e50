// A sign-in that cannot go on, as a page says it.

import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { SignInTrouble } from '../pages/index.ts';

const STATUSES: Readonly<Record<SignInTrouble, ContentfulStatusCode>> = {
  no_way_in: 404,
  signed_out: 401,
  foreign_form: 403,
  foreign_sign_out: 403,
  not_handed_over: 400,
  token_refused: 401,
  not_begun: 400,
  not_finished: 403,
  not_as_asked: 400,
  provider_away: 503,
  no_provider: 404,
  refused: 400,
  failed: 503,
};

/** It does not help to begin again. */
const FINAL: readonly SignInTrouble[] = ['no_way_in', 'foreign_sign_out', 'no_provider'];

export class SignInProblem extends Error {
  override readonly name = 'SignInProblem';
  readonly trouble: SignInTrouble;
  readonly status: ContentfulStatusCode;
  readonly canBeginAgain: boolean;

  /** @param detail what the shop has to mend */
  constructor(trouble: SignInTrouble, detail: string = '', status: ContentfulStatusCode = STATUSES[trouble]) {
    super(detail);
    this.trouble = trouble;
    this.status = status;
    this.canBeginAgain = !FINAL.includes(trouble);
  }
}
