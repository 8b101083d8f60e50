// The public door of the pages: what the routes may use. Everything else in this folder is private to it.

export { assetResponse, loadAssets, type Assets } from './assets.ts';
export type { CampaignCardView } from './campaign/campaign-card.ts';
export type { MomentView } from './campaign/campaign-hero.ts';
export { campaignPage, campaignPath, type CampaignPageView } from './campaign/campaign-page.ts';
export { campaignTicket } from './campaign/campaign-ticket.ts';
export { campaignViewOf, type CampaignView, type OfferView } from './campaign/campaign-view.ts';
export { sampleCampaign, type SampleProduct } from './sample-campaign.ts';
export { Locale, localeOf, timeLeft } from './locale.ts';
export { sampleClaimsOf, sampleCustomers, type SampleCustomer } from './sample-customers.ts';
export { demoSignInPage, signInNoticePage } from './shopper-sign-in.ts';
export type { SignInTrouble } from './sign-in-texts.ts';
export { nowherePage } from './nowhere.ts';
export type { VisitorView } from './shop-frame.ts';
export { en, type Texts } from './texts.ts';
export { ticketNotice, type TicketAction, type TicketRefusal } from './ticket.ts';
export { troublePage } from './trouble.ts';
export { secondsToWait, waitPage, type WaitPageView } from './wait-page.ts';
export { escaped, Gaps, giveBack, rendered, type EncodedPieces, type Pieces } from './pieces.ts';
export { orderPage, type OrderPageView, type OrderView } from './order-page.ts';
export { ordersPage, type OrdersPageView } from './orders-page.ts';
export { storefrontPage, type StorefrontView } from './storefront.ts';
export { picture, type PictureOptions } from './picture.ts';
export type { ProductView, SaleState } from './product-view.ts';
