// Money as people write it, and as everything else keeps it: integers of the currency's smallest unit. A text that could be read
// in two ways is refused rather than guessed.

import { CATALOGUE_LIMITS, currencyDigits, moneyText } from '../../persistence/index.ts';
import type { Read } from './typed-text.ts';

const { amountMax } = CATALOGUE_LIMITS;

/** ISO 4217, as far as this Node knows them. */
export const CURRENCIES: readonly string[] = Intl.supportedValuesOf('currency');

const names = new Intl.DisplayNames('en', { type: 'currency' });
export const currencyName = (code: string): string => names.of(code) ?? code;

/** In minor units. @param text such as `1234.50` or `1234,50` @param currency one of CURRENCIES */
export function readMoney(text: string, currency: string): Read<number> {
  const digits = currencyDigits(currency);
  const example = moneyText(123_456, currency);
  const written = /^(-?)(\d+)(?:[.,](\d*))?$/.exec(text.trim());
  if (written === null)
    return { problem: `must be an amount in ${currency} without signs or spaces, such as ${example}` };
  const [, minus, whole = '', fraction = ''] = written;
  if (minus === '-') return { problem: `must not be below 0; write it as ${example}` };
  const more = fraction.slice(digits);
  if (/[1-9]/.test(more) || (more !== '' && fraction.length === 3 && digits < 3))
    return { problem: fractionProblem(currency, digits, example) };
  const amount = Number(whole) * 10 ** digits + Number(fraction.slice(0, digits).padEnd(digits, '0') || '0');
  if (amount > amountMax) return { problem: `must be at most ${moneyText(amountMax, currency)} ${currency}` };
  return { value: amount };
}

function fractionProblem(currency: string, digits: number, example: string): string {
  const rule =
    digits === 0
      ? `must have no decimals: ${currency} has none`
      : `must have at most ${digits} decimals, since ${currency} has no fractions of a ${digits === 2 ? 'cent' : 'unit'}`;
  return `${rule}; thousands are written without a separator: ${example}`;
}

/** For people: with the currency's sign and separators of thousands. */
export function shownMoney(amount: number, currency: string): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  return format.format(amount / 10 ** currencyDigits(currency));
}
