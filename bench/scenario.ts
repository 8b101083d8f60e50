// What a scenario is given and what it gives back.

export type JournalKind = 'sqlite' | 'jetstream';

export interface ScenarioOptions {
  /** How long to measure, about. */
  readonly seconds: number;
  /** Sizes of the scenario; each has its own when nothing is given. */
  readonly connections?: readonly number[] | undefined;
  /** Event streams that are open beside the load. */
  readonly streams?: number | undefined;
  readonly products?: readonly number[] | undefined;
  /** Of the owner, with a product each. */
  readonly shards?: number | undefined;
  readonly orders?: number | undefined;
  /** That count, where every variant has as many. */
  readonly turns?: number | undefined;
  readonly journal: JournalKind;
  readonly moves?: number | undefined;
  /** Purchases that begin in a second, where the load is steady. */
  readonly rate?: number | undefined;
  /** Where a picture of the figures goes. */
  readonly chart?: string | undefined;
  /** Tells the CPU time of each thread, too. */
  readonly threads: boolean;
  /** Every gate on against all off, in place of an echo. */
  readonly gates?: boolean | undefined;
  /** A line about what is going on; nothing with --json. */
  readonly say: (text: string) => void;
}

export interface ScenarioResult {
  /** Our figure over that of the reference, measured in the same run; null where there is no reference. */
  readonly ratio: number | null;
  /** Invariants broken; anything but 0 makes the figures worthless. */
  readonly violations: number;
  readonly [figure: string]: string | number | null;
}

export interface Scenario {
  /** What an answer had survived when it left, with each journal that it can run on; the first one unless told otherwise. */
  readonly modes: { readonly [Kind in JournalKind]?: string };
  run(options: ScenarioOptions): Promise<ScenarioResult>;
}

/** Three significant digits say all that a benchmark knows. */
export function round(value: number, digits = 3): number {
  return Number(value.toPrecision(digits));
}
