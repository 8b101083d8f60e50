// Whether the server refused something because of who asked. The client wraps such an error in others.

import { PermissionViolationError } from '@nats-io/transport-node';

export function isDenied(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof PermissionViolationError) return true;
  }
  return false;
}
