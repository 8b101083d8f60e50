// Reads of one stream, of one subject or of those that a wildcard names. Single messages come from the stream's leader. Pieces come from whichever
// server is at hand, which may lag behind, so whoever asks for one has to check that nothing is missing in it.

import { JetStreamApiError, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
import { JournalUnavailable, type Sequence } from '../ports.ts';
import { inboxDenied } from './denied.ts';
import { JETSTREAM_LIMITS } from './limits.ts';
import type { Link } from './link.ts';

const NO_MESSAGE = 10037;

export interface StoredMessage {
  readonly sequence: Sequence;
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly headers: MsgHdrs | undefined;
}

export class StreamReads {
  readonly #link: Link;
  readonly #stream: string;
  readonly #manager: Promise<JetStreamManager>;

  constructor(link: Link, stream: string) {
    this.#link = link;
    this.#stream = stream;
    this.#manager = jetstreamManager(link.connection, { checkAPI: false, timeout: JETSTREAM_LIMITS.readMs });
  }

  /** @throws JournalUnavailable */
  newest(subject: string): Promise<StoredMessage | undefined> {
    return this.#ofLeader(subject, { last_by_subj: subject });
  }

  /** The subject's first message from this sequence on. @throws JournalUnavailable */
  first(subject: string, from: Sequence): Promise<StoredMessage | undefined> {
    return this.#ofLeader(subject, { seq: from, next_by_subj: subject });
  }

  /** Messages of the subject from this sequence on; none when there are none, or nobody answers. */
  async piece(subject: string, from: Sequence, messagesMax: number): Promise<StoredMessage[]> {
    const { readMs, readBytesMax, readRecordsMax } = JETSTREAM_LIMITS;
    const batch = Math.min(messagesMax, readRecordsMax);
    const request = { seq: from, next_by_subj: subject, batch, max_bytes: readBytesMax };
    const api = `$JS.API.DIRECT.GET.${this.#stream}`;
    try {
      const answers = await this.#link.whileUp(() => this.#link.many(api, JSON.stringify(request), readMs));
      return answers.flatMap(({ headers, data }) => {
        const sequence = headers?.get('Nats-Sequence') ?? '';
        return sequence === ''
          ? []
          : [
              {
                sequence: Number(sequence),
                subject: headers!.get('Nats-Subject'),
                bytes: data,
                headers,
              },
            ];
      });
    } catch {
      return []; // The leader is asked instead, and says what is wrong.
    }
  }

  async #ofLeader(
    subject: string,
    query: { last_by_subj: string } | { seq: number; next_by_subj: string },
  ): Promise<StoredMessage | undefined> {
    try {
      const manager = await this.#manager;
      const message = await this.#link.whileUp(() => manager.streams.getMessage(this.#stream, query));
      if (message === null) return undefined;
      const { seq: sequence, subject: of, data: bytes, header: headers } = message;
      return { sequence, subject: of, bytes, headers };
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === NO_MESSAGE) return undefined;
      const why = inboxDenied(error) ?? (error as Error).message;
      throw new JournalUnavailable(`${subject} cannot be read from the stream ${this.#stream}: ${why}`, {
        cause: error,
      });
    }
  }
}
