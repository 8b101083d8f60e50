export { NO_PAYMENTS } from './no-payments.ts';
export { PAYMENT_TRIES_MAX, PaymentDesk, type PaymentPorts } from './payment-desk.ts';
export type { Payments, PaymentWish, ReviewSettled } from './payments.ts';
export { paymentRoutes } from './payment-routes.ts';
