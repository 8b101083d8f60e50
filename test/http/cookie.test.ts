// Cookies as the header has them.

import { expect, test } from 'vitest';
import { cookieNamed } from '../../src/http/cookie.ts';

test.each([
  ['a=1', '1'],
  ['b=2; a=1; c=3', '1'],
  ['b=2;a=1 ;c=3', '1'],
  ['a=', ''],
  ['a=1=2', '1=2'],
  // Decoding would cost an exception for each broken part.
  ['a=%41%FF', '%41%FF'],
  ['a=1; a=2', undefined],
  ['b=x a=1', undefined],
  ['b=x a=1; a=2', '2'],
  ['ba=1', undefined],
  ['A=1', undefined],
  ['b=2', undefined],
  ['', undefined],
  [undefined, undefined],
])('the cookie a of %j is %j', (cookies, value) => {
  expect(cookieNamed(cookies, 'a')).toBe(value);
});
