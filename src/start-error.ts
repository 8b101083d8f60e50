import { ExpectedError } from './runtime/expected-error.ts';

/** The node cannot start, and why, in words for its operator. */
export class StartError extends ExpectedError {
  override readonly name = 'StartError';
}

/** A refused connection is an AggregateError whose own message is empty. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
