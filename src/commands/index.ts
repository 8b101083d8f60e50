// Every command, in the order of the help. Each adds itself to the program.

import type { Command } from 'commander';
import { addArchive } from './archive.ts';
import { addAudit } from './audit.ts';
import { addCustomers } from './customers.ts';
import { addHealth } from './health.ts';
import { addPaymentSandbox } from './payment-sandbox.ts';
import { addProfile } from './profile.ts';
import { addProvision } from './provision.ts';
import { addReshard } from './reshard.ts';
import { addRisk } from './risk.ts';
import { addShards } from './shards.ts';
import { addStart } from './start.ts';
import { addStock } from './stock.ts';
import { addUser } from './user.ts';

export const commands: readonly ((program: Command) => void)[] = [
  addStart,
  addStock,
  addCustomers,
  addUser,
  addRisk,
  addHealth,
  addShards,
  addReshard,
  addAudit,
  addArchive,
  addProfile,
  addPaymentSandbox,
  addProvision,
];
