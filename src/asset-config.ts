// The settings of the CDN and of the bucket behind it: all of a bucket or none of it, and what leads nowhere is a mistake.

import * as z from 'zod';

const httpAddress = (what: string) =>
  z.string().refine(isPlainHttpAddress, {
    error: `must be ${what}, beginning with https:// (or http://), without a password, ? and #`,
  });

function isPlainHttpAddress(text: string): boolean {
  const address = URL.parse(text);
  return (
    address !== null &&
    ['http:', 'https:'].includes(address.protocol) &&
    address.username + address.password + address.search + address.hash === '' &&
    !/[?#]/.test(text)
  );
}

export const ASSET_SETTINGS = {
  CDN_URL: httpAddress('the address in front of the names of files')
    .optional()
    .describe('where pages take pictures and product data from; without it from the node itself'),
  CDN_PURGE_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' })
    .optional()
    .describe('is told by POST which addresses the CDN is to forget'),
  CDN_PURGE_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{1,4096}$/, 'must be printable ASCII without spaces')
    .optional()
    .describe('bearer token of these calls'),
  S3_ENDPOINT: httpAddress('the address of an S3-compatible service')
    .refine((text) => !isPlainHttpAddress(text) || new URL(text).pathname === '/', {
      error: 'must have no path: the bucket has a setting of its own, S3_BUCKET',
    })
    .optional()
    .describe('S3-compatible service with the bucket behind the CDN; without it a folder of the node'),
  S3_BUCKET: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{2,62}$/, 'must be 3 to 63 letters, digits, dots and dashes')
    .optional()
    .describe('name of the bucket'),
  S3_PREFIX: z
    .string()
    .regex(
      /^(?!.*\.\.)[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*\/?$/,
      'must be names of folders with / between them, as shop/assets, and no / in front',
    )
    .max(200)
    .optional()
    .describe('in front of the names of files in the bucket'),
  S3_REGION: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/, 'must be lower-case letters, digits and dashes')
    .optional()
    .describe('of the bucket; us-east-1 where nothing is set'),
  S3_ACCESS_KEY_ID: z
    .string()
    .regex(/^[\x21-\x7e]{1,256}$/, 'must be printable ASCII without spaces')
    .optional()
    .describe('key that may put and delete objects'),
  S3_SECRET_ACCESS_KEY: z
    .string()
    .regex(/^[\x21-\x7e]{1,1024}$/, 'must be printable ASCII without spaces')
    .optional()
    .describe('its secret'),
};

/** The address of a hook may have a password in its path. */
export const ASSET_SECRETS = ['S3_SECRET_ACCESS_KEY', 'CDN_PURGE_URL', 'CDN_PURGE_TOKEN'];

type AssetSettings = { readonly [name in keyof typeof ASSET_SETTINGS]?: string | undefined };

export interface BucketConfig {
  readonly endpoint: string;
  readonly bucket: string;
  /** Empty, or ends with a slash. */
  readonly prefix: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface AssetConfig {
  /** Ends with a slash. */
  readonly cdnUrl: string | undefined;
  readonly bucket: BucketConfig | undefined;
  readonly purge: { readonly url: string; readonly token: string | undefined } | undefined;
}

const BUCKET_NEEDS = ['S3_ENDPOINT', 'S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const;
const BUCKET_TAKES = [...BUCKET_NEEDS, 'S3_PREFIX', 'S3_REGION'] as const;

export function assetContradictions(values: AssetSettings): string[] {
  const problems: string[] = [];
  const set = BUCKET_TAKES.filter((name) => values[name] !== undefined);
  const missing = BUCKET_NEEDS.filter((name) => values[name] === undefined);
  if (set.length > 0 && missing.length > 0)
    problems.push(
      `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing: with ${set[0]} files go to a bucket, which has all of ` +
        `${BUCKET_NEEDS.join(', ')}; without a bucket leave ${set.join(', ')} out`,
    );
  if (set.length > 0 && values.CDN_URL === undefined)
    problems.push(
      'CDN_URL is missing: it is the address at which shoppers read what is in the bucket; without it nobody would',
    );
  if (values.CDN_PURGE_URL !== undefined && values.CDN_URL === undefined)
    problems.push('CDN_PURGE_URL must be left out without CDN_URL: there is no CDN that could forget files');
  if (values.CDN_PURGE_TOKEN !== undefined && values.CDN_PURGE_URL === undefined)
    problems.push('CDN_PURGE_TOKEN must be left out without CDN_PURGE_URL: it would be sent to nobody');
  return problems;
}

/** @param values without contradictions */
export function toAssetConfig(values: AssetSettings): AssetConfig {
  const { CDN_URL: cdnUrl, CDN_PURGE_URL: purgeUrl, S3_ENDPOINT: endpoint, S3_PREFIX: prefix = '' } = values;
  return {
    cdnUrl: cdnUrl && withSlash(cdnUrl),
    bucket:
      endpoint === undefined
        ? undefined
        : {
            endpoint: new URL(endpoint).origin,
            bucket: values.S3_BUCKET!,
            prefix: prefix && withSlash(prefix),
            region: values.S3_REGION ?? 'us-east-1',
            accessKeyId: values.S3_ACCESS_KEY_ID!,
            secretAccessKey: values.S3_SECRET_ACCESS_KEY!,
          },
    purge: purgeUrl === undefined ? undefined : { url: purgeUrl, token: values.CDN_PURGE_TOKEN },
  };
}

const withSlash = (text: string): string => (text.endsWith('/') ? text : `${text}/`);
