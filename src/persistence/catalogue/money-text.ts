// Amounts as digits with a point: for fields, files and the trail.

/** How many digits stand behind the point: 2 for EUR, 0 for JPY. @param currency of ISO 4217 */
export function currencyDigits(currency: string): number {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  return format.resolvedOptions().maximumFractionDigits ?? 2;
}

/** `49.90` of 4990 minor units. */
export function moneyText(amount: number, currency: string): string {
  const digits = currencyDigits(currency);
  const text = String(amount).padStart(digits + 1, '0');
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
