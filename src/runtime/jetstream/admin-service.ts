// The NATS micro service `stock-admin`: what admins ask over NATS, answered by one thread of one node of the cluster, since
// all of them are in one queue group. It carries bytes; what they mean, whoever made it says.
//
// The library answers whatever subject a request names, and this connection may write to the journal: so a request (one for
// $SRV.PING too) whose answer would not go to an inbox is dropped, unseen by the library. Ended by `stop`, before the thread
// that answers; it takes nothing new then, and answers what it has.

import { Svcm, type Service, type ServiceMsg } from '@nats-io/services';
import type { NatsConnection, Subscription, SubscriptionOptions } from '@nats-io/transport-node';
import { throwApart } from '../system.ts';
import { isDenied } from './denied.ts';
import type { Link } from './link.ts';
import type { JetStreamNames } from './names.ts';

export const ADMIN_CALLS = [
  'stock.load',
  'stock.withdraw',
  'stock.batch',
  'stock.show',
  'product.put',
  'customer.status',
  'shards.show',
] as const;
export type AdminCall = (typeof ADMIN_CALLS)[number];

export interface AdminAnswer {
  readonly body: string;
  /** As the service's error headers carry it. */
  readonly error?: { readonly code: number; readonly description: string };
}

export interface AdminServiceOptions {
  readonly link: Link;
  readonly names: JetStreamNames;
  readonly version: string;
  /** Never throws. */
  readonly answer: (call: AdminCall, bytes: Uint8Array) => Promise<AdminAnswer>;
  /** For a request beyond those under way. */
  readonly busy: () => AdminAnswer;
  /** It could not be opened, or ended by itself: the reason, and what to do. */
  readonly onEnded: (why: string) => void;
  /** A request was dropped. */
  readonly onRefused: (reason: string) => void;
}

export const ADMIN_REQUESTS_MAX = 1_000;
const QUEUE = 'stock-admin';
const INBOX = '_INBOX';

export class AdminService {
  readonly #options: AdminServiceOptions;
  readonly #service: Service;
  readonly #underWay = new Set<Promise<void>>();
  #isStopping = false;

  private constructor(options: AdminServiceOptions, service: Service) {
    this.#options = options;
    this.#service = service;
    for (const call of ADMIN_CALLS) {
      const subject = options.names.adminOf(call);
      const handler = (_: Error | null, request: ServiceMsg): void => this.#take(call, request);
      service.addEndpoint(call.replace('.', '-'), { subject, handler });
    }
    void this.#tellEnd();
  }

  /** Resolves when the server was told of it. A server that allows nothing of it shows in `onEnded`. */
  static async open(options: AdminServiceOptions): Promise<AdminService> {
    const { link, names, version, onRefused } = options;
    const service = await new Svcm(guarded(link.connection, onRefused)).add({
      name: 'stock-admin',
      version,
      description: 'Doorbuster: stock and products, durable when it answers; repeat with the same requestId',
      metadata: { prefix: names.adminPrefix },
      queue: QUEUE,
    });
    return new AdminService(options, service);
  }

  /** Takes nothing new; resolves when what it has is answered. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#service.stop();
    await Promise.allSettled(this.#underWay);
  }

  async #tellEnd(): Promise<void> {
    const error = await this.#service.stopped;
    if (!this.#isStopping) this.#options.onEnded(this.#reason(error));
  }

  #take(call: AdminCall, request: ServiceMsg): void {
    if (this.#underWay.size >= ADMIN_REQUESTS_MAX) return respond(request, this.#options.busy());
    const work = this.#answer(call, request).catch(throwApart);
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  async #answer(call: AdminCall, request: ServiceMsg): Promise<void> {
    respond(request, await this.#options.answer(call, request.data));
  }

  #reason(error: Error | null): string {
    if (error === null) return 'its connection was closed';
    if (!isDenied(error)) return error.message;
    const subjects = this.#options.names.adminPrefix;
    return (
      `${error.message}. The NATS user of this node may not subscribe to it: allow ${subjects}.> and $SRV.>, and to publish ` +
      'to the inboxes of admins (docs/jetstream.md#permissions)'
    );
  }
}

function respond(request: ServiceMsg, { body, error }: AdminAnswer): void {
  try {
    if (error === undefined) request.respond(body);
    else request.respondError(error.code, error.description, body);
  } catch {
    // The connection is being closed: whoever asked repeats it with the same requestId.
  }
}

/** The connection as the library sees it. */
function guarded(connection: NatsConnection, onRefused: (reason: string) => void): NatsConnection {
  const subscribe = (subject: string, options: SubscriptionOptions = {}): Subscription => {
    const { callback, ...rest } = options;
    if (callback === undefined) throw new Error('the service is asked by callbacks alone');
    return connection.subscribe(subject, {
      ...rest,
      callback: (error, message) => {
        if (error === null && !message.reply?.startsWith(INBOX))
          onRefused(`a request on ${subject} whose answer would not go to an inbox`);
        else return callback(error, message);
      },
    });
  };
  return new Proxy(connection, {
    get: (target, name): unknown => {
      if (name === 'subscribe') return subscribe;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
