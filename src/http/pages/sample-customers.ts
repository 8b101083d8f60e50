// The customers of the demonstration, with what their shop says of them. Anybody may sign in as one of them, or under any other name.

export interface SampleCustomer {
  readonly customerId: string;
  readonly name: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Why somebody would want to be them. */
  readonly note: string;
}

export const sampleCustomers: readonly SampleCustomer[] = [
  { customerId: 'ada', name: 'Ada', claims: {}, note: 'is on the list of customers' },
  { customerId: 'grace', name: 'Grace', claims: { tier: 'gold' }, note: 'has the claim tier: gold' },
  { customerId: 'alan', name: 'Alan', claims: {}, note: 'is on no list and has no claim' },
];

export const sampleClaimsOf = (customerId: string): Readonly<Record<string, unknown>> =>
  sampleCustomers.find((sample) => sample.customerId === customerId)?.claims ?? {};
