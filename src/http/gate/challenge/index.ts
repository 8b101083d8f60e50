// What the rest of the HTTP side has of proof of work.

export type { RiskOf } from './difficulty.ts';
