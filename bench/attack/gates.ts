// The gates of a sale, and which of them stand during an attack. To see that a scenario can fail, one is left open:
// `--without tickets`.

export const GATES = ['limits', 'tickets', 'work', 'holds'] as const;
export type GateName = (typeof GATES)[number];

/** As an admin puts it with a product. */
export interface ProductGate {
  readonly ticket: boolean;
  readonly work: boolean;
  readonly openHoldsMax: number;
  readonly coolDownSeconds: number;
  readonly attemptsMax: number;
  readonly shortestHoldSeconds: number;
}

export class Gates {
  readonly #without: ReadonlySet<GateName>;

  constructor(without: Iterable<GateName> = []) {
    this.#without = new Set(without);
  }

  has(name: GateName): boolean {
    return !this.#without.has(name);
  }

  inWords(): string {
    const open = GATES.filter((name) => !this.has(name));
    return open.length === 0 ? 'all on' : `all on but ${open.join(', ')}`;
  }

  /** @param wanted of the gates that stand, for a sale with another need */
  ofProduct(wanted: Partial<ProductGate> = {}): Partial<ProductGate> {
    const holds = {
      openHoldsMax: 2,
      coolDownSeconds: 30,
      attemptsMax: 20,
      shortestHoldSeconds: 60,
    };
    const gate = { ticket: true, work: true, ...holds, ...wanted };
    return {
      ...(this.has('tickets') && { ticket: gate.ticket, work: gate.work && this.has('work') }),
      ...(this.has('holds') && {
        openHoldsMax: gate.openHoldsMax,
        coolDownSeconds: gate.coolDownSeconds,
        attemptsMax: gate.attemptsMax,
        shortestHoldSeconds: gate.shortestHoldSeconds,
      }),
    };
  }
}

export function isGateName(text: string): text is GateName {
  return (GATES as readonly string[]).includes(text);
}
