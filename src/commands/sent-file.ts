// One file as the body of a call to a node: sent as it is read, in bounded memory, with progress.

import { createReadStream, statSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { pipeline } from 'node:stream/promises';
import { CommandError, whyOf, type NodeAddress } from '../node-client.ts';

export interface SentFile {
  readonly status: number;
  /** Undefined when it is not JSON. */
  readonly body: unknown;
}

/** From the last byte of the file to the answer. */
const ANSWER_MS_MAX = 120_000;

/** @param onProgress told the share of the file that is sent @throws CommandError */
export async function sendFile(
  { url, adminToken }: NodeAddress,
  path: string,
  file: string,
  onProgress: (share: number) => void,
  type = 'text/csv',
): Promise<SentFile> {
  const bytes = sizeOf(file);
  const { request } = url.startsWith('https:') ? https : http;
  const sent = request(url + path, {
    method: 'PUT',
    headers: {
      Authorization: `Bearer ${adminToken}`,
      'Content-Type': type,
      'Content-Length': bytes,
    },
  });
  const answer = new Promise<SentFile>((resolve, reject) => {
    sent.once('error', reject);
    sent.setTimeout(ANSWER_MS_MAX, () => sent.destroy(new Error(`no answer within ${ANSWER_MS_MAX} ms`)));
    sent.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => (text += piece));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: jsonOf(text) }));
    });
  });
  let done = 0;
  const source = createReadStream(file);
  source.on('data', (piece) => onProgress((done += piece.length) / Math.max(bytes, 1)));
  // A node that refuses may answer before it has read everything: then its answer counts.
  const upload = pipeline(source, sent).catch(() => undefined);
  try {
    return await answer;
  } catch (error) {
    throw new CommandError(`No answer from ${url}: ${whyOf(error)}`, { cause: error });
  } finally {
    source.destroy();
    await upload;
  }
}

function sizeOf(file: string): number {
  try {
    const found = statSync(file);
    if (!found.isFile()) throw new Error('it is no file');
    return found.size;
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
