// The first visit of a page: what came over the line, as the browser's debugger counts it, and when the page was of use. The cache of
// the visit must be empty, so each is a visit of its own.

import type { CDPSession } from 'playwright-core';
import type { ShopVisit } from './shop-visit.ts';

/** Such as a slow phone, or a slow line. */
export interface Conditions {
  /** How many times slower the page's scripts run. */
  readonly cpuSlowdown?: number;
  readonly network?: {
    readonly latencyMs: number;
    readonly downBytesPerSecond: number;
    readonly upBytesPerSecond: number;
  };
}

export interface PageLoad {
  /** All but pictures, which the page is not waited for. */
  readonly requests: number;
  /** With the heads of the answers. */
  readonly transferredBytes: number;
  readonly decodedBytes: number;
  /** The same two by kind: Document, Script, Stylesheet … */
  readonly bytesByKind: Readonly<Record<string, number>>;
  readonly pictureRequests: number;
  readonly pictureBytes: number;
  /** Milliseconds since the navigation began: something is painted; the script has taken the page over, and its buttons work. */
  readonly paintedMs: number;
  readonly interactiveMs: number;
}

interface Counted {
  readonly kind: string;
  transferredBytes: number;
  decodedBytes: number;
}

/** Notes when the script says that the page is its own. */
const NOTE = `new MutationObserver((_, observer) => {
  if (!document.querySelector('[data-part=drop][data-live=yes]')) return;
  observer.disconnect();
  window.interactiveMs = performance.now();
}).observe(document, { attributes: true, attributeFilter: ['data-live'], subtree: true })`;

const FIRST_PAINT = `performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0`;
/** What a page asks for beside itself when it is there. */
const AFTERWARDS_MS = 500;

/** @returns when nothing was under way any more for a moment, but for the event stream */
export async function loadPage(
  { page, visit }: ShopVisit,
  path: string,
  { cpuSlowdown = 1, network }: Conditions = {},
): Promise<PageLoad> {
  await page.addInitScript(NOTE);
  const debug = await page.context().newCDPSession(page);
  const counted = await count(debug);
  if (network !== undefined)
    await debug.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: network.latencyMs,
      downloadThroughput: network.downBytesPerSecond,
      uploadThroughput: network.upBytesPerSecond,
    });
  await debug.send('Emulation.setCPUThrottlingRate', { rate: cpuSlowdown });
  await page.goto(path);
  await page.locator('[data-part=drop][data-live=yes]').waitFor();
  await page.waitForTimeout(AFTERWARDS_MS);
  const interactiveMs = await visit.run<number>('window.interactiveMs');
  const paintedMs = await visit.run<number>(FIRST_PAINT);
  await debug.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  await debug.detach();
  const all = [...counted.values()];
  const pictures = all.filter(({ kind }) => kind === 'Image');
  const others = all.filter(({ kind }) => kind !== 'Image');
  const bytesByKind: Record<string, number> = {};
  for (const { kind, transferredBytes } of others)
    bytesByKind[kind] = (bytesByKind[kind] ?? 0) + transferredBytes;
  return {
    requests: others.length,
    transferredBytes: sum(others, 'transferredBytes'),
    decodedBytes: sum(others, 'decodedBytes'),
    bytesByKind,
    pictureRequests: pictures.length,
    pictureBytes: sum(pictures, 'transferredBytes'),
    paintedMs,
    interactiveMs,
  };
}

const sum = (all: readonly Counted[], what: 'transferredBytes' | 'decodedBytes'): number =>
  all.reduce((bytes, each) => bytes + each[what], 0);

async function count(debug: CDPSession): Promise<ReadonlyMap<string, Counted>> {
  const counted = new Map<string, Counted>();
  debug.on('Network.responseReceived', ({ requestId, type, response }) => {
    // A picture that stands in the page itself came with it.
    if (response.url.startsWith('data:')) return;
    counted.set(requestId, { kind: type, transferredBytes: response.encodedDataLength, decodedBytes: 0 });
  });
  debug.on('Network.dataReceived', ({ requestId, dataLength, encodedDataLength }) => {
    const request = counted.get(requestId);
    if (request === undefined) return;
    request.decodedBytes += dataLength;
    request.transferredBytes += encodedDataLength;
  });
  // The browser's own figure of what came in all; an event stream never gets here.
  debug.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const request = counted.get(requestId);
    if (request !== undefined) request.transferredBytes = encodedDataLength;
  });
  await debug.send('Network.enable');
  return counted;
}
