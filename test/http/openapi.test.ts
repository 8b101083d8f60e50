// The OpenAPI document against the application: nothing missing, nothing invented, and answers of the told shape.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createApp, type HttpContext } from '../../src/http/index.ts';
import { openApiDocument } from '../../src/http/openapi/index.ts';
import type { ProblemCode } from '../../src/http/problem.ts';
import * as schemas from '../../src/http/schemas.ts';
import { ADMIN_TOKEN, Engine } from '../harness/engine.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security?: readonly Record<string, unknown>[];
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema: object }[];
  readonly requestBody?: { readonly content: Record<string, unknown> };
  readonly responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
}

/** As a client gets it. */
const document = JSON.parse(JSON.stringify(openApiDocument())) as {
  openapi: string;
  info: { title: string; version: string };
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes: Record<string, object> };
};

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

/** For people, not for programs. */
const PAGES = ['/', '/wait', '/docs', '/openapi.json', '/favicon.ico', '/static/*'];
const PAGES_BELOW = /^\/(c|orders|sign-in|session)(\/|$)/;

describe('the document', () => {
  test('names every route that the application serves, and no other', () => {
    const { routes } = createApp({} as HttpContext, { onError: () => undefined }).app;
    const served = routes
      .filter(({ method, path }) => method !== 'ALL' && !PAGES.includes(path) && !PAGES_BELOW.test(path))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    const told = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(told.toSorted()).toEqual(served.toSorted());
    expect(told.length).toBeGreaterThan(15);
  });

  test('is OpenAPI 3.1 in its parts', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info).toMatchObject({ title: 'Doorbuster', version: expect.any(String) });
    const tags = new Set(document.tags.map(({ name }) => name));
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation } of operations) {
      const { operationId, summary, parameters = [], responses, security = [] } = operation;
      expect(summary, operationId).not.toBe('');
      expect(
        operation.tags.every((tag) => tags.has(tag)),
        operationId,
      ).toBe(true);
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const inPath = parameters.filter((parameter) => parameter.in === 'path');
      expect(
        inPath.map(({ name }) => name),
        operationId,
      ).toEqual(wanted);
      expect(
        inPath.every(({ required }) => required === true),
        operationId,
      ).toBe(true);
      expect(
        parameters.every(({ schema }) => typeof schema === 'object'),
        operationId,
      ).toBe(true);
      expect(
        Object.keys(responses).some((status) => status.startsWith('2')),
        operationId,
      ).toBe(true);
      for (const [status, { description }] of Object.entries(responses)) {
        expect(status).toMatch(/^[2-5]\d\d$/);
        expect(description, `${operationId} ${status}`).not.toBe('');
      }
      for (const scheme of security.flatMap(Object.keys)) {
        expect(Object.keys(document.components.securitySchemes)).toContain(scheme);
      }
    }
  });

  test('every reference leads somewhere', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, target]) => target!,
    );
    expect(references.length).toBeGreaterThan(20);
    for (const reference of new Set(references)) {
      const name = /^#\/components\/schemas\/(\w+)$/.exec(reference)?.[1];
      expect(Object.keys(document.components.schemas), reference).toContain(name);
    }
  });

  test('what needs a token says so, and what does not, does not', () => {
    for (const { path, operation } of operations) {
      const needed = path.startsWith('/v1/admin')
        ? ['admin']
        : /^\/v1\/(orders|tickets)/.test(path) || path.startsWith('/v1/products') || path === '/v1/events'
          ? ['shopper', 'session']
          : [];
      const security = operation.security ?? [];
      const told = security.flatMap(Object.keys);
      const needsNone = needed.length > 0 && !/^\/v1\/(admin|orders|tickets)/.test(path);
      expect(
        security.some((scheme) => Object.keys(scheme).length === 0),
        operation.operationId,
      ).toBe(needsNone);
      expect(told, operation.operationId).toEqual(needed);
      // A webhook shows by its signature who sends it.
      const isSigned = path === '/v1/payments/webhook';
      expect('401' in operation.responses, operation.operationId).toBe(needed.length > 0 || isSigned);
    }
  });
});

describe('answers', () => {
  let engine: Engine;
  let token = '';
  let orderId = '';

  beforeAll(async () => {
    engine = await Engine.start({ env: { WORKERS: '1' } });
    await engine.product('told', { quantity: 1 });
    token = await engine.token('reader');
    orderId = String((await engine.buy(token, 'told', 'key')).body['id']);
  });
  afterAll(() => engine?.remove());

  test('are of the told shape, with no field more', async () => {
    const strict = (schema: z.ZodObject) => z.strictObject(schema.shape);
    const admin = { token: ADMIN_TOKEN };
    const shapes: readonly [string, object, z.ZodType][] = [
      [`/v1/orders/${orderId}`, { token }, strict(schemas.Order)],
      ['/v1/orders?productId=told&idempotencyKey=key', { token }, strict(schemas.Order)],
      ['/v1/orders', { token }, strict(schemas.OrderList)],
      ['/v1/products/told', {}, strict(schemas.Product)],
      ['/v1/time', {}, strict(schemas.Time)],
      ['/v1/admin/products/told/stock', admin, strict(schemas.Stock)],
      ['/v1/admin/shards', admin, strict(schemas.ShardList)],
    ];
    for (const [path, options, schema] of shapes) {
      const { status, body } = await engine.call('GET', path, options);
      expect([path, status]).toEqual([path, 200]);
      expect(schema.safeParse(body).error, path).toBeUndefined();
    }
    const { body: problem } = await engine.call('GET', '/v1/products/-');
    expect(strict(schemas.ProblemDetails).safeParse(problem).error).toBeUndefined();
    expect((await engine.call('GET', '/openapi.json')).body).toEqual(document);
  });

  const large = JSON.stringify('x'.repeat(70_000));
  const product = { name: 'x', startsAt: '2020-01-01T00:00:00Z', endsAt: '2040-01-01T00:00:00Z' };
  const refusals: readonly [string, string, ProblemCode, object?][] = [
    ['POST', '/v1/orders', 'unauthenticated'],
    ['POST', '/v1/orders', 'idempotency_key_missing', { as: 'shopper', body: {} }],
    ['POST', '/v1/orders', 'invalid_request', { as: 'shopper', key: 'k', body: {} }],
    ['POST', '/v1/orders', 'payload_too_large', { as: 'shopper', key: 'k', body: large }],
    ['GET', '/v1/orders', 'unauthenticated'],
    ['GET', '/v1/orders/x', 'not_found', { as: 'shopper' }],
    ['DELETE', '/v1/orders/x', 'not_found', { as: 'shopper' }],
    ['POST', '/v1/orders/{own}/payment', 'invalid_request', { as: 'shopper', body: {} }],
    ['POST', '/v1/orders/{own}/payment', 'payload_too_large', { as: 'shopper', body: large }],
    [
      'POST',
      '/v1/orders/{own}/payment',
      'payment_declined',
      { as: 'shopper', body: { method: 'x', token: 'decline' } },
    ],
    ['GET', '/v1/products/-', 'invalid_request'],
    ['GET', '/v1/products/none', 'not_found'],
    ['GET', '/v1/products/-/events', 'invalid_request'],
    ['GET', '/v1/products/none/events', 'not_found'],
    ['GET', '/v1/events', 'invalid_request'],
    ['GET', '/v1/events?product=none', 'not_found'],
    ['PUT', '/v1/admin/products/-', 'invalid_request', { as: 'admin', body: {} }],
    ['PUT', '/v1/admin/products/p', 'payload_too_large', { as: 'admin', body: large }],
    [
      'PUT',
      '/v1/admin/products/told',
      'price_locked',
      { as: 'admin', body: { ...product, price: { amount: 1, currency: 'EUR' } } },
    ],
    ['POST', '/v1/admin/products/-/pause', 'invalid_request', { as: 'admin' }],
    ['POST', '/v1/admin/products/none/resume', 'not_found', { as: 'admin' }],
    ['POST', '/v1/admin/products/told/stock', 'payload_too_large', { as: 'admin', key: 'k', body: large }],
    [
      'POST',
      '/v1/admin/products/told/stock',
      'insufficient_stock',
      { as: 'admin', key: 'k', body: { quantity: -5 } },
    ],
    ['GET', '/v1/admin/products/-/stock', 'invalid_request', { as: 'admin' }],
    ['GET', '/v1/admin/products/none/stock', 'not_found', { as: 'admin' }],
    ['GET', '/v1/admin/shards', 'forbidden', { as: 'shopper' }],
    ['GET', '/v1/admin/audit', 'unauthenticated'],
    ['POST', '/v1/admin/profiles', 'forbidden', { as: 'shopper' }],
    ['POST', '/v1/admin/profiles', 'invalid_request', { as: 'admin', body: { worker: 0, kind: 'cpu' } }],
    ['POST', '/v1/admin/profiles', 'payload_too_large', { as: 'admin', body: large }],
    [
      'POST',
      '/v1/admin/profiles',
      'not_found',
      { as: 'admin', body: { worker: 99, kind: 'cpu', seconds: 1 } },
    ],
    ['POST', '/v1/dev/tokens', 'invalid_request', { body: {} }],
    ['POST', '/v1/dev/tokens', 'payload_too_large', { body: large }],
  ];

  test.each(refusals)('%s %s refuses with %s, as told', async (method, path, code, options = {}) => {
    const { as, ...rest } = options as { as?: string };
    const bearer = as === 'admin' ? ADMIN_TOKEN : as === 'shopper' ? token : undefined;
    const answer = await engine.call(method, path.replace('{own}', orderId), {
      ...rest,
      ...(bearer !== undefined && { token: bearer }),
    });
    expect(answer.body).toMatchObject({ code });
    const told = operations.find(
      (one) =>
        one.method === method.toLowerCase() &&
        new RegExp(`^${one.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path.replace(/\?.*/, '')),
    );
    expect(told?.operation.responses[answer.status]?.description).toContain(`\`${code}\``);
  });
});
