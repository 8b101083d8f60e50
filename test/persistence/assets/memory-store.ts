// A store in memory that does what the test says.

import { AssetStoreFailed, type AssetStore } from '../../../src/persistence/index.ts';

export class MemoryStore implements AssetStore {
  readonly files = new Map<string, { bytes: Uint8Array; contentType: string }>();
  puts = 0;
  /** Undefined: it works. */
  trouble: string | undefined;
  /** What each put waits for. */
  gate: Promise<void> = Promise.resolve();
  readonly #id: string;

  constructor(id = 'memory') {
    this.#id = id;
  }

  async id(): Promise<string> {
    return this.#id;
  }

  async put(
    name: string,
    bytes: Uint8Array<ArrayBuffer>,
    contentType: string,
    signal: AbortSignal,
  ): Promise<void> {
    this.puts++;
    await Promise.race([this.gate, given(signal)]);
    if (signal.aborted) throw new AssetStoreFailed('it was left');
    this.#assertWorks();
    this.files.set(name, { bytes, contentType });
  }

  async delete(name: string): Promise<void> {
    this.#assertWorks();
    this.files.delete(name);
  }

  #assertWorks(): void {
    if (this.trouble !== undefined) throw new AssetStoreFailed(this.trouble);
  }
}

const given = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
