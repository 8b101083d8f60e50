// A form whose last field is one file, read as it arrives: fields first, then the file piece by piece, so that a file of any size
// costs no more memory than a piece of it. Like form.ts it takes nothing without the session's secret.

import type { Context } from 'hono';
import { isSecret } from '../form-secret.ts';
import { boundaryOf, END_OF_HEAD, headOf, malformed, PART_HEAD_BYTES_MAX } from './multipart.ts';
import { CmsProblem } from './cms-problem.ts';

export interface FileForm {
  readonly fields: (name: string) => string;
  /** Undefined when none was chosen. Must be read to its end; then whoever sent it is looked up again. */
  readonly file: AsyncIterable<Uint8Array> | undefined;
}

export const FILE_FORM_FIELDS_MAX = 16;
export const FILE_FORM_FIELD_BYTES_MAX = 4 * 1024;

/** @throws CmsProblem */
export async function readFileForm(c: Context): Promise<FileForm> {
  const separator = Buffer.from(`\r\n--${boundaryOf(c.req.header('content-type') ?? '')}`, 'latin1');
  const arriving = new Arriving(c.req.raw.body ?? [], separator);
  const fields = new Map<string, string>();
  let fileName: string | undefined;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one field after the other
    const head = await arriving.nextHead();
    if (head === undefined) break;
    const { name, file } = headOf(head);
    if (file !== undefined) {
      fileName = file.name;
      break;
    }
    if (fields.size === FILE_FORM_FIELDS_MAX)
      throw malformed(`it has more than ${FILE_FORM_FIELDS_MAX} fields`);
    // oxlint-disable-next-line no-await-in-loop -- one field after the other
    fields.set(name, await arriving.field());
  }
  if (!isSecret(fields.get('csrf') ?? '', c.get('cms').csrf))
    throw new CmsProblem(
      403,
      'This form is not of your session',
      'You may have signed in anew since the page was opened. Go back, load the page again and repeat what you did. Nothing was changed.',
    );
  c.set('csrfChecked', true);
  const lookAgain = c.get('lookAgain');
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield* arriving.file();
    await lookAgain();
  }
  return {
    fields: (name) => fields.get(name) ?? '',
    file: fileName === undefined || fileName === '' ? undefined : bytes(),
  };
}

class Arriving {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #separator: Buffer;
  /** Begins as if a line had ended: the first boundary looks like all others. */
  #held: Buffer = Buffer.from('\r\n');

  constructor(source: AsyncIterable<Uint8Array> | Iterable<never>, separator: Buffer) {
    this.#source =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : NOTHING[Symbol.asyncIterator]();
    this.#separator = separator;
  }

  /** @returns undefined at the end of the form @throws CmsProblem */
  async nextHead(): Promise<string | undefined> {
    const from = this.#separator.length;
    while (this.#held.length < from + 2) await this.#more();
    if (!this.#held.subarray(0, from).equals(this.#separator))
      throw malformed('it does not begin with its boundary');
    const next = this.#held.toString('latin1', from, from + 2);
    if (next === '--') return undefined;
    if (next !== '\r\n') throw malformed('a boundary is not followed by a line end');
    let end: number;
    while ((end = this.#held.indexOf(END_OF_HEAD, from)) < 0) {
      if (this.#held.length > from + PART_HEAD_BYTES_MAX) throw malformed('the head of a part does not end');
      await this.#more();
    }
    if (end - from > PART_HEAD_BYTES_MAX) throw malformed('the head of a part does not end');
    const head = this.#held.toString('utf8', from + 2, end);
    this.#held = this.#held.subarray(end + END_OF_HEAD.length);
    return head;
  }

  /** @throws CmsProblem */
  async field(): Promise<string> {
    let end: number;
    while ((end = this.#held.indexOf(this.#separator)) < 0) {
      if (this.#held.length > FILE_FORM_FIELD_BYTES_MAX + this.#separator.length) break;
      await this.#more();
    }
    if (end < 0 || end > FILE_FORM_FIELD_BYTES_MAX)
      throw malformed(`a field has more than ${FILE_FORM_FIELD_BYTES_MAX / 1024} KiB`);
    const value = this.#held.toString('utf8', 0, end);
    this.#held = this.#held.subarray(end);
    return value;
  }

  /** @throws CmsProblem when it is cut off */
  async *file(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const end = this.#held.indexOf(this.#separator);
        if (end >= 0) {
          if (end > 0) yield this.#held.subarray(0, end);
          return;
        }
        // The rest may be the beginning of the boundary.
        const safe = this.#held.length - this.#separator.length + 1;
        if (safe > 0) {
          yield this.#held.subarray(0, safe);
          this.#held = this.#held.subarray(safe);
        }
        await this.#more();
      }
    } finally {
      await this.#source.return?.();
    }
  }

  async #more(): Promise<void> {
    const next = await this.#source.next().catch(() => ({ done: true, value: undefined }) as const);
    if (next.done || next.value === undefined) throw malformed('its last boundary is missing');
    const piece = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    this.#held = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
  }
}

const NOTHING: AsyncIterable<Uint8Array> = {
  [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }),
};
