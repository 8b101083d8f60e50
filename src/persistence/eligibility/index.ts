// Who may enter a campaign: its door, and lists of customers.

export type { CustomerKeys, Door } from './door.ts';
