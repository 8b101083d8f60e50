// Which compression a client understands, and bytes compressed by it once for all. Off the thread that sells: a file is compressed in
// Node's pool when somebody first asks for it.

import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

export type Encoding = 'br' | 'gzip';

type Bytes = Uint8Array<ArrayBuffer>;

/** The better one first. */
const ENCODINGS: readonly Encoding[] = ['br', 'gzip'];

const compress: Readonly<Record<Encoding, (bytes: Bytes) => Promise<Buffer>>> = {
  br: (bytes) =>
    promisify(brotliCompress)(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.byteLength,
      },
    }),
  gzip: (bytes) => promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }),
};

/** @param accepted the request's Accept-Encoding @returns undefined for the bytes as they are */
export function encodingFor(accepted: string | undefined): Encoding | undefined {
  if (accepted === undefined) return undefined;
  const weights = new Map<string, number>();
  for (const part of accepted.toLowerCase().split(',')) {
    const [name, ...parameters] = part.split(';').map((text) => text.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    weights.set(name!, weight === undefined ? 1 : Number(weight) || 0);
  }
  const weightOf = (name: string): number => weights.get(name) ?? weights.get('*') ?? 0;
  const [best] = ENCODINGS.toSorted((one, other) => weightOf(other) - weightOf(one));
  const plain = weights.get('identity') ?? 0;
  return weightOf(best!) > 0 && weightOf(best!) >= plain ? best : undefined;
}

/** One file in every encoding that somebody asked for. */
export class CompressedBytes {
  readonly #bytes: Bytes;
  readonly #made = new Map<Encoding, Promise<Bytes | undefined>>();

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  /** @returns undefined when they would be no fewer, or could not be made just now */
  as(encoding: Encoding): Promise<Bytes | undefined> {
    const present = this.#made.get(encoding);
    if (present !== undefined) return present;
    const made = compress[encoding](this.#bytes).then(
      (bytes) => (bytes.byteLength < this.#bytes.byteLength ? new Uint8Array(bytes) : undefined),
      () => {
        this.#made.delete(encoding);
        return undefined;
      },
    );
    this.#made.set(encoding, made);
    return made;
  }
}
