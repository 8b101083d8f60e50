// The HTTP side's public door.

export { answerAdminCall, tooManyAdminCalls } from './admin-call.ts';
export { AdminDesk, type StockChanged, type StockCounted } from './admin-desk.ts';
export { ClientAddresses, networkOf, proxiesOf } from './client-address.ts';
export type { CmsContext } from './cms/index.ts';
export { createApp } from './app.ts';
export { Auth, type AuthSettings, type Shopper, type Visitor } from './auth.ts';
export { INVITATIONS_HEADER, invitationLine, invitedIds, type InvitationLink } from './invited.ts';
export { invitationPath, Invitations, type Invitation } from './invitations.ts';
export { Sessions } from './session/session.ts';
export { DEFAULT_HTTP_LIMITS, type HttpContext, type HttpLimits } from './context.ts';
export { Counters } from './counters.ts';
export { Doors, DOORS_LIMITS, type DoorsPorts, type Passage } from './doors.ts';
export type {
  NodeControl,
  NodeReport,
  NodeShard,
  PlacementApplied,
  PlacementPlan,
  PlacementRequest,
  PlacementStatus,
  ProfileKind,
  ProfileOutcome,
  ProfileRequest,
} from './node-control.ts';
export {
  BucketTable,
  DEFAULT_LIMITS_TEXT,
  DEMO_LIMITS,
  EXCHANGE_STATES,
  LimitExchange,
  limitSetting,
  LIMITS_WANTED,
  limitsOf,
  parseLimits,
  RateLimits,
  REQUEST_CLASSES,
  WIDE_LIMITS_TEXT,
  type ExchangeFigures,
  type LimitPolicy,
  type RequestClass,
} from './gate/limits/index.ts';
export { DEFAULT_TICKET_SETTINGS, TicketOffice, type TicketSettings } from './gate/tickets/index.ts';
export {
  loadAssets,
  sampleCampaign,
  sampleCustomers,
  type ProductView,
  type SampleProduct,
} from './pages/index.ts';
export { emptySeries, mergeCounts, mergeSeries, type SaleCounts, type SaleSeries } from './sale-series.ts';
export { SaleQuestion, type SaleTold, type SaleWatched } from './sale-watch.ts';
export {
  ORDERS,
  REFUSALS_COUNTED,
  REFUSED,
  Traffic,
  TRAFFIC_COLUMNS,
  UNITS,
  type TrafficWindow,
} from './traffic.ts';
export {
  NO_PAYMENTS,
  PAYMENT_TRIES_MAX,
  PaymentDesk,
  type PaymentPorts,
  type Payments,
  type PaymentWish,
  type ReviewSettled,
} from './payment/index.ts';
export { Problem } from './problem.ts';
export { ProductHub } from './product-hub.ts';
export {
  ReviewDesk,
  StatusDesk,
  switchedRisk,
  type ReviewDecided,
  type ReviewDecision,
  type RiskContext,
} from './risk/index.ts';
export { OrderCache } from './order-cache.ts';
export { RetiredOrders } from './retired-orders.ts';
export { IDEMPOTENCY_KEY, ProductId, UNITS_PER_LOAD_MAX } from './schemas.ts';
export type { StockResult } from './stock-batch.ts';
export { BATCH_LINES_MAX } from './stock-schemas.ts';
export { listen, supportsReusePort, type Listener } from './server.ts';
export {
  acceptInvitation,
  invitedVisitor,
  signInAddress,
  type ProviderSettings,
  type Session,
  type SignInSettings,
} from './session/index.ts';
