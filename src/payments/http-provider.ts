// A provider behind HTTP: the protocol of docs/payments.md, which the sandbox speaks, and which an adapter in front of a real provider
// speaks. Whatever is not a clear answer in time is ProviderUnavailable: nobody knows what became of the call.

import * as z from 'zod';
import {
  ProviderUnavailable,
  type CaptureRequest,
  type PaymentProvider,
  type ProviderPayment,
} from './provider.ts';

export const PROVIDER_ANSWER_BYTES_MAX = 256 * 1024;

const Money = z.object({ amount: z.int().min(0), currency: z.string().regex(/^[A-Z]{3}$/) });

const Payment = z.object({
  orderId: z.string().min(1).max(64),
  providerId: z.string().min(1).max(200),
  state: z.enum(['open', 'pending', 'captured', 'refunded', 'voided']),
  amount: Money,
  declined: z.string().max(200).nullish(),
});

const Page = z.object({
  payments: z.array(Payment).max(1_000),
  next: z.string().min(1).max(500).nullish(),
});

const Fingerprint = z.object({ fingerprint: z.string().min(1).max(200).nullish() });

export interface HttpProviderOptions {
  /** Without a slash at its end. */
  readonly url: string;
  readonly secret: string;
  /** For one whole answer. */
  readonly timeoutMs: number;
}

export class HttpProvider implements PaymentProvider {
  readonly #options: HttpProviderOptions;

  constructor(options: HttpProviderOptions) {
    this.#options = options;
  }

  async capture({ orderId, amount, method, token }: CaptureRequest): Promise<ProviderPayment> {
    const body = { amount, method, token };
    return paymentOf(await this.#ask('POST', `/payments/${orderId}/capture`, Payment, body), orderId);
  }

  async find(orderId: string): Promise<ProviderPayment | undefined> {
    const found = await this.#ask('GET', `/payments/${orderId}`, Payment.optional());
    return found && paymentOf(found, orderId);
  }

  async void(orderId: string): Promise<ProviderPayment> {
    return paymentOf(await this.#ask('POST', `/payments/${orderId}/void`, Payment, {}), orderId);
  }

  async refund(orderId: string): Promise<ProviderPayment> {
    return paymentOf(await this.#ask('POST', `/payments/${orderId}/refund`, Payment, {}), orderId);
  }

  async fingerprint(method: string, token: string): Promise<string | undefined> {
    const { fingerprint } = await this.#ask('POST', '/fingerprint', Fingerprint, { method, token });
    return fingerprint ?? undefined;
  }

  async list(after: string | undefined): Promise<{ payments: ProviderPayment[]; next: string | undefined }> {
    const query = after === undefined ? '' : `?after=${encodeURIComponent(after)}`;
    const { payments, next } = await this.#ask('GET', `/payments${query}`, Page);
    return { payments: payments.map((payment) => paymentOf(payment)), next: next ?? undefined };
  }

  /** 404 is `undefined`, which only `find` can read. @throws ProviderUnavailable */
  async #ask<S extends z.ZodType>(
    method: string,
    path: string,
    schema: S,
    body?: object,
  ): Promise<z.output<S>> {
    const { url, secret, timeoutMs } = this.#options;
    try {
      const response = await fetch(url + path, {
        method,
        headers: {
          Authorization: `Bearer ${secret}`,
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await readText(response);
      if (response.status === 404) return schema.parse(undefined);
      if (!response.ok) throw new Error(`it answered ${response.status}: ${text.slice(0, 200)}`);
      return schema.parse(JSON.parse(text));
    } catch (error) {
      throw new ProviderUnavailable(`${method} ${path}: ${reasonOf(error)}`, { cause: error });
    }
  }
}

/** @param orderId that was asked about */
function paymentOf(
  { declined, ...payment }: z.output<typeof Payment>,
  orderId = payment.orderId,
): ProviderPayment {
  if (payment.orderId !== orderId)
    throw new ProviderUnavailable(`it was asked about ${orderId} and tells of ${payment.orderId}`);
  return { ...payment, declined: declined ?? undefined };
}

async function readText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.byteLength;
    if (bytes > PROVIDER_ANSWER_BYTES_MAX)
      throw new Error(`its answer has more than ${PROVIDER_ANSWER_BYTES_MAX} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError)
    return `its answer is none: ${error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ')}`;
  if (!(error instanceof Error)) return String(error);
  // What went wrong beneath fetch is in its cause.
  const cause = error.cause instanceof Error ? `, ${error.cause.message}` : '';
  return error.message + cause;
}
