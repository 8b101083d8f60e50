// Changes of customers' statuses, as they come over HTTP and over NATS: bounded, dated, and saved all or nothing.

import {
  STATUS_CHANGES_MAX,
  type CustomerStatuses,
  type KnownStatus,
  type StatusChange,
  type StatusesSaved,
} from '../../persistence/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { instant } from '../instant.ts';
import { invalid, Problem } from '../problem.ts';
import { parseJson } from '../request.ts';
import {
  ChangedStatus,
  type CustomerStatusView,
  type GivenStatus,
  type GivenStatuses,
} from './status-schemas.ts';

/** By which the clock of another system may be ahead of this one's. */
export const STATUS_AHEAD_MS_MAX = 5 * 60 * 1_000;
export const STATUS_FILE_BYTES_MAX = 16 * 1024 * 1024;
const SOURCE = 'Admin API';
const BAD_LINES_TOLD_MAX = 100;
const LINE_END = 10;

export interface StatusPorts {
  readonly statuses: Pick<CustomerStatuses, 'save' | 'find'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly onStatusChanged: () => void;
}

export interface BadStatusLine {
  readonly line: number;
  readonly problem: string;
}

export type StatusFile =
  | { readonly outcome: 'saved'; readonly saved: StatusesSaved }
  /** Nothing was changed. */
  | { readonly outcome: 'refused'; readonly count: number; readonly lines: readonly BadStatusLine[] };

export class StatusDesk {
  readonly #ports: StatusPorts;

  constructor(ports: StatusPorts) {
    this.#ports = ports;
  }

  /** @throws Problem invalid_request */
  async change(
    customerId: string,
    given: GivenStatus,
  ): Promise<CustomerStatusView & { readonly changed: boolean }> {
    const { taken } = await this.#save([this.#changeOf(customerId, given, '')]);
    return { ...(await this.show(customerId)), changed: taken === 1 };
  }

  /** @throws Problem invalid_request */
  changeAll({ statuses }: GivenStatuses): Promise<StatusesSaved> {
    return this.#save(
      statuses.map(({ customerId, ...given }, index) =>
        this.#changeOf(customerId, given, `statuses.${index}.`),
      ),
    );
  }

  /** Lines of JSON, one change in each. A file with a bad line changes nothing. */
  async changeByFile(bytes: Uint8Array): Promise<StatusFile> {
    const changes: StatusChange[] = [];
    const bad: BadStatusLine[] = [];
    let count = 0;
    let number = 0;
    for (const line of linesOf(bytes)) {
      number++;
      if (line.length === 0) continue;
      try {
        const { customerId, ...given } = parseJson(line, ChangedStatus);
        changes.push(this.#changeOf(customerId, given, ''));
      } catch (error) {
        if (++count <= BAD_LINES_TOLD_MAX) bad.push({ line: number, problem: problemOf(error) });
      }
    }
    if (count > 0) return { outcome: 'refused', count, lines: bad };
    return { outcome: 'saved', saved: await this.#save(changes) };
  }

  async show(customerId: string): Promise<CustomerStatusView> {
    return viewOf(await this.#ports.statuses.find(customerId));
  }

  async #save(changes: readonly StatusChange[]): Promise<StatusesSaved> {
    const { statuses, onStatusChanged } = this.#ports;
    let taken = 0;
    for (let at = 0; at < changes.length; at += STATUS_CHANGES_MAX)
      // oxlint-disable-next-line no-await-in-loop -- one statement behind the other; repeated, the first ones change nothing
      taken += (await statuses.save(changes.slice(at, at + STATUS_CHANGES_MAX))).taken;
    if (taken > 0) onStatusChanged();
    return { taken, outdated: changes.length - taken };
  }

  /** @param at where it stands, for messages */
  #changeOf(
    customerId: string,
    { status, accountCreatedAt, asOf, source }: GivenStatus,
    at: string,
  ): StatusChange {
    const now = this.#ports.clock.now();
    const change = {
      customerId,
      status,
      accountCreatedAt: accountCreatedAt === undefined ? undefined : Date.parse(accountCreatedAt),
      asOf: asOf === undefined ? now : Date.parse(asOf),
      source: source ?? SOURCE,
    };
    for (const [name, value] of [
      ['asOf', change.asOf],
      ['accountCreatedAt', change.accountCreatedAt],
    ] as const)
      if (value !== undefined && value > now + STATUS_AHEAD_MS_MAX)
        throw invalid(
          at + name,
          `lies in the future: it is ${instant(now)} here. A status that is dated ahead could not be changed until then`,
        );
    return change;
  }
}

const problemOf = (error: unknown): string => {
  if (!(error instanceof Problem)) throw error;
  return String(error.extra?.['detail']);
};

/** Without their ends. */
function* linesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const found = bytes.indexOf(LINE_END, at);
    const end = found === -1 ? bytes.length : found;
    const line = bytes.subarray(at, end);
    yield line.at(-1) === 13 ? line.subarray(0, -1) : line;
    at = end + 1;
  }
}

const viewOf = ({
  customerId,
  status,
  source,
  accountCreatedAt,
  asOf,
  changedAt,
}: KnownStatus): CustomerStatusView => ({
  customerId,
  status,
  source,
  accountCreatedAt: textOf(accountCreatedAt),
  asOf: textOf(asOf),
  changedAt: textOf(changedAt),
});

const textOf = (at: number | undefined): string | null =>
  at === undefined ? null : new Date(at).toISOString();
