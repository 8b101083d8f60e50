// A picture as pages show it: the same in several widths and formats, each a file of its own.

export interface ImageVariant {
  /** Name of its file. */
  readonly file: string;
  /** The CDN's once it has the file, this node's own before. */
  readonly url: string;
  readonly width: number;
  readonly height: number;
  readonly type: PictureFormat;
}

export interface Image {
  readonly id: string;
  /** Of the widest variant. */
  readonly width: number;
  readonly height: number;
  /** Widest first within each type. */
  readonly variants: readonly ImageVariant[];
}

export type PictureFormat = 'image/avif' | 'image/webp' | 'image/jpeg';

export type ImageAdded = { readonly outcome: 'added'; readonly image: Image } | PictureRefused;

export interface PictureRefused {
  readonly outcome: 'refused';
  /** What is wrong and what would be right, for people. */
  readonly reason: string;
  /** The same picture may be taken later. */
  readonly canRetry: boolean;
}
