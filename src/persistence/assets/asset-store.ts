// Where files for the CDN are put: a folder of this node, or a bucket. A store is only told what to have and what not; what it
// has stands in Postgres.

export interface AssetStore {
  /** Which one it is, also after a restart: what one store has says nothing of another. */
  id(): Promise<string>;
  /** Resolves when it is there for all readers. The same again is the same. @throws AssetStoreFailed */
  put(name: string, bytes: Uint8Array<ArrayBuffer>, contentType: string, signal: AbortSignal): Promise<void>;
  /** Resolves when it is not there, also when it never was. @throws AssetStoreFailed */
  delete(name: string, signal: AbortSignal): Promise<void>;
  /** Where that is quicker than Postgres. Undefined when it is not there, or cannot be read. */
  read?(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
}

/** In words, for the people who set the store up. Trying again can help. */
export class AssetStoreFailed extends Error {
  override readonly name = 'AssetStoreFailed';
}
