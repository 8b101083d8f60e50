// The account of demo mode, made through the node's own API. Its password is another one at each start, and whoever was signed in
// with an older one is signed out.

import { makePassword } from './made-up-password.ts';
import { StartError } from './start-error.ts';

export const DEMO_EMAIL = 'demo@doorbuster.example';

export interface DemoAccount {
  readonly email: string;
  readonly password: string;
}

/** @throws StartError */
export async function makeDemoAccount(url: string, adminToken: string): Promise<DemoAccount> {
  const password = makePassword();
  const account = { name: 'Demo', role: 'publisher', password };
  const admin = (method: string, path: string, body: unknown): Promise<Response> =>
    fetch(`${url}/v1/admin/users${path}`, {
      method,
      body: JSON.stringify(body),
      headers: { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json' },
    });
  const changed = await admin('PATCH', `/${DEMO_EMAIL}`, { ...account, disabled: false });
  if (changed.status === 404) await expectOk(await admin('POST', '', { ...account, email: DEMO_EMAIL }));
  else await expectOk(changed);
  return { email: DEMO_EMAIL, password };
}

async function expectOk(response: Response): Promise<void> {
  if (response.ok) return;
  throw new StartError(
    `No account for the CMS could be made; the shop works without it. The node answered: ${await response.text()}`,
  );
}
