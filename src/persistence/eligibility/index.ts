// Who may enter a campaign: its door, and lists of customers.

export type { BadLine, BadLines, CustomerList, ListOutcome } from './customer-list.ts';
export { CustomerLists } from './customer-lists.ts';
export { CustomerSet } from './customer-set.ts';
export type { CustomerKeys, Door, DoorsTold, Whereabouts } from './door.ts';
export { ListReader } from './list-reader.ts';
export { ListSweeper } from './list-sweeper.ts';
export { LIST_LIMITS } from './list-limits.ts';
export { DoorReads, type BareDoor, type DoorMark } from './door-reads.ts';
