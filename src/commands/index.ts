// Every command, in the order of the help. Only the one that is called is loaded: a check of a node's health, every few seconds, does
// not load what a node is made of.

import type { Command } from 'commander';

type Add = (program: Command) => void;

/** Invitations are of customers. */
const customers = async (): Promise<Add> => (await import('./customers.ts')).addCustomers;

export const COMMANDS: Readonly<Record<string, () => Promise<Add>>> = {
  start: async () => (await import('./start.ts')).addStart,
  stock: async () => (await import('./stock.ts')).addStock,
  customers,
  invitations: customers,
  user: async () => (await import('./user.ts')).addUser,
  risk: async () => (await import('./risk.ts')).addRisk,
  health: async () => (await import('./health.ts')).addHealth,
  shards: async () => (await import('./shards.ts')).addShards,
  reshard: async () => (await import('./reshard.ts')).addReshard,
  audit: async () => (await import('./audit.ts')).addAudit,
  archive: async () => (await import('./archive.ts')).addArchive,
  profile: async () => (await import('./profile.ts')).addProfile,
  'payment-sandbox': async () => (await import('./payment-sandbox.ts')).addPaymentSandbox,
  provision: async () => (await import('./provision.ts')).addProvision,
};
