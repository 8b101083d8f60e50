// What .dockerignore lets through of this checkout: the folder that the image is built from.

import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './compose-file.ts';

export interface IgnoreRule {
  readonly pattern: string;
  readonly isException: boolean;
}

export function readDockerignore(text: string): IgnoreRule[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ pattern: line.replace(/^!/, ''), isException: line.startsWith('!') }));
}

/** The last rule that matches the path, or a folder above it, decides. */
export function isLetThrough(path: string, rules: readonly IgnoreRule[]): boolean {
  const parts = path.split('/');
  const above = parts.map((_, at) => parts.slice(0, at + 1).join('/'));
  const last = rules.findLast(({ pattern }) => above.some((each) => expressionOf(pattern).test(each)));
  return last === undefined || last.isException;
}

/** As Docker matches: a star stands also for what begins with a dot, and for no slash. */
function expressionOf(pattern: string): RegExp {
  const parts = pattern
    .split(/(\*\*|\*|\?)/)
    .map((part) => ({ '**': '.*', '*': '[^/]*', '?': '[^/]' })[part] ?? RegExp.escape(part));
  return new RegExp(`^${parts.join('')}$`);
}

export function copyContext(target: string): void {
  const rules = readDockerignore(readFileSync(join(ROOT, '.dockerignore'), 'utf8'));
  // Of a folder that is left out, parts may be let through; the project's rules name whole ones.
  for (const { isException, pattern } of rules)
    if (isException && pattern.includes('/'))
      throw new Error(`${pattern} in .dockerignore is more than this knows`);
  for (const name of readdirSync(ROOT)) {
    if (!isLetThrough(name, rules)) continue;
    cpSync(join(ROOT, name), join(target, name), {
      recursive: true,
      filter: (source) => isLetThrough(source.slice(ROOT.length), rules),
    });
  }
}
