// What the server's answer to one publication says about the message. Only two answers are about its fate; everything else
// (no answer, no leader, a server that is busy, full or in between) leaves it open.

import { JetStreamApiError, type PubAck } from '@nats-io/jetstream';

const WRONG_LAST_SEQUENCE = 10071;

export type PublishAnswer =
  /** Stored with this sequence, by this very publication. */
  | { readonly kind: 'stored'; readonly sequence: number }
  /** It, or somebody's message in its place, was there already: the subject has something up to this sequence. */
  | { readonly kind: 'behind'; readonly newest: number }
  | { readonly kind: 'open'; readonly cause: string };

export function answerOf({ seq, duplicate }: PubAck): PublishAnswer {
  return duplicate ? { kind: 'behind', newest: seq } : { kind: 'stored', sequence: seq };
}

export function answerOfError(error: unknown): PublishAnswer {
  if (error instanceof JetStreamApiError && error.code === WRONG_LAST_SEQUENCE) {
    const [, newest] = /: (\d+)$/.exec(error.message) ?? [];
    if (newest !== undefined) return { kind: 'behind', newest: Number(newest) };
  }
  const code = error instanceof JetStreamApiError ? ` (${error.code})` : '';
  return { kind: 'open', cause: `${error instanceof Error ? error.message : String(error)}${code}` };
}
