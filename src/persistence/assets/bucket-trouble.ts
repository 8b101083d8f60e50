// What a bucket's refusal means and what to do about it, in words that fit behind the bucket's name.

const TOLD_CHARACTERS_MAX = 200;

/** By the code in the answer, which all S3-compatible services share. */
const MEANINGS: Readonly<Record<string, string>> = {
  SignatureDoesNotMatch: 'refuses the key: are S3_SECRET_ACCESS_KEY and S3_ACCESS_KEY_ID right?',
  InvalidAccessKeyId: 'does not know the key: is S3_ACCESS_KEY_ID right?',
  AccessDenied: 'does not let this key write: it needs PutObject and DeleteObject, and nothing else',
  NoSuchBucket: 'does not exist there: is S3_BUCKET right?',
  RequestTimeTooSkewed: 'refuses the hour: this machine’s clock is wrong',
  AuthorizationHeaderMalformed: 'is in another region: is S3_REGION right?',
  PermanentRedirect: 'is at another address: are S3_ENDPOINT and S3_REGION right?',
  TemporaryRedirect: 'is at another address for now: a new bucket takes hours until its own address works',
  QuotaExceeded: 'is full',
  EntityTooLarge: 'takes no file as large as this',
  SlowDown: 'asks for fewer requests',
};

/** @param answer its body */
export function bucketTrouble(status: number, answer: string): string {
  const code = element('Code', answer);
  const message = element('Message', answer);
  const told = [status, code, message].filter((part) => part !== undefined).join(' ');
  const meaning = MEANINGS[code ?? ''] ?? meaningOf(status);
  return `${meaning} (answered ${told.slice(0, TOLD_CHARACTERS_MAX)})`;
}

function meaningOf(status: number): string {
  if (status === 401 || status === 403)
    return 'refuses this: are S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY right, and may they write?';
  if (status === 404) return 'is not there: are S3_ENDPOINT and S3_BUCKET right?';
  if (status >= 300 && status < 400) return 'is at another address: are S3_ENDPOINT and S3_REGION right?';
  if (status >= 500) return 'has trouble of its own';
  return 'refuses this';
}

function element(name: string, xml: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text?.replaceAll(/\s+/g, ' ').trim() || undefined;
}
