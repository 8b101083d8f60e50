// The settings of who is there: the shop's tokens, the sessions of browsers, and where shoppers sign in. What would let in somebody
// else's customers, or nobody at all, is a mistake.

import * as z from 'zod';
import type { ProviderSettings, SignInSettings } from './http/index.ts';

const isLoopback = ({ hostname }: URL): boolean => /^(localhost|\[::1\]|127\.\d+\.\d+\.\d+)$/.test(hostname);

/** Whoever can change it on its way says who is there. */
function isTrustworthy(text: string): boolean {
  const address = URL.parse(text);
  if (address === null || address.username + address.password + address.hash !== '') return false;
  return address.protocol === 'https:' || (address.protocol === 'http:' && isLoopback(address));
}

const address = (what: string) =>
  z
    .string()
    .max(2_000)
    .refine(isTrustworthy, {
      error: `must be ${what}, beginning with https:// (http:// only on this machine), without a password and #`,
    });

const isOrigin = (text: string): boolean => isTrustworthy(text) && new URL(text).origin === text;

const listed = (text: string): string[] => (text === '' ? [] : text.split(',').map((part) => part.trim()));

const name = (what: string, charactersMax: number) =>
  z
    .string()
    .regex(
      new RegExp(`^[\\x21-\\x7e]{1,${charactersMax}}$`),
      `must be ${what}: printable ASCII without spaces`,
    );

const origins = z
  .string()
  .max(4_096)
  .refine((text) => listed(text).every(isOrigin), {
    error: 'must be origins such as https://shop.example, with nothing behind the host, separated by commas',
  });

const sessionSecondsMax = 43_200;
const sessionSecondsWanted = `must be a whole number from 60 to ${sessionSecondsMax}`;

export const SIGN_IN_SETTINGS = {
  AUTH_JWKS_URL: address('the address of the provider’s key set')
    .optional()
    .describe('public keys that shoppers’ tokens are signed with'),
  AUTH_ISSUER: name('the `iss` of shoppers’ tokens', 500)
    .optional()
    .describe('`iss` that shoppers’ tokens must have'),
  AUTH_AUDIENCE: name('the `aud` of shoppers’ tokens', 500)
    .optional()
    .describe('`aud` that shoppers’ tokens must have, or have among others'),
  SESSION_SECRET: z
    .string()
    .min(16, 'must have at least 16 characters')
    .max(4_096)
    .optional()
    .describe('signs sessions and invitations; made of AUTH_SECRET where it is not set'),
  SESSION_SECONDS: z
    .preprocess(
      (value) => (typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value),
      z.int(sessionSecondsWanted).min(60, sessionSecondsWanted).max(sessionSecondsMax, sessionSecondsWanted),
    )
    .default(sessionSecondsMax)
    .describe('a shopper’s browser stays signed in for so long'),
  SIGN_IN_URL: address('the shop’s sign-in page')
    .optional()
    .describe('where shoppers sign in; it hands them over to POST /session'),
  SHOP_ORIGINS: origins
    .optional()
    .describe('of the pages that may hand shoppers over; that of SIGN_IN_URL may anyway'),
  CORS_ORIGINS: origins
    .optional()
    .describe('of shops’ own front ends, which may read the shoppers’ API with a token'),
  PUBLIC_URL: z
    .string()
    .refine(isOrigin, {
      error:
        'must be the origin at which shoppers see this server, such as https://sale.example, with nothing behind the host',
    })
    .optional()
    .describe('where shoppers see this server'),
  OIDC_ISSUER: address('the issuer of the OpenID provider')
    .optional()
    .describe('OpenID provider at which shoppers sign in'),
  OIDC_CLIENT_ID: name('what the provider calls this server', 500)
    .optional()
    .describe('what the provider calls this server'),
  OIDC_CLIENT_SECRET: name('the client’s secret', 4_096)
    .optional()
    .describe('its secret there; without it a public client'),
  OIDC_SCOPES: z
    .string()
    .regex(
      /^(?=.*\bopenid\b)[\x21-\x7e]+( [\x21-\x7e]+)*$/,
      'must be scopes separated by spaces, with openid among them',
    )
    .max(1_000)
    .default('openid profile')
    .describe('what the provider is asked for'),
};

export const SIGN_IN_SECRETS = ['SESSION_SECRET', 'OIDC_CLIENT_SECRET', 'AUTH_JWKS_URL'];

type Values = z.output<z.ZodObject<typeof SIGN_IN_SETTINGS>>;

export function signInContradictions(values: Values, hasAuthSecret: boolean): string[] {
  const problems: string[] = [];
  if (values.AUTH_JWKS_URL !== undefined && values.AUTH_AUDIENCE === undefined)
    problems.push(
      'AUTH_AUDIENCE is missing: a provider (AUTH_JWKS_URL) signs tokens for others too, and only `aud` tells whose they are',
    );
  if (values.AUTH_JWKS_URL !== undefined && !hasAuthSecret && values.SESSION_SECRET === undefined)
    problems.push(
      'SESSION_SECRET is missing: without AUTH_SECRET there is nothing to sign sessions with (make one with: openssl rand -base64 24)',
    );
  const { OIDC_ISSUER, OIDC_CLIENT_ID, PUBLIC_URL, OIDC_CLIENT_SECRET, SIGN_IN_URL } = values;
  if (OIDC_ISSUER !== undefined) {
    if (OIDC_CLIENT_ID === undefined) problems.push('OIDC_CLIENT_ID is missing: OIDC_ISSUER is set');
    if (PUBLIC_URL === undefined)
      problems.push('PUBLIC_URL is missing: the provider (OIDC_ISSUER) sends shoppers back to it');
    if (SIGN_IN_URL !== undefined)
      problems.push('SIGN_IN_URL and OIDC_ISSUER are both set: shoppers can be sent to one of them only');
  } else if (OIDC_CLIENT_ID !== undefined || OIDC_CLIENT_SECRET !== undefined)
    problems.push('OIDC_ISSUER is missing: the client of an OpenID provider is set');
  return problems;
}

export function toSignIn(values: Values): SignInSettings {
  const { SIGN_IN_URL: signInUrl, PUBLIC_URL: publicOrigin } = values;
  const shopOrigins = listed(values.SHOP_ORIGINS ?? '');
  if (signInUrl !== undefined) shopOrigins.push(new URL(signInUrl).origin);
  const corsOrigins = listed(values.CORS_ORIGINS ?? '');
  return { signInUrl, shopOrigins, corsOrigins, publicOrigin, provider: providerOf(values) };
}

function providerOf(values: Values): ProviderSettings | undefined {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId } = values;
  if (issuer === undefined || clientId === undefined) return undefined;
  return { issuer, clientId, clientSecret: values.OIDC_CLIENT_SECRET, scopes: values.OIDC_SCOPES };
}
