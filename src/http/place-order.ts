// What a purchase asks for. Nearly every body is the compact JSON that a program writes, and one look at its text is all
// that it needs; every other body, good or bad, is read with its schema.

import type * as z from 'zod';
import { parseJson } from './request.ts';
import { PlaceOrder } from './schemas.ts';

/** Not a letter more lenient than the schema; quantities of five digits are left to it. */
const COMPACT = /^\{"productId":"([A-Za-z0-9][A-Za-z0-9._-]{0,63})","quantity":([1-9][0-9]{0,3})\}$/;

/** @throws Problem invalid_request */
export function placeOrderOf(body: Uint8Array): z.output<typeof PlaceOrder> {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
  const compact = COMPACT.exec(text);
  if (compact === null) return parseJson(body, PlaceOrder);
  return { productId: compact[1]!, quantity: Number(compact[2]) };
}
