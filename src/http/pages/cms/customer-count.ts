// How many customers are on a list, in words.

import type { CustomerList } from '../../../persistence/index.ts';

export const customersOf = ({ customers }: Pick<CustomerList, 'customers'>): string =>
  `${customers.toLocaleString('en')} ${customers === 1 ? 'customer' : 'customers'}`;
