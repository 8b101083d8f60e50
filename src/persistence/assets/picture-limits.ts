// What a picture may be, and what working on it may cost.

export const PICTURE_LIMITS = {
  /** Of the file that is uploaded. */
  bytesMax: 20 * 1024 * 1024,
  /** Width times height. */
  pixelsMax: 50_000_000,
  /** Width or height. */
  sideMin: 64,
  sideMax: 16_000,
  /** From the start of the process to its answer. */
  workMs: 60_000,
  /** Memory that the process may ask for, kibibytes. Node itself asks for a third of it, and uses little of that. */
  memoryKibibytesMax: 1_536 * 1_024,
  /** Of all files that come out. */
  outputBytesMax: 32 * 1024 * 1024,
  /** Pictures that wait for their turn, a thread. */
  waitingMax: 8,
  /** Of those and of the one in work, bytes. */
  waitingBytesMax: 48 * 1024 * 1024,
} as const;

export type PictureLimits = { readonly [name in keyof typeof PICTURE_LIMITS]: number };

/** Widths of a picture’s variants; none is wider than the picture itself. */
export const WIDTHS = [320, 640, 1_280, 1_920] as const;
/** Of the variant for browsers that know neither AVIF nor WebP. */
export const FALLBACK_WIDTH = 1_280;
