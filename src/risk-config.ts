// The setting of risk control: a file of rules, checked at the start as every other setting.

import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { DEFAULT_RULES_TEXT, defaultRules, parseRiskRules, type RiskRules } from './risk/index.ts';

export interface RiskConfig {
  readonly rules: RiskRules;
  /** As it was written. */
  readonly text: string;
  /** Undefined: the rules that come with the program. */
  readonly path: string | undefined;
}

export const RISK_SETTINGS = {
  RISK_RULES: z
    .string()
    .min(1)
    .max(4_096)
    .superRefine((path, context) => {
      for (const message of mistakesIn(path)) context.addIssue({ code: 'custom', message });
    })
    .optional()
    .describe('file of the rules on payments; without it those of docs/risk.md'),
};

export function toRiskConfig({ RISK_RULES: path }: { RISK_RULES?: string | undefined }): RiskConfig {
  if (path === undefined) return { rules: defaultRules(), text: DEFAULT_RULES_TEXT, path };
  const text = readFileSync(path, 'utf8');
  const file = parseRiskRules(text);
  if (file.kind === 'refused') throw new Error(`${path} has changed since it was checked`);
  return { rules: file.rules, text, path };
}

function mistakesIn(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return [`cannot be read: ${(error as Error).message}`];
  }
  const file = parseRiskRules(text);
  if (file.kind === 'rules') return [];
  const { mistakes, more } = file;
  const lines = mistakes.map(({ line, message }) => `(${path}) line ${line}: ${message}`);
  return more === 0 ? lines : [...lines, `(${path}) and ${more} more mistakes`];
}
