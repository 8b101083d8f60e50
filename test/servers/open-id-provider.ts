// A real OpenID provider for tests, on a free loopback port: the certified oidc-provider, with its own pages for signing in, through which
// a test goes as a browser does. Whoever starts it stops it.

import { createServer, type Server } from 'node:http';
import { Provider } from 'oidc-provider';
import { freePort } from './free-port.ts';

export const CLIENT_ID = 'doorbuster';
export const CLIENT_SECRET = 'client-secret-of-the-tests';

export interface OpenIdProvider {
  readonly issuer: string;
  /** Nobody listens there any more. */
  stop(): Promise<void>;
}

/** @param redirectUri that shoppers are sent back to @param claims what it says of each customer @param issuer where one was before */
export async function startOpenIdProvider(
  redirectUri: string,
  claims: Readonly<Record<string, unknown>> = {},
  issuer?: string,
): Promise<OpenIdProvider> {
  issuer ??= `http://127.0.0.1:${await freePort()}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [redirectUri] }],
    claims: { openid: ['sub'], profile: ['name', ...Object.keys(claims)] },
    // In the ID token itself, as most providers do.
    conformIdTokenClaims: false,
    cookies: { keys: ['cookie-key-of-the-tests'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: `${id} of the provider`, ...claims }),
    }),
  });
  const answer = provider.callback();
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing));
  await listening(server, Number(new URL(issuer).port));
  return {
    issuer,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

/**
 * Goes through the provider's pages as a browser does.
 * @param address that the shopper was sent to
 * @returns the address that the provider sends the browser back to
 */
export async function signInAtProvider(address: string, login: string): Promise<string> {
  const cookies = new Map<string, string>();
  const visit = async (url: string, body?: URLSearchParams): Promise<Response> => {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(body !== undefined && { method: 'POST', body }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!;
      cookies.set(name!, value!);
    }
    return response;
  };
  const { origin } = new URL(address);
  let at = address;
  for (let step = 0; step < STEPS_MAX; step++) {
    if (new URL(at).origin !== origin) return at;
    let response = await visit(at);
    if (response.status === 200) {
      const html = await response.text();
      const action = /<form[^>]* action="([^"]+)"/.exec(html)![1]!;
      const prompt = /name="prompt" value="([^"]+)"/.exec(html)![1]!;
      response = await visit(
        new URL(action, at).href,
        new URLSearchParams({ prompt, ...(prompt === 'login' && { login, password: 'any' }) }),
      );
    }
    at = new URL(response.headers.get('location')!, at).href;
  }
  throw new Error(`the provider leads nowhere: ${at}`);
}

const STEPS_MAX = 12;
