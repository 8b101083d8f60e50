// How far all feeds of one name together have got: up to which moment everything that was journaled is worked off, and how
// many records are not.

import { JetStreamApiError, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { Clock } from '../ports.ts';
import { JETSTREAM_LIMITS } from './limits.ts';
import type { Link } from './link.ts';
import type { JetStreamNames } from './names.ts';

const NO_CONSUMER = 10014;

export class FeedProgress {
  readonly #link: Link;
  readonly #names: JetStreamNames;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #manager: Promise<JetStreamManager>;
  #answer: Promise<number> | undefined;
  #askedAt = -Infinity;
  #isAsking = false;
  #behind = NaN;
  #behindAt = -Infinity;

  constructor(link: Link, names: JetStreamNames, name: string, clock: Clock) {
    this.#link = link;
    this.#names = names;
    this.#name = name;
    this.#clock = clock;
    this.#manager = jetstreamManager(link.connection, { checkAPI: false });
  }

  /** @returns epoch milliseconds, as of a moment ago; 0 when there is no such feed @throws when nobody answers */
  workedOffUpTo(): Promise<number> {
    const isFresh = this.#clock.monotonic() - this.#askedAt < JETSTREAM_LIMITS.progressFreshMs;
    if (this.#answer !== undefined && (isFresh || this.#isAsking)) return this.#answer;
    this.#askedAt = this.#clock.monotonic();
    this.#isAsking = true;
    this.#answer = this.#ask().finally(() => (this.#isAsking = false));
    return this.#answer;
  }

  /**
   * Records that are not acknowledged, handed out or not, as of the last answer; those of shards that are set aside do not
   * count once they were passed over. NaN when the last answer is too old, or there is no such feed.
   */
  get recordsBehind(): number {
    const ageMs = this.#clock.monotonic() - this.#behindAt;
    return ageMs < JETSTREAM_LIMITS.progressStaleMs ? this.#behind : NaN;
  }

  async #ask(): Promise<number> {
    const { journalStream, journalSubjects } = this.#names;
    const manager = await this.#manager;
    const asked = this.#clock.now();
    try {
      const info = await this.#link.whileUp(() => manager.consumers.info(journalStream, this.#name));
      this.#behind = info.num_pending + info.num_ack_pending;
      this.#behindAt = this.#clock.monotonic();
      if (info.num_pending === 0 && info.num_ack_pending === 0) return asked;
      const query = { seq: info.ack_floor.stream_seq + 1, next_by_subj: journalSubjects };
      const oldest = await this.#link.whileUp(() => manager.streams.getMessage(journalStream, query));
      return oldest === null ? asked : oldest.time.getTime() - 1;
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === NO_CONSUMER) return 0;
      throw error;
    }
  }
}
