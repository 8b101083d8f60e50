/** The node cannot start, and why, in words for its operator. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
