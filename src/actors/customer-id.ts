// What names a customer: the shop's own id of them, as its tokens and its lists of customers say it.

import { isPlainText } from './plain-text.ts';

export const CUSTOMER_ID_CHARACTERS_MAX = 128;

export const isCustomerId = (value: unknown): value is string =>
  typeof value === 'string' &&
  value !== '' &&
  value.length <= CUSTOMER_ID_CHARACTERS_MAX &&
  isPlainText(value);
