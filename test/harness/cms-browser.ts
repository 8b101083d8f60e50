// As much of a browser as the CMS's pages need without JavaScript: it keeps cookies, follows nothing by itself, and sends the forms
// of the page that it looks at.

export type Ask = (path: string, init: RequestInit) => Response | Promise<Response>;

export interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
}

export class CmsBrowser {
  readonly cookies = new Map<string, string>();
  readonly #ask: Ask;

  /** @param ask such as `(path, init) => fetch(url + path, { ...init, redirect: 'manual' })` */
  constructor(ask: Ask) {
    this.#ask = ask;
  }

  static at(url: string): CmsBrowser {
    return new CmsBrowser((path, init) => fetch(url + path, { ...init, redirect: 'manual' }));
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Page> {
    return this.#send(path, { headers });
  }

  /** @param fields all of them, with `csrf`; or the bytes of a form */
  post(
    path: string,
    fields: Readonly<Record<string, string>> | FormData | Blob,
    headers: Record<string, string> = {},
  ): Promise<Page> {
    const isWhole = fields instanceof FormData || fields instanceof Blob;
    const body = isWhole ? fields : new URLSearchParams(fields);
    return this.#send(path, { method: 'POST', body, headers });
  }

  /** The secret of the page's forms. */
  async csrf(path = '/cms'): Promise<string> {
    return csrfIn(await this.get(path));
  }

  /** Loads the form and sends it. */
  async signIn(
    email: string,
    password: string,
    { next = '', headers = {} }: { next?: string; headers?: Record<string, string> } = {},
  ): Promise<Page> {
    const form = await this.get(`/cms/sign-in?next=${encodeURIComponent(next)}`, headers);
    const wanted = /name="next" value="([^"]*)"/.exec(form.html)?.[1] ?? '';
    return this.post('/cms/sign-in', { csrf: csrfIn(form), email, password, next: textOf(wanted) }, headers);
  }

  async isSignedIn(): Promise<boolean> {
    return (await this.get('/cms')).status === 200;
  }

  async #send(path: string, init: RequestInit): Promise<Page> {
    const headers = new Headers(init.headers);
    if (this.cookies.size > 0)
      headers.set('Cookie', [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await this.#ask(path, { ...init, headers });
    for (const cookie of response.headers.getSetCookie()) this.#keep(cookie);
    return { status: response.status, headers: response.headers, html: await response.text() };
  }

  #keep(cookie: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
    if (/;\s*Max-Age=0(;|$)/i.test(cookie)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

export function csrfIn({ html }: Page): string {
  const csrf = /name="csrf" value="([^"]+)"/.exec(html)?.[1];
  if (csrf === undefined) throw new Error(`no form in:\n${html.slice(0, 2_000)}`);
  return csrf;
}

export const textOf = (html: string): string =>
  html
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
