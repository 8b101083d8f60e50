// What is told of attacks: a few lines while they run, and one line each at the end.

import { checkOf } from './checks.ts';
import { isHeld, type AttackReport } from './scenario.ts';

const COLUMNS = [18, 8, 34, 40, 8] as const;

export const HEADING = row([
  ['Scenario'],
  ['Attempts'],
  ['Blocked by'],
  ['Got through, as it may'],
  ['Breaches'],
  ['Honest shoppers: bought, share of the units, p50 / p99 of Buy'],
]);

export function lineOf(report: AttackReport): string {
  const { scenario, attempts, blocked, through, breaches, violations } = report;
  const checks = new Map<string, number>();
  for (const [code, times] of Object.entries(blocked))
    checks.set(checkOf(code), (checks.get(checkOf(code)) ?? 0) + times);
  return row([
    [scenario],
    [whole(attempts)],
    each(checks),
    each(Object.entries(through)),
    [`${breaches + violations}`],
    [honestOf(report)],
  ]);
}

/** Indented, behind the scenario's own line. */
export function storyOf(report: AttackReport): string {
  const { attempts, blocked, through, told, breaches, honest, seconds } = report;
  const lines = [
    `${isHeld(report) ? '✓' : '✗'} ${whole(attempts)} attempts in ${seconds.toFixed(1)} s`,
    `blocked      ${listed(Object.entries(blocked).map(([code, times]) => [`${code} (${checkOf(code)})`, times]))}`,
    `got through  ${listed(Object.entries(through))}`,
    `honest       ${honestOf(report)}; from wish to payment ${ms(honest.wholeP50Ms)} / ${ms(honest.wholeP99Ms)}`,
    ...told.map((what) => `✗ ${what}`),
    ...(breaches > told.length ? [`✗ … ${breaches} in all`] : []),
  ];
  return lines.map((line) => `  ${line}`).join('\n');
}

function honestOf({ honest: { shoppers, bought, share, buyP50Ms, buyP99Ms } }: AttackReport): string {
  if (shoppers === 0) return 'none';
  const part = share === null ? '' : `, ${(share * 100).toFixed(0)} %`;
  return `${bought} of ${shoppers}${part}, ${ms(buyP50Ms)} / ${ms(buyP99Ms)}`;
}

const listed = (counts: Iterable<readonly [string, number]>): string => each(counts).join(' · ');

function each(counts: Iterable<readonly [string, number]>): string[] {
  const all = [...counts].map(([what, times]) => `${what} ${whole(times)}`);
  return all.length === 0 ? ['nothing'] : all;
}

const ms = (value: number | null): string =>
  value === null ? '-' : `${value.toFixed(value < 100 ? 1 : 0)} ms`;

const whole = (count: number): string => count.toLocaleString('en');

/** @param cells of several lines each */
function row(cells: readonly (readonly string[])[]): string {
  const height = Math.max(...cells.map(({ length }) => length));
  const line = (at: number): string =>
    cells
      .map((lines, column) => (lines[at] ?? '').padEnd(COLUMNS[column] ?? 0))
      .join('  ')
      .trimEnd();
  return Array.from({ length: height }, (_, at) => line(at)).join('\n');
}
