// The public door of what is kept beside the journal: Postgres, embedded or real, and the projection into it.

export {
  CACHE_KINDS,
  CACHE_RESULTS,
  CACHE_STATES,
  MemoryCache,
  openCache,
  openSpending,
  parseRedisAddress,
  RedisAddressWrong,
  type Cache,
  type CacheFigures,
  type CacheState,
  type RedisAddress,
} from './cache/index.ts';
export * from './accounts/index.ts';
export * from './assets/index.ts';
export * from './catalogue/index.ts';
export * from './eligibility/index.ts';
export * from './payments/index.ts';
export * from './origins/index.ts';
export * from './risk/index.ts';
export { openPool, POSTGRES_LIMITS, type PostgresConnection } from './connection.ts';
export {
  EmbeddedPostgresUnusable,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from './embedded-postgres.ts';
export { migrate, SCHEMA_VERSION, SchemaRefused, type Migrated } from './migrations.ts';
export {
  orderCursorText,
  OrderReads,
  ORDERS_PER_PAGE_MAX,
  parseOrderCursor,
  type OrderCursor,
  type OrderPage,
  type OrderRow,
  type RetiredOrder,
  type RetiredOrderName,
} from './order-reads.ts';
export { assertBelongsTogether, PostgresOfAnotherJournal, readPositions } from './positions.ts';
export { PositionsWitness } from './positions-witness.ts';
export { ProductReads, PRODUCTS_PER_LIST_MAX, SHOP_WINDOW, type ProductRow } from './product-reads.ts';
export {
  readProjected,
  type OrderRowProjected,
  type ProductRowProjected,
  type ProjectedPosition,
  type ProjectedRowsVisitor,
} from './projected-rows.ts';
export { type Logger } from './projection-health.ts';
export {
  PROJECTION_LIMITS,
  ProjectionPump,
  type ProjectionPumpOptions,
  type ProjectionStats,
} from './projection-pump.ts';
export { POSTGRES_VERSION_MIN, PostgresUnfit } from './server-fitness.ts';
export { Projection, RecordRefused, type Projected } from './projection.ts';
export { ProjectionDiverged } from './row-writes.ts';
export { PostgresUnreachable } from './unreachable.ts';
