// Risk control over HTTP and NATS.

export { ReviewDesk, type ReviewDecided, type ReviewDecision } from './review-desk.ts';
export type { RiskContext } from './risk-context.ts';
export { riskRoutes } from './risk-routes.ts';
export { switchedRisk } from './switched-risk.ts';
export { StatusDesk } from './status-desk.ts';
