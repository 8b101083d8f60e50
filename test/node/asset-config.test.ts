// The settings of the CDN and its bucket: all of a bucket or none, each mistake by name, and no secret told.

import { expect, test } from 'vitest';
import { describeConfig, loadConfig, type Config } from '../../src/config.ts';

const secrets = { ADMIN_TOKEN: 'an-admin-token-of-enough-length', AUTH_SECRET: 'a secret of enough length' };
const bucket = {
  CDN_URL: 'https://cdn.example.com/sale',
  S3_ENDPOINT: 'https://s3.example.com',
  S3_BUCKET: 'shop-assets',
  S3_ACCESS_KEY_ID: 'AKIA0',
  S3_SECRET_ACCESS_KEY: 'the/secret+key',
};
const purge = { CDN_PURGE_URL: 'https://hook.example.com/s3cr3t-path', CDN_PURGE_TOKEN: 'token-of-the-hook' };

const assetsOf = (settings: Record<string, string>): Config['assets'] =>
  loadConfig({ ...secrets, ...settings }, {}).assets;

/** Every mistake as one line. */
function mistakesOf(settings: Record<string, string | undefined>): string[] {
  try {
    loadConfig({ ...secrets, ...settings }, {});
  } catch (error) {
    return (error as Error).message.split('\n  - ').slice(1);
  }
  return [];
}

test('without settings files stay at the node', () => {
  expect(assetsOf({})).toEqual({ cdnUrl: undefined, bucket: undefined, purge: undefined });
  expect(assetsOf({ CDN_URL: 'https://cdn.example.com' })).toEqual({
    cdnUrl: 'https://cdn.example.com/',
    bucket: undefined,
    purge: undefined,
  });
});

test('a bucket, its CDN and a hook', () => {
  expect(assetsOf({ ...bucket, ...purge, S3_PREFIX: 'shop/sale', S3_REGION: 'eu-west-1' })).toEqual({
    cdnUrl: 'https://cdn.example.com/sale/',
    bucket: {
      endpoint: 'https://s3.example.com',
      bucket: 'shop-assets',
      prefix: 'shop/sale/',
      region: 'eu-west-1',
      accessKeyId: 'AKIA0',
      secretAccessKey: 'the/secret+key',
    },
    purge: { url: purge.CDN_PURGE_URL, token: purge.CDN_PURGE_TOKEN },
  });
  expect(assetsOf(bucket).bucket).toMatchObject({ prefix: '', region: 'us-east-1' });
});

test.each<[string, Record<string, string | undefined>, RegExp]>([
  [
    'a bucket without its key',
    { ...bucket, S3_ACCESS_KEY_ID: undefined },
    /^S3_ACCESS_KEY_ID is missing: with S3_ENDPOINT/,
  ],
  [
    'a prefix of no bucket',
    { CDN_URL: bucket.CDN_URL, S3_PREFIX: 'a' },
    /^S3_ENDPOINT, S3_BUCKET, .* are missing/,
  ],
  ['a bucket that nobody reads', { ...bucket, CDN_URL: undefined }, /^CDN_URL is missing/],
  [
    'a hook without a CDN',
    { CDN_PURGE_URL: 'https://hook' },
    /^CDN_PURGE_URL must be left out without CDN_URL/,
  ],
  [
    'a token without a hook',
    { CDN_URL: 'https://cdn', CDN_PURGE_TOKEN: 'token' },
    /^CDN_PURGE_TOKEN must be left out without CDN_PURGE_URL/,
  ],
])('%s is a mistake', (_, settings, told) => {
  const mistakes = mistakesOf(settings);
  expect(mistakes).toHaveLength(1);
  expect(mistakes[0]).toMatch(told);
});

test.each<[string, string]>([
  ['CDN_URL', 'cdn.example.com'],
  ['CDN_URL', 'https://user:password@cdn.example.com'],
  ['CDN_URL', 'https://cdn.example.com/?v=1'],
  ['S3_ENDPOINT', 'https://s3.example.com/shop-assets'],
  ['S3_ENDPOINT', 's3://shop-assets'],
  ['S3_BUCKET', 'no/bucket'],
  ['S3_PREFIX', '/sale'],
  ['S3_PREFIX', 'a/../b'],
  ['S3_REGION', 'EU West'],
  ['S3_ACCESS_KEY_ID', 'two words'],
  ['S3_SECRET_ACCESS_KEY', 'two secret words'],
  ['CDN_PURGE_URL', 'ftp://hook'],
  ['CDN_PURGE_TOKEN', 'two secret words'],
])('%s must not be %j', (name, value) => {
  const mistakes = mistakesOf({ ...bucket, ...purge, [name]: value });
  expect(mistakes).toHaveLength(1);
  expect(mistakes[0]).toMatch(new RegExp(`^${name} must `));
  expect(mistakes[0]).not.toContain('secret words');
  expect(mistakes[0]).not.toContain('password@');
});

test('keys and tokens are hidden', () => {
  const shown = JSON.stringify(describeConfig({ ...secrets, ...bucket, ...purge }, {}));
  for (const hidden of [bucket.S3_SECRET_ACCESS_KEY, 's3cr3t-path', purge.CDN_PURGE_TOKEN])
    expect(shown).not.toContain(hidden);
  expect(shown).toContain('shop-assets');
});
