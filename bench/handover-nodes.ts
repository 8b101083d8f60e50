// Between whom a shard goes to and fro: two worker threads of one node, or two nodes of a cluster. Ended by handover.ts.

import { auditNode, startOwnNode, type OwnNode } from './own-node.ts';
import type { JournalKind } from './scenario.ts';

export interface HandoverNodes {
  readonly nodes: readonly OwnNode[];
  /** As a pin of the placement file says it. */
  readonly homes: readonly { readonly node: string; readonly worker?: number }[];
  readonly what: string;
  /** @returns violations */
  audit(): Promise<number>;
  stop(): Promise<void>;
}

type Environment = Readonly<Record<string, string>>;

export const startHandoverNodes = (
  journal: JournalKind,
  env: Environment,
  say: (text: string) => void,
): Promise<HandoverNodes> => (journal === 'sqlite' ? oneNode(env) : twoNodes(env, say));

async function oneNode(env: Environment): Promise<HandoverNodes> {
  const node = await startOwnNode({ ...env, NODE_ID: 'a', WORKERS: '2' });
  return {
    nodes: [node],
    homes: [0, 1].map((worker) => ({ node: 'a', worker })),
    what: 'between two worker threads of one node',
    audit: () => auditNode(node),
    stop: () => node.stop(),
  };
}

async function twoNodes(env: Environment, say: (text: string) => void): Promise<HandoverNodes> {
  const { ClusterServers } = await import('./cluster-servers.ts');
  const servers = await ClusterServers.start(3, say);
  const nodes: OwnNode[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
    await servers.stop();
  };
  try {
    const shared = { WORKERS: '1', ...env, ...servers.env };
    nodes.push(await startOwnNode({ ...shared, NODE_ID: 'a' }));
    // One of them projects: how fast two share the feed is not what is measured.
    nodes.push(await startOwnNode({ ...shared, NODE_ID: 'b', ROLES: 'http,actors' }));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    nodes,
    homes: [{ node: 'a' }, { node: 'b' }],
    what: 'between two nodes, three NATS servers',
    audit: () => servers.audit(),
    stop,
  };
}
