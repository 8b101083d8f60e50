// A page that has saved something waits a moment for the engine's answer, so that it can show it. Not longer: what is not answered
// yet is sent again until it is, and the pages say that it waits.

import type { HttpContext } from '../context.ts';

const ENGINE_ANSWER_MS_MAX = 3_000;

export async function engineAnswer(
  { cms }: HttpContext,
  products: readonly { readonly id: string }[],
): Promise<void> {
  if (products.length === 0) return;
  await cms!.dispatcher.settle(
    products.map(({ id }) => id),
    ENGINE_ANSWER_MS_MAX,
  );
}
