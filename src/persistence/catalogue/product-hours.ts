// Where a product's hours go when those of its campaign move. Pure.

type Hours = Readonly<Record<'startsAt' | 'endsAt', number | undefined>>;

/** The product itself when nothing of it moves. */
export function movedAlong<T extends Hours>(from: Hours, to: Hours, product: T): T {
  const shift = shiftOf(from, to);
  const moved = (field: keyof Hours): number | undefined => {
    const at = product[field];
    if (at === undefined) return at;
    if (shift !== undefined) return at + shift;
    // One end alone moved: whatever stood at an end of the campaign stays at it.
    return at === from[field] ? (to[field] ?? at) : at;
  };
  const [startsAt, endsAt] = [moved('startsAt'), moved('endsAt')];
  if (startsAt === product.startsAt && endsAt === product.endsAt) return product;
  if (startsAt !== undefined && endsAt !== undefined && endsAt <= startsAt) return product;
  return { ...product, startsAt, endsAt };
}

/** By how much both ends moved; undefined: not equally. */
function shiftOf(from: Hours, to: Hours): number | undefined {
  if (from.startsAt === undefined || from.endsAt === undefined) return undefined;
  if (to.startsAt === undefined || to.endsAt === undefined) return undefined;
  const shift = to.startsAt - from.startsAt;
  return to.endsAt - from.endsAt === shift ? shift : undefined;
}
