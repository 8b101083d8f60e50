// Whether the server refused something because of who asked. The client wraps such an error in others.

import { PermissionViolationError } from '@nats-io/transport-node';

export const isDenied = (error: unknown): boolean => violationIn(error) !== undefined;

/** What to say of a user whose answers go where it may not listen; undefined when it was denied something else, or nothing. */
export function inboxDenied(error: unknown): string | undefined {
  const violation = violationIn(error);
  if (violation?.operation !== 'subscription' || !violation.subject.startsWith('_INBOX')) return undefined;
  const [inbox] = violation.subject.split('.');
  return (
    `The NATS user may not hear answers on ${inbox}.>. Set NATS_INBOX_PREFIX to the inboxes that it may subscribe to: of the ` +
    'shipped users _INBOX_ and the user’s name, for nodes _INBOX_node.'
  );
}

function violationIn(error: unknown): PermissionViolationError | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof PermissionViolationError) return cause;
  }
  return undefined;
}
