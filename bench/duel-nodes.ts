// The nodes of the HTTP scenarios: the embedded one alone, or beside it one on a single NATS server and one on three, each with a
// Postgres server of its own. Ended by the scenario.

import type { DuelNode } from './http-duel.ts';
import { auditNode, startOwnNode } from './own-node.ts';
import type { JournalKind } from './scenario.ts';

export class DuelNodes {
  readonly #undo: (() => Promise<void>)[] = [];

  async start(
    journal: JournalKind,
    env: Readonly<Record<string, string>>,
    say: (text: string) => void,
  ): Promise<readonly DuelNode[]> {
    const embedded = await this.#node(env);
    const audit = (): Promise<number> => auditNode(embedded);
    if (journal === 'sqlite') return [{ name: '', node: embedded, audit }];
    const { ClusterServers } = await import('./cluster-servers.ts');
    const nodes: DuelNode[] = [{ name: 'Sqlite', node: embedded, audit }];
    for (const replicas of [1, 3] as const) {
      const servers = await ClusterServers.start(replicas, say);
      this.#undo.push(() => servers.stop());
      const node = await this.#node({ ...env, ...servers.env, NODE_ID: 'a' });
      nodes.push({ name: replicas === 1 ? 'R1' : 'R3', node, audit: () => servers.audit() });
    }
    return nodes;
  }

  async stop(): Promise<void> {
    for (const stop of this.#undo.splice(0).toReversed()) await stop();
  }

  async #node(env: Readonly<Record<string, string>>): Promise<DuelNode['node']> {
    const node = await startOwnNode(env);
    this.#undo.push(() => node.stop());
    return node;
  }
}
