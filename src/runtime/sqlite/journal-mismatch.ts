/** The journal's folder holds something that this program must not touch. */
export class JournalMismatch extends Error {
  override readonly name = 'JournalMismatch';
}
