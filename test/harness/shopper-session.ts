// A shopper's browser as far as its session goes: signs in at the demonstration's page, and has the cookie.

const OWN = { 'Sec-Fetch-Site': 'same-origin' };

export interface ShopperSession {
  /** The header `Cookie`. */
  readonly cookie: string;
  /** Headers of a request that a page of the node sends. */
  readonly headers: Readonly<Record<string, string>>;
}

/** @param url of a node in demo mode @throws when it does not work */
export async function signInAsShopper(url: string, customerId: string): Promise<ShopperSession> {
  const form = await fetch(`${url}/sign-in`);
  const csrf = /name="csrf" value="([^"]+)"/.exec(await form.text())?.[1];
  const entry = cookiesOf(form);
  const signedIn = await fetch(`${url}/session`, {
    method: 'POST',
    redirect: 'manual',
    headers: { ...OWN, Cookie: entry },
    body: new URLSearchParams({ csrf: csrf ?? '', customer: customerId, next: '/' }),
  });
  if (signedIn.status !== 303)
    throw new Error(`${customerId} was not signed in: ${signedIn.status} ${await signedIn.text()}`);
  const cookie = cookiesOf(signedIn);
  return { cookie, headers: { ...OWN, Cookie: cookie } };
}

/** What a browser keeps of an answer and sends with the next request. */
export function cookiesOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .filter((cookie) => !/; Max-Age=0\b/i.test(cookie))
    .map((cookie) => cookie.split(';')[0]!)
    .join('; ');
}
