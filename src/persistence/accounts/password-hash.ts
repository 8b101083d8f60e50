// A password as it is kept: argon2id in the usual text form with its parameters and salt, so that they can change later and older
// ones are still read.

import { argon2, timingSafeEqual } from 'node:crypto';

export interface HashParameters {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

/** The least that OWASP recommends for argon2id. */
export const HASH_PARAMETERS: HashParameters = { memoryKiB: 19_456, passes: 2, lanes: 1 };
/** What a row may ask of this thread: no more than this, whoever wrote it. */
const MEMORY_KIB_MAX = 256 * 1024;
const PASSES_MAX = 16;
const LANES_MAX = 16;
export const SALT_BYTES = 16;
const TAG_BYTES = 32;

interface PasswordHash extends HashParameters {
  readonly salt: Buffer;
  readonly tag: Buffer;
}

const FORM =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

export async function hashOf(password: string, salt: Buffer, parameters: HashParameters): Promise<string> {
  return textOf({ ...parameters, salt, tag: await derive(password, salt, TAG_BYTES, parameters) });
}

export async function matches(password: string, text: string): Promise<boolean> {
  const { salt, tag, ...parameters } = parse(text);
  return timingSafeEqual(await derive(password, salt, tag.length, parameters), tag);
}

/** Whether it was made with these parameters. */
export function isMadeWith(text: string, wanted: HashParameters): boolean {
  const { memoryKiB, passes, lanes } = parse(text);
  return memoryKiB === wanted.memoryKiB && passes === wanted.passes && lanes === wanted.lanes;
}

/** Costs what any other costs, and no password is known to match it. */
export const nobodysHash = (parameters: HashParameters): string =>
  textOf({ ...parameters, salt: Buffer.alloc(SALT_BYTES), tag: Buffer.alloc(TAG_BYTES) });

function textOf({ memoryKiB, passes, lanes, salt, tag }: PasswordHash): string {
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${lanes}$${unpadded(salt)}$${unpadded(tag)}`;
}

function parse(text: string): PasswordHash {
  const [, memory, passes, lanes, salt, tag] = FORM.exec(text) ?? [];
  const parsed = { memoryKiB: Number(memory), passes: Number(passes), lanes: Number(lanes) };
  const isBounded =
    parsed.memoryKiB <= MEMORY_KIB_MAX && parsed.passes <= PASSES_MAX && parsed.lanes <= LANES_MAX;
  if (!isBounded) throw new Error('a row of users holds no argon2id hash that this version would compute');
  return { ...parsed, salt: Buffer.from(salt!, 'base64'), tag: Buffer.from(tag!, 'base64') };
}

/** Letters that look alike and were typed in another way are the same letters. */
const derive = (
  password: string,
  salt: Buffer,
  tagLength: number,
  { memoryKiB, passes, lanes }: HashParameters,
): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    argon2(
      'argon2id',
      {
        message: password.normalize('NFKC'),
        nonce: salt,
        parallelism: lanes,
        tagLength,
        memory: memoryKiB,
        passes,
      },
      (error, tag) => (error === null ? resolve(tag) : reject(error)),
    ),
  );

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
