// The public door of the pages: what the routes may use. Everything else in this folder is private to it.

export { assetResponse, loadAssets, type Assets } from './assets.ts';
export { campaignViewOf, type CampaignView, type OfferView } from './campaign-view.ts';
export * from './cms/index.ts';
export { cmsPage, type CmsPageParts, type Crumb, type Notice } from './cms/shell.ts';
export { refusalPage, type RefusalView } from './cms/refusal.ts';
export { signInPage, type SignInView } from './cms/sign-in.ts';
export { docsPage, type OpenApiDocument } from './docs.ts';
export { sampleCampaign, type SampleProduct } from './sample-campaign.ts';
export { sampleClaimsOf, sampleCustomers, type SampleCustomer } from './sample-customers.ts';
export { demoSignInPage, signInNoticePage } from './shopper-sign-in.ts';
export { nowherePage } from './nowhere.ts';
export { storefrontPage, type StorefrontView } from './storefront.ts';
export { picture, type PictureOptions } from './picture.ts';
export type { ProductView, SaleState } from './product-view.ts';
