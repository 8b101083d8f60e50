// An archiving of a cluster as a process that kills itself in the middle: node archiving-cluster.ts <request as JSON> <step>

import { archiveCluster, type ClusterArchiveRequest } from '../../src/cluster-archive.ts';

export type Archiving = Pick<ClusterArchiveRequest, 'address' | 'connection' | 'archives'>;

const [, , request, dieAt] = process.argv as [string, string, string, string];

await archiveCluster({
  ...(JSON.parse(request) as Archiving),
  out: undefined,
  version: '0.0.0',
  now: Date.now(),
  onProgress: () => undefined,
  onStep(step) {
    if (step === dieAt) process.kill(process.pid, 'SIGKILL');
  },
});
