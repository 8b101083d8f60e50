// Every bound of the journal on JetStream, with its unit. What happens at each is told in docs/limits.md.

export const JETSTREAM_LIMITS = {
  /** For one server to take a new connection. */
  connectMs: 10_000,
  /** For the answer to one try of an append. */
  appendTryMs: 1_000,
  /** After so long an append whose fate is open is told `unknown`. */
  appendMs: 15_000,
  /** Before the next try of an append, doubling. */
  appendRetryFirstMs: 20,
  appendRetryMostMs: 1_000,
  /** On their way over one connection: one of each of so many shards, which the servers replicate and sync together. */
  appendsInFlightMax: 256,
  appendBytesInFlightMax: 8 * 1024 * 1024,
  /** For the answer to one read. */
  readMs: 5_000,
  /** A leader that was cut off from the others looks for its quorum every ten seconds, and gives up after ten without it. */
  leaderStaleMs: 24_000,
  /** In one read. */
  readBytesMax: 1024 * 1024,
  readRecordsMax: 1_000,
  /** Of a snapshot, in one message. */
  snapshotPieceBytes: 128 * 1024,
  /** For the server to remove the records of a shard that went into an archive. */
  purgeMs: 60_000,
  /** Records that one feed has from the server and nobody has pulled. */
  feedPrefetchMax: 100,
  /** For one request of the feed, and three signs of life of the server at least; then it asks again. */
  feedFetchMs: 15_000,
  /** A pull without records ends empty. */
  feedIdleMs: 500,
  /** A record that was given back comes again no earlier. */
  feedNakDelayMs: 100,
  /** For one answer about the cluster's document or a lease. */
  clusterAnswerMs: 1_000,
  /** While another write of the same key is under way: between two tries, and how many. */
  clusterBusyMs: 10,
  clusterBusyTries: 50,
  /** Between two looks at the members' leases, and at the document when nobody told of a change. */
  clusterLookMs: 150,
  /** How far the feed is, is asked for no more often. */
  progressFreshMs: 200,
  /** An older answer does not say how many records are missing. */
  progressStaleMs: 10_000,
  /** Beside a record in its message: subject, headers, and the room that later versions may want. */
  messageOverheadBytes: 4 * 1024,
  /** The server knows a repeated append for so long; its expectation alone is enough after that. */
  duplicateWindowMs: 120_000,
} as const;
