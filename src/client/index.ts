// The public door of `doorbuster/client`: for a shop's own front end, and for the shop's own pages.

export type { Answer, Given, Lost, Refused, Unsent } from './answer.ts';
export { createClient, type ClientOptions, type DoorbusterClient } from './client.ts';
export type { TokenSource } from './identity.ts';
export type { KeyStore } from './key-store.ts';
export type { Order, OrderPage, OrderStatus, Payment } from './order.ts';
export type { OrderBook, OrderEntry } from './order-book.ts';
export type { PagePort, Ports } from './ports.ts';
export type { Money, Product, SaleState } from './product.ts';
export type { OrderListener, Phase, Purchase, PurchaseRefusal } from './purchase.ts';
export type { ServerClock } from './server-clock.ts';
export type { Health, Watch, WatchHandlers } from './watch.ts';
