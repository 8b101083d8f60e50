// The runtime's public door: shards, routing and the journal, over ports.

export {
  dataFiles,
  DataFolderBusy,
  DataFolderUnusable,
  isDataFolderLocked,
  lockDataFolder,
  type DataFolder,
} from './data-folder.ts';
export { decodeMessage, encodeMessage, WIRE_VERSION } from './cluster/message-codec.ts';
export { NatsTransport, type NatsTransportOptions, type WireCounts } from './cluster/nats-transport.ts';
export { CallFailed, NodeCalls, type CallHandlers, type NodeCallsOptions } from './cluster/node-calls.ts';
export { NodeTransport } from './cluster/node-transport.ts';
export { MessageRefused } from './cluster/wire-reader.ts';
export { AdminService, type AdminAnswer, type AdminCall } from './jetstream/admin-service.ts';
export { isDenied } from './jetstream/denied.ts';
export { FeedProgress } from './jetstream/feed-progress.ts';
export { JetStreamFeed, type JetStreamFeedOptions } from './jetstream/feed.ts';
export { rewindFeed, type FeedRewindOptions } from './jetstream/feed-rewind.ts';
export { JetStreamJournal, type JetStreamJournalOptions } from './jetstream/journal.ts';
export { JETSTREAM_LIMITS } from './jetstream/limits.ts';
export { highestRevision } from './jetstream/highest-revision.ts';
export { ClusterBucket } from './jetstream/cluster-bucket.ts';
export { Link, LinkDown } from './jetstream/link.ts';
export { DEFAULT_PREFIX, JetStreamNames } from './jetstream/names.ts';
export {
  connectionOptionsOf,
  NatsUnreachable,
  openLink,
  type NatsConnectionSettings,
} from './jetstream/connection.ts';
export {
  JetStreamMismatch,
  jetStreamFacts,
  NotPermitted,
  provision,
  type JetStreamFacts,
  type Provisioned,
  type ProvisionOptions,
} from './jetstream/provision.ts';
export { checkServer, judgeServers, ServerUnfit, type ServerCheckOptions } from './jetstream/server-check.ts';
export type { ServerFacts } from './jetstream/server-facts.ts';
export { JetStreamSnapshots, type JetStreamSnapshotsOptions } from './jetstream/snapshots.ts';
export { noteArchive, readClusterArchives } from './jetstream/archive-ledger.ts';
export { JetStreamArchiveSource, type ArchiveSourceOptions } from './jetstream/archive-source.ts';
export { JetStreamRecords, type RecordStreamOptions } from './jetstream/record-stream.ts';
export { openJetStream, type JetStreamStore, type JetStreamStoreOptions } from './jetstream/store.ts';
export type { Replicas } from './jetstream/streams.ts';
export { DEFAULT_LIMITS, type RuntimeLimits } from './limits.ts';
export { addressOf, memberOf, NOBODY, workerOf } from './address.ts';
export * from './cluster/cluster-document.ts';
export { ClusterUnavailable } from './cluster/cluster-store.ts';
export { ArchivingExcluded, Membership, NodeIdTaken } from './cluster/membership.ts';
export { soundHead } from './sound-head.ts';
export { Rebalance } from './cluster/rebalance.ts';
export { CommitMeter } from './commit-meter.ts';
export { BEAT_PERIOD_MS, Heartbeats } from './heartbeats.ts';
export { dealOut, DEFAULT_SHARDS, placeShards, shardOfProduct } from './placement.ts';
export { placementOf, type ClusterFacts, type Home, type Placement } from './cluster-placement.ts';
export { checkPlacement, type PlacementCheck } from './placement-check.ts';
export { parsePlacementFile, type PlacementFile } from './placement-file.ts';
export { FileMistakes, type FileRefused, type FileRemark } from './file-mistakes.ts';
export { fieldsOf, membersOf, quoted, shown, valueOf, type Fields } from './json-fields.ts';
export { readJson, type JsonNode } from './json-node.ts';
export { planOf, type Move } from './placement-plan.ts';
export type { PlacementRules } from './placement-rules.ts';
export { PlacementTable } from './placement-table.ts';
export { NodeBoard, type NodePhase } from './node-board.ts';
export { OwnShards } from './own-shards.ts';
export * from './ports.ts';
export { RestartBudget } from './restart-budget.ts';
export { Router } from './router.ts';
export { rushOf } from './rush.ts';
export { Shard } from './shard.ts';
export { ShardState } from './shard-state.ts';
export type { ShardPhase, ShardStatus } from './shard-status.ts';
export { ReportedShards, type ShardReport } from './reported-shards.ts';
export { fileOf, SnapshotFiles, type OnSetAside } from './snapshot-files.ts';
export {
  SNAPSHOT_POLICY,
  SnapshotMaker,
  type JournalFollower,
  type RecordSize,
  type SnapshotMakerListener,
  type SnapshotPolicy,
} from './snapshot-maker.ts';
export { readSnapshot, restore } from './snapshot-restore.ts';
export {
  ArchiveRefused,
  readArchiveAbout,
  type ArchiveAbout,
  type ArchivedRange,
} from './sqlite/archive-file.ts';
export {
  archivedUpTo,
  readArchives,
  returnSpace,
  type ArchiveEntry,
  type SpaceReturned,
} from './sqlite/archive-ledger.ts';
export { SqliteArchiveSource, type ArchiveSource } from './sqlite/archive-source.ts';
export { moveToArchive, type Moved, type MoveStep } from './sqlite/archive-move.ts';
export { assertWhole, recordsOf, restoreArchives, type Restored } from './sqlite/archive-restore.ts';
export { findArchives, type ShelvedArchive, type UnseenArchive } from './sqlite/archive-shelf.ts';
export { SqliteFollower } from './sqlite/follower.ts';
export { SqliteFeed } from './sqlite/feed.ts';
export { inspectJournal, inspectPieces, readJournal, readJournalFacts } from './sqlite/reader.ts';
export { JOURNAL_FORMAT } from './sqlite/schema.ts';
export { SqliteJournal } from './sqlite/journal.ts';
export { SqliteJournalHost } from './sqlite/journal-host.ts';
export { JournalMismatch } from './sqlite/journal-mismatch.ts';
export type { JournalExtent } from './sqlite/store.ts';
export { markPathOf, readMark } from './sqlite/head-mark.ts';
export { lostBefore } from './lost-records.ts';
export { CalmClock, catchUp, systemClock, systemRandom, systemTimers, throwApart } from './system.ts';
export { threadFile } from './thread-file.ts';
export { ThreadLink, type Handlers } from './thread-link.ts';
export { ThreadTransport } from './thread-transport.ts';
export { Watchdog } from './watchdog.ts';
