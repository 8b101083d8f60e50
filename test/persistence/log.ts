// A logger that remembers what it was told.

import type { Logger } from '../../src/persistence/index.ts';

export interface Log extends Logger {
  readonly lines: {
    readonly level: 'info' | 'warn' | 'error';
    readonly message: string;
    readonly fields: object;
  }[];
}

export function rememberingLog(): Log {
  const lines: Log['lines'] = [];
  const level = (name: 'info' | 'warn' | 'error') => (fields: object, message: string) =>
    void lines.push({ level: name, message, fields });
  return { lines, info: level('info'), warn: level('warn'), error: level('error') };
}
