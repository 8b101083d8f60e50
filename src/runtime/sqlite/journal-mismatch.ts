import { ExpectedError } from '../expected-error.ts';

/** The journal's folder holds something that this program must not touch. */
export class JournalMismatch extends ExpectedError {
  override readonly name = 'JournalMismatch';
}
