// What tests ask of a node over HTTP: an answer of any status is an answer; no answer in time is an error.

export const ADMIN_TOKEN = 'admin-token-of-the-tests';
export const AUTH_SECRET = 'auth-secret-of-the-tests';

export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export interface CallOptions {
  readonly token?: string;
  readonly key?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ProductOptions {
  readonly quantity?: number;
  readonly perCustomerLimit?: number;
  readonly holdSeconds?: number;
  readonly startsInMs?: number;
  readonly endsInMs?: number;
}

/** A node that was stopped by a signal takes requests and answers none. */
const ANSWER_MS_MAX = 120_000;

export abstract class NodeApi {
  abstract get url(): string;
  protected adminToken = ADMIN_TOKEN;

  async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    { token, key, body, headers = {} }: CallOptions = {},
  ): Promise<Answer<T>> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...(key !== undefined && { 'Idempotency-Key': key }),
        ...headers,
      },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : text) as T,
    };
  }

  /** With the admin token. */
  admin<T = Record<string, unknown>>(method: string, path: string, body?: object): Promise<Answer<T>> {
    return this.call<T>(method, `/v1/admin${path}`, { token: this.adminToken, body });
  }

  async token(customerId: string): Promise<string> {
    const { body } = await this.call<{ token: string }>('POST', '/v1/dev/tokens', { body: { customerId } });
    return body.token;
  }

  async product(id: string, options: ProductOptions = {}): Promise<void> {
    const now = Date.now();
    const { quantity = 100, startsInMs = -1_000, endsInMs = 3_600_000 } = options;
    const product = {
      name: `Product ${id}`,
      startsAt: new Date(now + startsInMs).toISOString(),
      endsAt: new Date(now + endsInMs).toISOString(),
      price: { amount: 1_999, currency: 'EUR' },
      perCustomerLimit: options.perCustomerLimit ?? 1,
      holdSeconds: options.holdSeconds ?? 300,
    };
    const put = await this.admin('PUT', `/products/${id}`, product);
    if (put.status > 201) throw new Error(`product ${id}: ${JSON.stringify(put.body)}`);
    if (quantity === 0) return;
    const path = `/v1/admin/products/${id}/stock`;
    const load = await this.call('POST', path, { token: this.adminToken, key: 'first', body: { quantity } });
    if (load.status !== 200) throw new Error(`stock of ${id}: ${JSON.stringify(load.body)}`);
  }

  buy(token: string, productId: string, key: string, quantity = 1): Promise<Answer> {
    return this.call('POST', '/v1/orders', { token, key, body: { productId, quantity } });
  }

  /** What `GET /metrics` says of one line, without its value. */
  async metric(name: string): Promise<number | undefined> {
    const { body } = await this.call<string>('GET', '/metrics');
    const line = body.split('\n').find((each) => each.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.slice(name.length + 1));
  }
}
