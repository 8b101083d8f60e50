// Assertions that stay on in production: a broken invariant must stop its shard before it reaches a shopper.

export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

export function invariant(holds: boolean, broken: string): asserts holds {
  if (!holds) throw new InvariantViolation(broken);
}
