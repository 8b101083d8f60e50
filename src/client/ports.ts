// What the client takes from the world around it, so that tests can give it another one.

import { solveBeside } from './solver.ts';
import type { Challenge, Solution } from './work.ts';

export interface Ports {
  fetch(address: string, request: RequestInit): Promise<Response>;
  /** From 0 up to 1; only spreads waits. */
  random(): number;
  /** Epoch milliseconds by this machine's clock, right or wrong. */
  now(): number;
  /** Milliseconds that only ever grow. */
  monotonicMs(): number;
  /** Calls `act` once, later. Gives what takes that back. */
  after(ms: number, act: () => void): () => void;
  /** 128 random bits as text, never twice. */
  makeKey(): string;
  /** Works for a ticket. Undefined: it cannot be done here, or not in time. */
  solve(challenge: Challenge): Promise<Solution | undefined>;
  readonly page: PagePort;
  /** Whether `exclusively` reaches other pages. */
  readonly hasLocks: boolean;
  /** Runs `act` while no other page of this browser runs one of that name. */
  exclusively<T>(name: string, act: () => T): Promise<T>;
}

/** The page that the client lives in, if it lives in one. */
export interface PagePort {
  isHidden(): boolean;
  /** Gives what ends it. */
  onVisibility(listener: () => void): () => void;
}

export const waitFor = (ports: Pick<Ports, 'after'>, ms: number): Promise<void> =>
  new Promise((resolve) => {
    ports.after(ms, resolve);
  });

/** A page with the lock may have been frozen by its browser; then going on alone is better than not buying. */
const LOCK_TIMEOUT_MS = 2_000;

/** The few parts of a browser's window that Node may lack. */
interface Surroundings {
  readonly document?: {
    readonly hidden: boolean;
    addEventListener(type: string, listener: () => void): void;
    removeEventListener(type: string, listener: () => void): void;
  };
  readonly navigator?: {
    readonly locks?: {
      request<T>(name: string, options: { signal: AbortSignal }, act: () => T): Promise<T>;
    };
  };
}

const surroundings = globalThis as unknown as Surroundings;

export const realPorts: Ports = {
  fetch: (address, request) => globalThis.fetch(address, request),
  random: () => Math.random(),
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
  makeKey,
  solve: solveBeside,
  page: {
    isHidden: () => surroundings.document?.hidden ?? false,
    onVisibility: (listener) => {
      surroundings.document?.addEventListener('visibilitychange', listener);
      return () => surroundings.document?.removeEventListener('visibilitychange', listener);
    },
  },
  // Nobody shares the memory of Node.
  hasLocks: surroundings.document === undefined || surroundings.navigator?.locks !== undefined,
  exclusively,
};

// randomUUID exists only on https and localhost; a shop tried out on a local network has neither.
function makeKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

// Locks exist only on https and localhost, too. Without them `act` runs at once; it is synchronous, so that nothing of
// this page comes between.
async function exclusively<T>(name: string, act: () => T): Promise<T> {
  const locks = surroundings.navigator?.locks;
  if (locks === undefined) return act();
  let outcome: { readonly value: T } | undefined;
  try {
    await locks.request(name, { signal: AbortSignal.timeout(LOCK_TIMEOUT_MS) }, () => {
      outcome = { value: act() };
    });
  } catch {
    // Not granted in time.
  }
  return outcome === undefined ? act() : outcome.value;
}
