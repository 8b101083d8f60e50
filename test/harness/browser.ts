// A real browser for tests of pages. Each visit has cookies of its own, and whatever the browser holds against a page is kept:
// console errors, exceptions, what the Content-Security-Policy forbids, answers that say that the server failed. The browser, its
// processes and its folder end with `stop`, and with this process.

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import { chromium, type Browser as Chromium, type BrowserContext, type Page } from 'playwright-core';
import { CHROMIUM } from '../servers/chromium.ts';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** The machine may be busy with other tests. */
const STEP_MS_MAX = 60_000;
export const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1_280, height: 900 } } as const;
export type Size = keyof typeof SIZES;
type Scheme = 'light' | 'dark';
export type Look = `${Size} ${Scheme}`;
export const LOOKS: readonly Look[] = ['phone light', 'phone dark', 'desktop light', 'desktop dark'];

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export interface VisitOptions {
  readonly size?: Size;
  /** Without it the page is what the server made of it. */
  readonly javaScript?: boolean;
  /** How far the browser's clock is ahead of the right one. */
  readonly clockAheadMs?: number;
  /** Of whoever reads. */
  readonly locale?: string;
  readonly timeZone?: string;
}

export class Browser {
  readonly #chromium: Chromium;

  private constructor(browser: Chromium) {
    this.#chromium = browser;
  }

  static async start(): Promise<Browser> {
    return new Browser(await chromium.launch({ executablePath: CHROMIUM, args: FLAGS }));
  }

  async visit(origin: string, options: VisitOptions = {}): Promise<Visit> {
    const { size = 'desktop', javaScript = true, clockAheadMs = 0, locale = 'en-GB', timeZone } = options;
    const context = await this.#chromium.newContext({
      baseURL: origin,
      viewport: SIZES[size],
      javaScriptEnabled: javaScript,
      reducedMotion: 'reduce',
      locale,
      ...(timeZone !== undefined && { timezoneId: timeZone }),
    });
    context.setDefaultTimeout(STEP_MS_MAX);
    if (clockAheadMs !== 0) await context.addInitScript(clockAhead(clockAheadMs));
    return new Visit(context, await context.newPage(), javaScript);
  }

  async stop(): Promise<void> {
    await this.#chromium.close();
  }
}

/** Of every page, before its own scripts. What the browser measures by itself, such as performance.now(), stays right. */
const clockAhead = (ms: number): string => `{
  const RightDate = Date;
  globalThis.Date = class extends RightDate {
    constructor(...parts) {
      if (parts.length === 0) super(RightDate.now() + ${ms});
      else super(...parts);
    }
    static now() {
      return RightDate.now() + ${ms};
    }
  };
}`;

export class Visit {
  readonly page: Page;
  /** What the browser holds against the pages so far. */
  readonly faults: string[] = [];
  readonly #context: BrowserContext;
  readonly #hasJavaScript: boolean;

  constructor(context: BrowserContext, page: Page, hasJavaScript: boolean) {
    this.#context = context;
    this.#hasJavaScript = hasJavaScript;
    this.page = page;
    page.on('console', (message) => {
      if (message.type() !== 'error' && !message.text().includes('Content Security Policy')) return;
      // A form that was refused is a page with a status of its own, and no fault.
      const { url } = message.location();
      if (message.text().startsWith('Failed to load resource') && url === page.url()) return;
      // Nor is a ticket that has to be worked for.
      if (message.text().includes('status of 403') && url.endsWith('/v1/tickets')) return;
      this.faults.push(`${page.url()}: ${message.text()} ${url === page.url() ? '' : url}`.trimEnd());
    });
    page.on('pageerror', (error) => this.faults.push(`${page.url()}: ${error.stack ?? error.message}`));
    page.on('response', (response) => {
      if (response.status() >= 500) this.faults.push(`${response.url()}: ${response.status()}`);
    });
  }

  async end(): Promise<void> {
    await this.#context.close();
  }

  /** @returns what axe finds in the page as it stands, and what does not fit into its width; both sizes and both schemes are seen */
  async inspect(name: string, looks: readonly Look[] = ['phone dark', 'desktop light']): Promise<string[]> {
    const present = this.page.viewportSize()!;
    const found: string[] = [];
    for (const look of LOOKS) {
      const isInspected = looks.includes(look);
      if (!isInspected && process.env['SCREENSHOTS'] === undefined) continue;
      const [size, colorScheme] = look.split(' ') as [Size, Scheme];
      await this.page.setViewportSize(SIZES[size]);
      await this.page.emulateMedia({ colorScheme });
      await this.#keepScreenshot(`${name}-${size}-${colorScheme}`);
      if (isInspected)
        found.push(...(await this.#findings()).map((finding) => `${size}, ${colorScheme}: ${finding}`));
    }
    await this.page.emulateMedia({ colorScheme: 'light' });
    await this.page.setViewportSize(present);
    return found;
  }

  /** Only for people who set SCREENSHOTS to a folder. */
  async #keepScreenshot(name: string): Promise<void> {
    const folder = process.env['SCREENSHOTS'];
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }

  /** Through the debugger, which the page's policy does not bind: nothing of the policy is switched off for it. */
  async run<T>(expression: string): Promise<T> {
    const debug = await this.#context.newCDPSession(this.page);
    try {
      const options = { expression, awaitPromise: true, returnByValue: true };
      const { result, exceptionDetails } = await debug.send('Runtime.evaluate', options);
      if (exceptionDetails !== undefined)
        throw new Error(`the page says: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
      return result.value as T;
    } finally {
      await debug.detach();
    }
  }

  /** axe is JavaScript itself: without it only the width is looked at. */
  async #findings(): Promise<string[]> {
    const overflow = await this.run<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    const tooWide = overflow > 0 ? [`the page is ${overflow} pixels wider than the screen`] : [];
    if (!this.#hasJavaScript) return tooWide;
    if ((await this.run('typeof axe')) === 'undefined') await this.run(`${axeSource}; undefined`);
    const violations = await this.run<AxeResults['violations']>(
      `axe.run({ resultTypes: ['violations'] }).then(({ violations }) =>
        violations.map(({ id, help, nodes }) => ({
          id, help, nodes: nodes.map(({ html, failureSummary }) => ({ html, failureSummary })),
        })))`,
    );
    const found = violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html} (${failureSummary})`),
    );
    return [...found, ...tooWide];
  }
}
