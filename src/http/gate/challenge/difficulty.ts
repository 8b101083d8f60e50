// How much work a ticket costs: more as this thread gives out more of them, and more for whoever other systems doubt.

/** What other systems say of a customer, as this thread knows it. */
export type RiskOf = (customerId: string) => 'active' | 'new' | 'restricted' | 'blocked';
