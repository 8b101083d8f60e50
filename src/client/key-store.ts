// Small texts that outlive a page: the keys of purchases whose outcome is not known yet. `localStorage` is one. Where a
// browser forbids storage they live in memory: a reload then forgets them, but the page still works.

/** `localStorage` and `sessionStorage` are such stores; either must be there again when the shopper comes back. */
export interface KeyStore {
  getItem(name: string): string | null;
  setItem(name: string, text: string): void;
  removeItem(name: string): void;
}

/** For as long as the page lives. */
export class MemoryStore implements KeyStore {
  readonly #texts = new Map<string, string>();

  getItem(name: string): string | null {
    return this.#texts.get(name) ?? null;
  }

  setItem(name: string, text: string): void {
    this.#texts.set(name, text);
  }

  removeItem(name: string): void {
    this.#texts.delete(name);
  }
}

/** Falls back to memory whenever the store itself fails: it may be forbidden, or full. */
export class SafeStore implements KeyStore {
  readonly #store: KeyStore | undefined;
  readonly #memory = new MemoryStore();

  constructor(store: KeyStore | undefined) {
    this.#store = store;
  }

  getItem(name: string): string | null {
    // What stands in memory could not be stored, so it is newer.
    return this.#memory.getItem(name) ?? attempt(() => this.#store?.getItem(name)) ?? null;
  }

  setItem(name: string, text: string): void {
    const isStored = attempt(() => {
      this.#store?.setItem(name, text);
      return this.#store !== undefined;
    });
    if (isStored === true) this.#memory.removeItem(name);
    else this.#memory.setItem(name, text);
  }

  removeItem(name: string): void {
    this.#memory.removeItem(name);
    attempt(() => this.#store?.removeItem(name));
  }
}

/** The browser's own; reading the name alone throws where storage is forbidden, and Node has none without a flag. */
export function browserStore(): KeyStore | undefined {
  return attempt(() => ('document' in globalThis ? globalThis.localStorage : undefined));
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
