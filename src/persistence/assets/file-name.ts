// Names of files that a CDN serves: the SHA-256 of the bytes, so that a name always means the same bytes, can be kept for ever,
// and is known to nobody who was not given it.

import { createHash } from 'node:crypto';

const ENDINGS = {
  'image/avif': 'avif',
  'image/webp': 'webp',
  'image/jpeg': 'jpg',
  'application/json': 'json',
} as const;

export type FileType = keyof typeof ENDINGS;

const NAME = /^[0-9a-f]{64}\.(avif|webp|jpg|json)$/;

export const fileName = (bytes: Uint8Array, type: FileType): string =>
  `${createHash('sha256').update(bytes).digest('hex')}.${ENDINGS[type]}`;

export const isFileName = (text: string): boolean => NAME.test(text);

/** As it is served; the ending tells it. @param name one of ours */
export const fileType = (name: string): FileType => TYPES.get(name.slice(name.indexOf('.') + 1))!;

const TYPES: ReadonlyMap<string, FileType> = new Map(
  Object.entries(ENDINGS).map(([type, ending]) => [ending, type as FileType]),
);

/** The SHA-256 in it, in hex. */
export const sumOf = (name: string): string => name.slice(0, 64);
