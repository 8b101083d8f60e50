// The static files of the pages: read once, kept in memory, addressed by the hash of their content, so that a browser
// may keep them for a year and still gets a new version at once. Answers come from this map and never from the disk,
// so no path in a request can reach another file. The typed client of src/client is served as client/*.js, without its
// types (client-scripts.ts), so that the pages run the same client as everybody else. Whoever takes compressed files gets them
// so, compressed once.

import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { extname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readClientScripts } from './client-scripts.ts';
import { CompressedBytes, encodingFor } from './content-encoding.ts';
import { bundle } from './script-bundle.ts';

export type Asset = {
  contentType: string;
  bytes: Uint8Array<ArrayBuffer>;
  compressed: CompressedBytes;
  hash: string;
};

/** What a request for a file says, each as its header does. */
export interface AssetRequest {
  /** The query's `v`. */
  readonly version?: string | undefined;
  readonly acceptEncoding?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

/** By name below /static/, for example `products/film-camera.svg`. */
export type Assets = ReadonlyMap<string, Asset>;

const folder = fileURLToPath(new URL('./static/', import.meta.url));
/** storefront.js with all that it imports. */
export const SHOP_SCRIPT = 'shop.js';
/** What the client starts threads with; it lies beside the client's modules, and beside the script that has them all. */
const THREAD_SCRIPT = 'work-thread.js';
/** What of /static/ is the client. */
const CLIENT = 'client/';

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
};

let loaded: Assets | undefined;

/** Reads the static folder on the first call; every later call gives the same map. */
export function loadAssets(): Assets {
  loaded ??= readAssets();
  return loaded;
}

/** The address to link: it carries the version, so the answer can be kept for ever. An unknown name is a bug. */
export function assetUrl(assets: Assets, name: string): string {
  const asset = assets.get(name);
  if (asset === undefined) throw new Error(`No static file is named ${name}`);
  return `/static/${name}?v=${asset.hash}`;
}

/** `path` is what follows /static/, already decoded. */
export async function assetResponse(
  assets: Assets,
  path: string,
  { version, acceptEncoding, ifNoneMatch }: AssetRequest,
): Promise<Response> {
  const asset = assets.get(path);
  if (asset === undefined) {
    return new Response('Not found\n', {
      status: 404,
      headers: {
        'Content-Type': 'text/plain; charset=utf-8',
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
      },
    });
  }
  const encoding = encodingFor(acceptEncoding);
  const compressed = encoding && (await asset.compressed.as(encoding));
  // Other bytes are another version of it, for whoever keeps them.
  const etag = compressed === undefined ? `"${asset.hash}"` : `"${asset.hash}-${encoding}"`;
  const headers: Record<string, string> = {
    'Content-Type': asset.contentType,
    'Cache-Control': version === asset.hash ? 'public, max-age=31536000, immutable' : 'no-cache',
    ETag: etag,
    Vary: 'Accept-Encoding',
    'X-Content-Type-Options': 'nosniff',
  };
  if (ifNoneMatch?.includes(etag)) return new Response(null, { status: 304, headers });
  if (compressed !== undefined) headers['Content-Encoding'] = encoding!;
  return new Response(compressed ?? asset.bytes, { headers });
}

function readAssets(): Assets {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && extname(entry.name) in contentTypes)
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).replaceAll('\\', '/'));
  const scripts = readClientScripts();
  const assets = new Map<string, Asset>();
  const textOf = (name: string): string => scripts.get(name) ?? readFileSync(join(folder, name), 'utf8');
  for (const name of [...names, ...scripts.keys()].sort()) addAsset(assets, name, [], textOf);
  keep(assets, THREAD_SCRIPT, Buffer.from(bundle(CLIENT + THREAD_SCRIPT, textOf)));
  const shop = bundle('storefront.js', textOf);
  keep(assets, SHOP_SCRIPT, Buffer.from(withVersions(shop, (name) => assets.get(name)!.hash)));
  return assets;
}

// A script's imports, and the threads that it starts, get their versions before the script itself is hashed: a change in a
// module thus changes the address of everything that needs it, and no browser ever mixes modules of two versions.
const NEEDED = /(\bfrom '|\bnew URL\(')\.\/([\w/-]+)\.[jt]s'/g;

const withVersions = (code: string, versionOf: (needed: string) => string): string =>
  code.replaceAll(
    NEEDED,
    (_, before: string, needed: string) => `${before}./${needed}.js?v=${versionOf(`${needed}.js`)}'`,
  );

function addAsset(
  assets: Map<string, Asset>,
  name: string,
  importers: readonly string[],
  textOf: (name: string) => string,
): Asset {
  const present = assets.get(name);
  if (present !== undefined) return present;
  if (importers.includes(name)) throw new Error(`Static scripts import each other in a circle at ${name}`);
  const path = [...importers, name];
  const versionOf = (needed: string): string =>
    addAsset(assets, posix.join(posix.dirname(name), needed), path, textOf).hash;
  const bytes = name.endsWith('.js')
    ? Buffer.from(withVersions(textOf(name), versionOf))
    : readFileSync(join(folder, name));
  return keep(assets, name, bytes);
}

function keep(assets: Map<string, Asset>, name: string, bytes: Buffer): Asset {
  const own = new Uint8Array(bytes);
  const asset: Asset = {
    contentType: contentTypes[extname(name)] ?? 'application/octet-stream',
    bytes: own,
    compressed: new CompressedBytes(own),
    hash: createHash('sha256').update(bytes).digest('hex').slice(0, 8),
  };
  assets.set(name, asset);
  return asset;
}
