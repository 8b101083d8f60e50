// A list of customers as people see it, and how taking one in can end.

/** The one in force of a campaign. */
export interface CustomerList {
  readonly id: string;
  readonly customers: number;
  /** Epoch milliseconds. */
  readonly madeAt: number;
  /** Name of the user. */
  readonly madeBy: string;
}

export interface BadLine {
  /** From 1. */
  readonly line: number;
  /** What is wrong with it, and what would be right. */
  readonly problem: string;
  /** Its beginning. */
  readonly text: string;
}

export interface BadLines {
  readonly count: number;
  /** The first of them. */
  readonly told: readonly BadLine[];
}

export type ListOutcome =
  /** It is in force. */
  | {
      readonly outcome: 'loaded';
      readonly list: CustomerList;
      /** Lines with a customer who was on the list already. */
      readonly repeated: number;
      /** Left out, as was asked for. */
      readonly badLines: BadLines;
    }
  /** Of all others nothing has changed. This one has bad lines; `customers` is what would have been on the list. */
  | { readonly outcome: 'refused'; readonly badLines: BadLines; readonly customers: number }
  /** The file, or the campaign, cannot be taken as it is. */
  | { readonly outcome: 'unusable'; readonly reason: string }
  /** Somebody else put another list in, or took it out, while this one arrived. */
  | { readonly outcome: 'conflict'; readonly current: CustomerList | undefined }
  | { readonly outcome: 'not_found' }
  /** Others are being taken in: later it may work. */
  | { readonly outcome: 'busy' };
