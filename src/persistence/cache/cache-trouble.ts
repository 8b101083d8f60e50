// What is wrong when Redis does not serve: what it says of itself, by name, so that whoever reads the log knows what to change.
// Pure. What the client says is told as it is; a refused login's command, which holds the password, is no part of that.

export interface CacheTrouble {
  /** `error`: it stays until somebody changes something. `warn`: it passes by itself. */
  readonly level: 'error' | 'warn';
  readonly message: string;
}

const CREDENTIALS = /\b(WRONGPASS|NOAUTH|ERR AUTH|ERR invalid password)\b/;
const RIGHTS = /\bNOPERM\b/;
/** Within a script older servers say it behind words of their own. */
const READ_ONLY = /\bREADONLY\b/;
const SENTINELS = /^All sentinels are unreachable/;
/** As TLS has it: unknown authority, another host, expired. */
const CERTIFICATE = /\bcertificate\b/i;

const WITHOUT = 'the node goes on without a cache';
const AWAY: CacheTrouble = {
  level: 'warn',
  message: 'the cache is away; reads go to actors and Postgres, and sales go on',
};
const REFUSALS: readonly (readonly [(cause: string) => boolean, string])[] = [
  [
    (cause) => CREDENTIALS.test(cause) && SENTINELS.test(cause),
    `the sentinels refuse the sentinelPassword of REDIS_URL, or want one: ${WITHOUT}`,
  ],
  [
    (cause) => CREDENTIALS.test(cause),
    `Redis refuses the user or the password of REDIS_URL, or wants them: ${WITHOUT}`,
  ],
  [
    (cause) => RIGHTS.test(cause),
    `the user of REDIS_URL may not do what a cache needs (docs/cache.md lists it): ${WITHOUT}`,
  ],
  [isReadOnly, 'REDIS_URL leads to a read-only replica: it is read, and nothing new is cached'],
  [
    (cause) => CERTIFICATE.test(cause),
    `the certificate of Redis is not trusted; NODE_EXTRA_CA_CERTS names a file with an authority of one’s own: ${WITHOUT}`,
  ],
];

/** It serves readers, and refuses what would change something. @param cause the client's message */
export function isReadOnly(cause: string): boolean {
  return READ_ONLY.test(cause);
}

/** @param cause the client's message */
export function troubleOf(cause: string): CacheTrouble {
  const refusal = REFUSALS.find(([isIt]) => isIt(cause));
  return refusal === undefined ? AWAY : { level: 'error', message: refusal[1] };
}
